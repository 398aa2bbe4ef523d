"""What is asked for of a record type's list, read clause by clause. What is left over is not understood."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from common.records.models import Stage, Tag

from . import dates
from .kinds import Kind, find_kind, kinds
from .names import alike, begins, person, plain, search, words_of
from .talk import Stop, Talk, Unclear
from .values import MONEY, money, unquoted

FILLERS = re.compile(
    r"(?:(?:that|which|who)\b(?: (?:is|are|was|were|have|has|had|will))?(?: been)?|(?:is|are|was|were|do|did|have|has) (?:i|we|there)\b(?: (?:have|got|get))?|are|is|were|was|(?:i|we) (?:have|own|got)"
    r"|there|exist|exists|in total|in (?:the|our|my) (?:system|crm|pipeline|database)|right now|currently|now|have been|been|and|,)(?=\s|$)",
    re.I,
)
OVER = r"over|above|more than|greater than|bigger than|larger than|at least|exceeding|from"
UNDER = r"under|below|less than|smaller than|at most|up to"
AMOUNT = re.compile(
    rf"(?:(?:(?:and |that are |are )?worth|valued(?: at)?|priced|with (?:an? |the )?(?P<field>[a-z ]{{3,20}}?)(?: of)?|for)\s+)?"
    rf"(?:(?P<over>{OVER})|(?P<under>{UNDER})|(?P<between>between))\s+(?P<one>{MONEY})(?:\s+and\s+(?P<two>{MONEY}))?(?=\s|$)",
    re.I,
)
STRICT = (
    "over",
    "above",
    "more than",
    "greater than",
    "bigger than",
    "larger than",
    "exceeding",
    "under",
    "below",
    "less than",
    "smaller than",
)
NEXT = (
    r"(?=\s+(?:from|at|of|in|with|without|assigned|owned|created|added|updated|changed|closing|closes?|closed|due|ending|worth|valued|over|above|under|below|between"
    r"|more than|less than|at least|at most|tagged|named|called|by|per|grouped|this|last|next|past|today|yesterday|tomorrow|since|before|after|until|during|that|which|who|are|is|and|do|have|sorted|ordered)\b|$)"
)
TEXT = rf"(?P<text>\"[^\"]{{1,100}}\"|'[^']{{1,100}}'|[^\s,;:?]+(?:\s+[^\s,;:?]+){{0,5}}?){NEXT}"
OWNED = re.compile(rf"(?:that are )?(?:assigned to|owned by|belonging to|belong to|that belong to|of|for)\s+{TEXT}", re.I)
MINE = re.compile(r"(?:assigned to|owned by|belonging to|of|for|by)\s+(?:me|mine|myself)\b|(?:i|we) own\b", re.I)
MADE_BY = re.compile(rf"(?:created|added|made|entered) by\s+{TEXT}", re.I)
TAGGED = re.compile(rf"(?:tagged(?: as| with)?|with (?:the )?tags?)\s+{TEXT}", re.I)
SOURCE = re.compile(rf"(?:(?:from|with|by|via) (?:the )?source(?: of| is)?|via|whose source is)\s+{TEXT}", re.I)
NAMED = re.compile(rf"(?:named|called|with (?:the )?name|matching|containing|mentioning|like)\s+{TEXT}", re.I)
COMPANY = re.compile(
    rf"(?:(?:from|at|of|for|with|by|in)(?: (?:the )?(?:company|account|customer|organi[sz]ation))?)\s+{TEXT}", re.I
)
MISSING = re.compile(r"(?:without|with no|missing)(?: an?| any| the)?\s+(?P<field>[a-z-]+(?: [a-z]+)?)", re.I)
GROUP = re.compile(
    r"(?:by|per|grouped by|group by|for each|in each|of each|broken down by|split by)\s+(?:the\s+)?(?P<field>[a-z]+(?: [a-z]+)?)(?=\s|$)",
    re.I,
)
VERB = re.compile(r"(?:(?:did|will|should|to|that|which) )?(?:(?:i|we) )?(?P<verb>[a-z]{3,12})(?: (?:date )?(?:is )?)", re.I)
TOP = re.compile(
    r"(?:the |our |my )?(?:(?P<which>top|first|last|newest|latest|most recent|oldest|biggest|largest|most valuable|highest|smallest|lowest)\s*)(?P<count>\d{1,3})?"
    r"|(?:the )?(?P<number>\d{1,3})(?:\s+(?P<kind>newest|latest|most recent|oldest|biggest|largest|most valuable|smallest))?",
    re.I,
)
SMALL, NEW, OLD = ("smallest", "lowest"), ("newest", "latest", "most recent", "last"), ("oldest", "first")
STAGE_KINDS = {
    "open": "open",
    "active": "open",
    "won": "won",
    "lost": "lost",
    "closed": "closed",
    "ongoing": "open",
    "pending": "open",
}


@dataclass
class Query:
    """Filters of a list, as its endpoint takes them; ``said`` are they in words."""

    talk: Talk
    kind: Kind
    filters: dict[str, Any] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    group: str | None = None
    ordering: str | None = None
    limit: int | None = None

    def arguments(self) -> dict[str, Any]:
        return {"filters": self.filters} | ({"search": " ".join(self.words)} if self.words else {})

    def narrow(self, said: str, **filters: Any) -> None:
        """Add filters. What was said twice of the same field is not understood."""
        known = self.kind.viewset.filters()
        if any(name in self.filters or name not in known for name in filters):
            raise Unclear
        self.filters |= filters
        self.said.append(plain(said, 80))

    # --- the words before the noun

    def before(self, text: str) -> None:
        text = re.sub(
            r"^(?:(?:all|the|any|every|of|me|us|our|list|a list of|new|existing|current)\s+)+", "", f"{text.strip()} ", flags=re.I
        ).strip()
        if re.match(r"my\b", text, re.I):
            self.narrow("of yours", **self.mine())
            text = text[2:].strip()
        if match := TOP.match(text):
            self.top(match)
            text = text[match.end() :].strip()
        if re.match(r"unassigned\b", text, re.I):
            self.narrow("without an owner", assigned_to__isnull=True)
            text = text[10:].strip()
        if text and not self.stage(text):
            self.company(text)

    def mine(self) -> dict[str, str]:
        name = "assigned_to" if "assigned_to" in self.kind.viewset.filters() else "created_by"
        return {name: str(self.talk.profile.pk)}

    def top(self, match: re.Match[str]) -> None:
        which = (match["which"] or match["kind"] or "").lower()
        self.limit = min(int(match["count"] or match["number"] or 10), 50)
        if which in NEW + OLD:
            self.ordering = ("" if which in OLD else "-") + "created_at"
        elif which:
            self.ordering = ("" if which in SMALL else "-") + str(self.kind.money_key)
        if self.limit == 0 or (self.ordering and self.ordering.lstrip("-") not in self.kind.viewset.orders()):
            raise Unclear

    # --- the clauses after it

    def after(self, text: str) -> None:
        readers: list[Callable[[str], str | None]] = [
            self.filler, self.date, self.amount, self.grouped, self.missing, self.owned, self.made_by, self.tagged, self.source,
            self.in_stage, self.named, self.of_company,
        ]  # fmt: skip
        text = text.strip()
        while text:
            rest = next((rest for reader in readers if (rest := reader(text)) is not None), None)
            if rest is None or len(rest) >= len(text):
                raise Unclear
            text = rest.strip()

    def filler(self, text: str) -> str | None:
        match = FILLERS.match(text)
        return text[match.end() :] if match else None

    def date(self, text: str) -> str | None:
        """ "created this week", "closing in May", or a span alone, which then is of the creation."""
        verb = VERB.match(text)
        for match in [verb, None]:
            word = match["verb"].lower() if match else "created"
            tail = text[match.end() :] if match else text
            past = word.endswith("ed") or word in ("made", "new")
            taken = dates.take(tail, self.talk.today, past=past)
            if taken is None:
                continue
            try:
                name = self.kind.date_field(word)
            except Unclear:
                if match and word in ("won", "lost"):
                    self.stage(word)
                    name = self.kind.date_field("closed")
                else:
                    continue
            if word == "closed" and self.kind.is_staged:
                self.stage("closed")
            span, rest = taken
            self.narrow(f"{match[0].strip() if match else 'created'} {span.words}", **self.range(name, span))
            return rest
        return None

    def range(self, name: str, span: dates.Span) -> dict[str, str]:
        def bound(day: date) -> str:
            is_moment = name.endswith("_at")
            return datetime.combine(day, time.min, self.talk.zone).isoformat() if is_moment else day.isoformat()

        limits = {"gte": span.start, "lt": span.end}
        return {f"{name}__{side}": bound(day) for side, day in limits.items() if day}

    def amount(self, text: str) -> str | None:
        match = AMOUNT.match(text)
        if not match:
            return None
        name = self.kind.field_called(match["field"]) if match["field"] else self.kind.money_key
        own = self.talk.currency
        one, currency = money(match["one"], own)
        if name is None or name not in self.kind.viewset.sums():
            raise Unclear
        if match["between"]:
            if not match["two"]:
                raise Unclear
            two, also = money(match["two"], own)
            limits, currency = {f"{name}__gte": one, f"{name}__lte": two}, currency or also
        elif match["two"]:
            raise Unclear
        else:
            side = (
                ("gt" if match["over"] else "lt")
                if (match["over"] or match["under"]).lower() in STRICT
                else ("gte" if match["over"] else "lte")
            )
            limits = {f"{name}__{side}": one}
        if currency and currency != own:
            limits["currency"] = currency
        self.narrow(match[0], **{key: str(value) for key, value in limits.items()})
        return text[match.end() :]

    def grouped(self, text: str) -> str | None:
        match = GROUP.match(text)
        if not match:
            return None
        try:
            name = self.kind.field_called(match["field"])
        except Unclear:
            return None
        if self.group or name not in self.kind.viewset.groups():
            if self.limit and name.lstrip("-") in self.kind.viewset.orders():
                self.ordering = f"-{name}"
                return text[match.end() :]
            return None
        self.group = name
        return text[match.end() :]

    def missing(self, text: str) -> str | None:
        match = MISSING.match(text)
        if not match:
            return None
        words = match["field"].split()
        for count in (len(words), 1):
            try:
                name = self.kind.field_called(" ".join(words[:count]))
            except Unclear:
                continue
            known = self.kind.viewset.filters()
            self.narrow(
                f"without {' '.join(words[:count])}", **({f"{name}__isnull": True} if f"{name}__isnull" in known else {name: ""})
            )
            return text[match.start("field") + len(" ".join(words[:count])) :]
        raise Unclear

    def owned(self, text: str) -> str | None:
        if match := MINE.match(text):
            self.narrow("of yours", **self.mine())
            return text[match.end() :]
        match = OWNED.match(text)
        if not match or "assigned_to" not in self.kind.viewset.filters():
            return None
        if re.match(r"of|for", text, re.I):  # of a company, more often than of a colleague
            return None
        owner = person(self.talk, match["text"])
        self.narrow(f"of {owner.user.name}", assigned_to=str(owner.pk))
        return text[match.end() :]

    def made_by(self, text: str) -> str | None:
        match = MADE_BY.match(text)
        if not match:
            return None
        maker = person(self.talk, match["text"])
        self.narrow(f"created by {maker.user.name}", created_by=str(maker.pk))
        return text[match.end() :]

    def tagged(self, text: str) -> str | None:
        match = TAGGED.match(text)
        if not match or "tags" not in self.kind.viewset.filters():
            return None
        name = unquoted(match["text"])
        tag = Tag.objects.filter(name__iexact=name).first()
        if tag is None:
            raise Stop(f"There is no tag “{plain(name, 60)}”.")
        self.narrow(f"tagged {tag.name}", tags=str(tag.pk))
        return text[match.end() :]

    def source(self, text: str) -> str | None:
        match = SOURCE.match(text)
        if match and not self.of_source(unquoted(match["text"])):
            raise Stop(f"I found no {self.kind.many} with the source “{plain(match['text'], 60)}”.")
        return text[match.end() :] if match else None

    def named(self, text: str) -> str | None:
        match = NAMED.match(text)
        if match:
            self.words += words_of(unquoted(match["text"]))
            self.said.append(f"matching “{plain(unquoted(match['text']), 60)}”")
        return text[match.end() :] if match else None

    def of_company(self, text: str) -> str | None:
        match = COMPANY.match(text)
        if match:
            self.company(unquoted(match["text"]))
        return text[match.end() :] if match else None

    # --- what a name in the text is

    def in_stage(self, text: str) -> str | None:
        """ "in Meeting booked", "with status Interest", "in the proposal sent stage" """
        match = re.match(
            r"(?:(?:in|at|with|on|whose|having)\s+)?(?:the\s+|a\s+)?(?:(?:status|stage)(?:\s+(?:of|is))?\s+)?[\"']?", text, re.I
        )
        head = text[match.end() :] if match else text
        for name in sorted([*(row[1] for row in self.kind.stages()), *STAGE_KINDS], key=len, reverse=True):
            if re.match(rf"{re.escape(name)}(?!\w)", head, re.I) and self.stage(name):
                tail = head[len(name) :]
                return re.sub(r"^[\"']?(?:\s+(?:status|stage|column))?(?=\s|$)", "", tail, flags=re.I)
        return None

    def stage(self, text: str) -> bool:
        """Whether ``text`` is a stage or a kind of stages; narrows to it."""
        stages = self.kind.stages()
        names = [row[1] for row in stages if row[1].casefold() == text.casefold()]
        if stages and not names and (wanted := STAGE_KINDS.get(text.lower())):
            kinds = ["won", "lost"] if wanted == "closed" else [wanted]
            rows = Stage.objects.filter(pipeline__module=self.kind.model.module, kind__in=kinds)
            names = list(dict.fromkeys(rows.order_by("position").values_list("name", flat=True)))
        if not names and stages and len(text) > 3:
            names = [row[1] for row in stages if alike(text, row[1]) >= 90 and len(words_of(text)) == len(words_of(row[1]))]
        if not names or any("," in name for name in names):
            return False
        self.narrow(
            f"in {names[0]}" if len(names) == 1 else text.lower(),
            **({"status": names[0]} if len(names) == 1 else {"status__in": ",".join(names)}),
        )
        return True

    def company(self, text: str) -> None:
        """Narrow to a company; or to a source of that name, where no company has it. Raises Unclear."""
        text = re.sub(r"^(?:the|company)\s+", "", text, flags=re.I)
        if not words_of(text) or len(words_of(text)) > 6 or find_kind(text):
            raise Unclear
        if not (self.of_field(text) or self.of_account(text) or self.of_source(text) or self.of_field_alike(text)):
            raise Stop(f"I found no {self.kind.many} from {plain(text, 60)}.")

    def of_field(self, text: str) -> bool:
        name = self.kind.company_key
        if not name or not search(self.talk, self.kind, text, limit=1, **{f"{name}__icontains": text}):
            return False
        self.words += words_of(text)
        self.narrow(f"from {text}", **{f"{name}__icontains": text})
        return True

    def of_field_alike(self, text: str) -> bool:
        """A misspelt company."""
        name = self.kind.company_key
        looks = [word[:4] for word in words_of(text) if len(word) > 3][:2]
        for look in looks if name else []:
            there = {str(row.get(name, "")) for row in search(self.talk, self.kind, look, limit=50)}
            best = max(there, key=lambda other: alike(text, other), default="")
            if best and alike(text, best) >= 80:
                self.narrow(f"from {best}", **{str(name): best})
                return True
        return False

    def of_account(self, text: str) -> bool:
        account = kinds().get("account")
        if "account" not in self.kind.viewset.filters() or account is None:
            return False
        rows = [row for row in search(self.talk, account, text) if begins(words_of(text), str(row["name"]))]
        if not rows:
            return False
        self.narrow(f"of {rows[0]['name'] if len(rows) == 1 else text}", account__in=",".join(row["id"] for row in rows))
        return True

    def of_source(self, text: str) -> bool:
        """By the exact source, as a row that has it writes it."""
        name = next((name for name in ("source", "lead_source") if name in self.kind.viewset.filters()), None)
        text = re.sub(r"^(?:the|an?)\s+", "", text, flags=re.I)
        rows = search(self.talk, self.kind, text, limit=1, fields=f"id,{name}", **{f"{name}__icontains": text}) if name else []
        if not rows or not begins(words_of(text), str(rows[0][name])):
            return False
        self.narrow(f"from {rows[0][name]}", **{str(name): rows[0][name]})
        return True
