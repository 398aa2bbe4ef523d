"""What is asked for of a record type's list, read clause by clause. What is left over is not understood."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.db import models

from common.records.models import Stage, Tag

from . import clauses, dates
from .kinds import Kind, find_kind
from .names import NO_NAME, alike, person, plain, words_of
from .origins import narrow_to_origin, narrow_to_source
from .talk import Stop, Talk, Unclear
from .values import money, unquoted


def participle(verb: str) -> str:
    """ "close", "closes" -> "closing"; "created" stays."""
    if verb.endswith(("ed", "ing")) or verb in ("due", "made", "won", "lost"):
        return verb
    return re.sub(r"(?:es|e|s)?$", "ing", verb, count=1)


@dataclass
class Query:
    """Filters of a list, as its endpoint takes them; ``said`` are they in words."""

    talk: Talk
    kind: Kind
    filters: dict[str, Any] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    how: str = ""
    group: str | None = None
    ordering: str | None = None
    limit: int | None = None

    def arguments(self) -> dict[str, Any]:
        return {"filters": self.filters} | ({"search": " ".join(self.words)} if self.words else {})

    @property
    def is_dear(self) -> bool:
        """Whether counting what fits would read every row: no index has these filters."""
        return not self.words and bool({name.partition("__")[0] for name in self.filters} - clauses.INDEXED)

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
        if match := clauses.TOP.match(text):
            self.top(match)
            text = text[match.end() :].strip()
        if re.match(r"unassigned\b", text, re.I):
            self.narrow("without an owner", assigned_to__isnull=True)
            text = text[10:].strip()
        text = self.adjectives(text)
        if text:
            try:
                self.company(text)
            except Stop as stop:
                raise Unclear from stop

    def adjectives(self, text: str) -> str:
        """ "open", "overdue high priority": what stands right before the noun. Returns the rest, which is a company's name."""
        words = text.split()
        for start in range(len(words)):
            part = " ".join(words[start:])
            if self.stage(part):
                if part.lower() in clauses.STAGE_KINDS:
                    self.said.pop()
                    self.how = f"{part.lower()} {self.how}"
            elif self.flag(part):
                self.said.pop()
                self.how = f"{part.lower()} {self.how}"
            else:
                continue
            return self.adjectives(" ".join(words[:start]))
        return text

    def flag(self, text: str) -> bool:
        """Whether ``text`` is a choice, or a yes-or-no, of a field to filter by: "overdue", "high priority", "draft"."""
        words = text.lower()
        if words in self.kind.viewset.said_as:
            self.narrow(words, **self.kind.viewset.said_as[words])
            return True
        for name, entry in self.kind.viewset.filters().items():
            if entry.lookup or entry.relation is not None:
                continue
            if isinstance(entry.target, models.BooleanField) and words in (name, name.removeprefix("is_")):
                self.narrow(words, **{name: "true"})
                return True
            for value, label in getattr(entry.target, "choices", None) or ():
                called = {str(value).lower().replace("_", " "), str(label).lower()}
                if words in called or words in {f"{word} {name.replace('_', ' ')}" for word in called}:
                    self.narrow(words, **{name: str(value)})
                    return True
        return False

    def flagged(self, text: str) -> str | None:
        """ "that are overdue", "with high priority", "in draft" """
        match = re.match(r"(?:(?:in|with|whose status is|of)\s+)?(?P<words>[a-z_-]+(?: priority)?)(?=\s|$)", text, re.I)
        return text[match.end() :] if match and self.flag(match["words"]) else None

    def mine(self) -> dict[str, str]:
        name = "assigned_to" if "assigned_to" in self.kind.viewset.filters() else "created_by"
        return {name: str(self.talk.profile.pk)}

    def top(self, match: re.Match[str]) -> None:
        which = (match["which"] or match["kind"] or "").lower()
        self.limit = min(int(match["count"] or match["number"] or 10), 50)
        if which in clauses.NEW + clauses.OLD:
            self.ordering = ("" if which in clauses.OLD else "-") + "created_at"
        elif which:
            self.ordering = ("" if which in clauses.SMALL else "-") + str(self.kind.money_key)
        if self.limit == 0 or (self.ordering and self.ordering.lstrip("-") not in self.kind.viewset.orders()):
            raise Unclear

    # --- the clauses after it

    def after(self, text: str) -> None:
        readers: list[Callable[[str], str | None]] = [
            self.filler, self.date, self.amount, self.grouped, self.owned, self.missing, self.made_by, self.tagged, self.source,
            self.in_stage, self.flagged, self.named, self.of_company,
        ]  # fmt: skip
        text = text.strip()
        while text:
            rest = next((rest for reader in readers if (rest := reader(text)) is not None), None)
            if rest is None or len(rest) >= len(text):
                raise Unclear
            text = rest.strip()

    def filler(self, text: str) -> str | None:
        match = clauses.FILLERS.match(text)
        return text[match.end() :] if match else None

    def date(self, text: str) -> str | None:
        """ "created this week", "closing in May", or a span alone, which then is of the creation."""
        verb = clauses.VERB.match(text)
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
            if word == "closed" and self.kind.is_staged and not {"status", "status__in"} & self.filters.keys():
                self.stage("closed")
                self.said.pop()
            span, rest = taken
            self.narrow(f"{participle(word)} {clauses.IN.sub('', span.words.strip())}", **self.range(name, span))
            return rest
        return None

    def range(self, name: str, span: dates.Span) -> dict[str, str]:
        def bound(day: date) -> str:
            is_moment = name.endswith("_at")
            return datetime.combine(day, time.min, self.talk.zone).isoformat() if is_moment else day.isoformat()

        limits = {"gte": span.start, "lt": span.end}
        return {f"{name}__{side}": bound(day) for side, day in limits.items() if day}

    def amount(self, text: str) -> str | None:
        match = clauses.AMOUNT.match(text)
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
                if (match["over"] or match["under"]).lower() in clauses.STRICT
                else ("gte" if match["over"] else "lte")
            )
            limits = {f"{name}__{side}": one}
        also_currency = {"currency": currency} if currency and currency != own else {}
        self.narrow(match[0], **{key: str(value) for key, value in limits.items()}, **also_currency)
        return text[match.end() :]

    def grouped(self, text: str) -> str | None:
        match = clauses.GROUP.match(text)
        if not match:
            return None
        try:
            name = self.kind.field_called(match["field"])
        except Unclear:
            return None
        if self.limit and name in self.kind.viewset.orders():
            self.ordering = f"-{name}"
            return text[match.end() :]
        if self.group or name not in self.kind.viewset.groups():
            return None
        self.group = name
        return text[match.end() :]

    def missing(self, text: str) -> str | None:
        match = clauses.MISSING.match(text)
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
        if match := clauses.NOBODYS.match(text):
            self.narrow("without an owner", assigned_to__isnull=True)
            return text[match.end() :]
        if match := clauses.MINE.match(text):
            self.narrow("of yours", **self.mine())
            return text[match.end() :]
        match = clauses.OWNED.match(text)
        if not match or "assigned_to" not in self.kind.viewset.filters():
            return None
        if re.match(r"of|for", text, re.I):  # of a company, more often than of a colleague
            return None
        owner = person(self.talk, match["text"])
        self.narrow(f"of {owner.user.name}", assigned_to=str(owner.pk))
        return text[match.end() :]

    def made_by(self, text: str) -> str | None:
        match = clauses.MADE_BY.match(text)
        if not match:
            return None
        maker = person(self.talk, match["text"])
        self.narrow(f"created by {maker.user.name}", created_by=str(maker.pk))
        return text[match.end() :]

    def tagged(self, text: str) -> str | None:
        match = clauses.TAGGED.match(text)
        if not match or "tags" not in self.kind.viewset.filters():
            return None
        name = unquoted(match["text"])
        tag = Tag.objects.filter(name__iexact=name).first()
        if tag is None:
            raise Stop(f"There is no tag “{plain(name, 60)}”.")
        self.narrow(f"tagged {tag.name}", tags=str(tag.pk))
        return text[match.end() :]

    def source(self, text: str) -> str | None:
        match = clauses.SOURCE.match(text)
        if match and not narrow_to_source(self, unquoted(match["text"])):
            raise Stop(f"I found no {self.kind.many} with the source “{plain(match['text'], 60)}”.")
        return text[match.end() :] if match else None

    def named(self, text: str) -> str | None:
        match = clauses.NAMED.match(text)
        if match:
            self.words += words_of(unquoted(match["text"]))
            self.said.append(f"matching “{plain(unquoted(match['text']), 60)}”")
        return text[match.end() :] if match else None

    def of_company(self, text: str) -> str | None:
        match = clauses.COMPANY.match(text)
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
        for name in sorted([*(row[1] for row in self.kind.stages()), *clauses.STAGE_KINDS], key=len, reverse=True):
            if re.match(rf"{re.escape(name)}(?!\w)", head, re.I) and self.stage(name):
                tail = head[len(name) :]
                return re.sub(r"^[\"']?(?:\s+(?:status|stage|column))?(?=\s|$)", "", tail, flags=re.I)
        return None

    def stage(self, text: str) -> bool:
        """Whether ``text`` is a stage or a kind of stages; narrows to it."""
        stages = self.kind.stages()
        names = [row[1] for row in stages if row[1].casefold() == text.casefold()]
        if stages and not names and (wanted := clauses.STAGE_KINDS.get(text.lower())):
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
        if not words_of(text) or len(words_of(text)) > 6 or find_kind(text) or NO_NAME.search(text):
            raise Unclear
        if not narrow_to_origin(self, text):
            raise Stop(f"I found no {self.kind.many} from {plain(text, 60)}.")
