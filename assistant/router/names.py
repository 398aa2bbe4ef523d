"""Which record, or which person, a phrase means. Candidates come from the index, rapidfuzz compares them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from rapidfuzz import fuzz

from assistant.tools import ToolError, run_action
from common.people.models import Profile
from common.records.binned import binned
from common.records.everything import search_everything

from .kinds import Kind, find_kind, is_one, kinds
from .talk import Stop, Talk, Unclear
from .values import EMAIL, unquoted

#: From here on a misspelt name is taken for a record's; by so much the best must lead.
ALIKE, LEAD = 82, 6
CANDIDATES, SHOWN, IN_BIN = 25, 10, 200
#: A name has none of these words: a message with them says more than a name.
NO_NAME = re.compile(
    r"\b(and|or|then|if|when|unless|because|but|all|every|each|everyone|everything|who|which|whose|what|how|why|where|than|not|except|leads|deals)\b",
    re.I,
)
PRONOUN = re.compile(
    r"(?:it|this|that|him|her|them|they|he|she|his|its|their|(?:this|that|the) one|(?:this|that|the) (?P<kind>[a-z ]{2,30}))",
    re.I,
)
ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
PLACE = re.compile(
    rf"(?:the |number |no\.? |#|option )?(?P<place>{'|'.join(ORDINALS)}|last|\d{{1,2}})(?:st|nd|rd|th|\.)?"
    r"(?: (?:one|lead|deal|record|result))?",
    re.I,
)
ID = re.compile(r"(?:with )?(?:the )?id:?\s+(?P<id>\S{1,200})|(?P<uuid>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})", re.I)
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Found:
    """A record that a person means; ``about`` tells it from others of the same name."""

    record: str
    id: str
    name: str
    about: str = ""

    @property
    def kind(self) -> Kind:
        return kinds()[self.record]

    def __str__(self) -> str:
        return f"**{self.name}**"

    def line(self) -> str:
        return f"**{self.name}**" + (f" – {self.about}" if self.about else "")

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def found_from(kind: Kind, row: dict[str, Any]) -> Found:
    about = " · ".join(
        plain(row[name], 60) for name in (kind.number_key, kind.company_key, "status", "email") if name and row.get(name)
    )
    return Found(kind.record, row["id"], plain(row.get(kind.name_key) or kind.one, 80), about)


def plain(text: Any, longest: int) -> str:
    """A value on one line, and not longer than that."""
    line = " ".join(str(text).split())
    return line if len(line) <= longest else f"{line[:longest]}…"


def search(talk: Talk, kind: Kind, words: str = "", action: str = "list", **filters: Any) -> list[dict[str, Any]]:
    """A few rows that have all ``words``, or beginnings of them; those that the person may see."""
    values = {"limit": CANDIDATES, "count": "none", "fields": ",".join(kind.row_keys), **filters}
    if action == "bin":  # the index has only what is not in it
        values["limit"] = IN_BIN
    elif words:
        values["search"] = words
    try:
        rows = run_action(talk.profile, kind.viewset, action, values=values, method="get")["results"]
    except ToolError as error:
        raise Stop(error.message) from error
    return list(rows)


# --- a record


def meant(talk: Talk, phrase: str, among: Iterable[Kind] | None = None, *, action: str = "list") -> list[Found]:
    """The records that a phrase may mean: one, or several to ask about. Stops where there is none; raises Unclear."""
    phrase = unquoted(phrase)
    if place := PLACE.fullmatch(phrase):
        return [at_place(place["place"], records_before(talk, None))]
    pronoun = PRONOUN.fullmatch(phrase)
    if pronoun and (not pronoun["kind"] or is_kind(pronoun["kind"])):
        return of_pronoun(talk, pronoun["kind"])
    return by_name(talk, phrase, among, action)


def is_kind(noun: str) -> bool:
    named = find_kind(noun)
    return named is not None and is_one(*named) and named[1][0].lower() == noun.lower()


def records_before(talk: Talk, kind: Kind | None) -> list[Found]:
    known = kinds()
    rows = [
        Found(record, pk, plain(name or known[record].one, 80))
        for record, pk, name in talk.context.last_records
        if record in known
    ]
    return [row for row in rows if kind is None or row.record == kind.record]


def of_pronoun(talk: Talk, noun: str | None) -> list[Found]:
    named = find_kind(noun) if noun else None
    rows = records_before(talk, named[0] if named else None)
    if not rows:
        raise Unclear
    return rows[:SHOWN]


def at_place(place: str, rows: list[Found]) -> Found:
    word = place.lower()
    index = -1 if word == "last" else ORDINALS.index(word) if word in ORDINALS else int(word) - 1
    if not rows or not -1 <= index < len(rows):
        raise Unclear
    return rows[index]


def by_name(talk: Talk, phrase: str, among: Iterable[Kind] | None, action: str) -> list[Found]:
    chosen = list(among or kinds().values())
    phrase = re.sub(r"^(?:the|a|an|my|our)\s+", "", phrase, flags=re.I)
    if (named := find_kind(phrase)) and (named[1].start() == 0 or named[1].end() == len(phrase)):
        if not is_one(*named):
            raise Unclear
        rest = (phrase[: named[1].start()] + phrase[named[1].end() :]).strip()
        if rest and (named[0] in chosen or among is None):
            phrase, chosen = unquoted(re.sub(r"^(?:named|called|for|of|number)\s+|'s$", "", rest, flags=re.I)), [named[0]]
        else:
            raise Unclear
    if match := ID.fullmatch(phrase):
        return [by_id(talk, match["id"] or match["uuid"], chosen, action)]
    if not 1 < len(phrase) <= 100 or NO_NAME.search(phrase) or not WORD.search(phrase):
        raise Unclear
    seen = [kind for kind in chosen if talk.profile.scope_for(kind.model.module, "view") != "none"]
    if not seen:
        raise Stop(f"Your role may not view {chosen[0].many}.")
    likely_ones = seen if len(seen) == 1 else kinds_with(talk, seen, phrase, action)
    for tell, among_these in ((exact_ones, likely_ones), (similar_ones, seen[:1])):
        for kind in among_these:
            if rows := tell(talk, kind, phrase, action):
                return [found_from(kind, row) for row in rows[:SHOWN]]
    what = seen[0].one if len(seen) == 1 else "record"
    raise Stop(f"I found no {what} called “{plain(phrase, 80)}”{' in the bin' if action == 'bin' else ''}.")


def kinds_with(talk: Talk, among: list[Kind], phrase: str, action: str) -> list[Kind]:
    """Of several record types those that have something called so: a full name first. One look, however many types there are."""
    if EMAIL.fullmatch(phrase):
        return [kind for kind in among if "email" in kind.viewset.filters()]
    name, company = split_company(phrase)
    words, more = words_of(name), words_of(company)
    found: dict[str, bool] = {}
    for row in everywhere(talk, among, f"{name} {company}", action):
        kind, marked = kinds()[row["record_type"]], row["highlights"]
        called = begins(words, row["name"]) or (kind.number_key in marked)
        if called or (kind.company_key in marked and begins([*words, *more], f"{row['name']} {marked[kind.company_key]}")):
            is_whole = row["name"].casefold() == phrase.casefold()
            found[kind.record] = found.get(kind.record, False) or is_whole
    return sorted((kind for kind in among if kind.record in found), key=lambda kind: not found[kind.record])


def everywhere(talk: Talk, among: list[Kind], words: str, action: str = "list") -> list[dict[str, Any]]:
    """The best few records of each type that have all ``words``."""
    key = (tuple(kind.record for kind in among), words.casefold(), action)
    if key not in talk.looked:
        look = binned if action == "bin" else search_everything
        talk.looked[key] = look(talk.profile, words, tuple(kind.model for kind in among), CANDIDATES)
    return talk.looked[key]  # type: ignore[no-any-return]


def by_id(talk: Talk, given: str, chosen: list[Kind], action: str) -> Found:
    """By our id, or by the id in another system; a lead where nothing else is named."""
    kind = chosen[0]
    try:
        filters = {"id": str(UUID(given))}
    except ValueError:
        filters = {"external_id": given}
    rows = search(talk, kind, action=action, **filters) if next(iter(filters)) in kind.viewset.filters() else []
    if not rows:
        raise Stop(f"I found no {kind.one} with the id “{plain(given, 80)}”.")
    return found_from(kind, rows[0])


def words_of(text: str) -> list[str]:
    return WORD.findall(text.casefold())


def begins(words: list[str], text: str) -> bool:
    """Whether each word is, or begins, one of the text's."""
    there = words_of(text)
    return all(any(other.startswith(word) for other in there) for word in words)


def exact_ones(talk: Talk, kind: Kind, phrase: str, action: str) -> list[dict[str, Any]]:
    """Rows called so: in full; else by parts of the name; else by name and company, or company alone."""
    whole, filters = phrase.casefold(), kind.viewset.filters()
    if EMAIL.fullmatch(phrase):
        return search(talk, kind, action=action, email=whole) if "email" in filters else []
    if kind.name_key in filters and "," not in phrase:
        rows = search(talk, kind, action=action, **{f"{kind.name_key}__in": f"{phrase},{phrase.title()}"})
        if rows:
            return rows
    name, company = split_company(phrase)
    rows = search(talk, kind, f"{name} {company}".strip(), action)
    called = [row for row in rows if whole in (str(row.get(key)).casefold() for key in (kind.name_key, kind.number_key) if key)]
    if called:
        return called
    words, more = words_of(name), words_of(company)
    if len(rows) == CANDIDATES:  # there may be more, and older ones: look among the names alone
        by_name = next((key for key in (kind.name_key, "last_name") if f"{key}__icontains" in filters), None)
        longest = {f"{by_name}__icontains": max(words, key=len)} if by_name and words else {}
        rows = search(talk, kind, f"{name} {company}".strip(), action, **longest) or rows
    whole_words = [row for row in rows if not more and set(words) <= set(words_of(str(row.get(kind.name_key, ""))))]
    if whole_words:
        return whole_words
    named = [
        row
        for row in rows
        if begins(words, str(row.get(kind.name_key, ""))) and (not more or begins(more, str(row.get(kind.company_key or "", ""))))
    ]
    both = words + more
    return named or [row for row in rows if begins(both, f"{row.get(kind.name_key, '')} {row.get(kind.company_key or '', '')}")]


def split_company(phrase: str) -> tuple[str, str]:
    """ "John at Acme" -> ("John", "Acme")"""
    parts = re.split(r"\s+(?:at|from|of|with)\s+", phrase, maxsplit=1, flags=re.I)
    return (parts[0], parts[1]) if len(parts) == 2 else (phrase, "")


def similar_ones(talk: Talk, kind: Kind, phrase: str, action: str) -> list[dict[str, Any]]:
    """Rows whose names look like it: the best alone where it leads, else the best few."""
    name, company = split_company(phrase)
    for rows in likely(talk, kind, name, action):
        ranked = sorted(((likeness(name, company, kind, row), row) for row in rows), key=lambda pair: -pair[0])
        alike = [(score, row) for score, row in ranked if score >= ALIKE]
        if alike:
            best = alike[0][0]
            return [row for score, row in alike if best - score < LEAD]
    return []


def likeness(name: str, company: str, kind: Kind, row: dict[str, Any]) -> float:
    if company and fuzz.partial_ratio(company.casefold(), str(row.get(kind.company_key or "", "")).casefold()) < ALIKE:
        return 0
    return alike(name, str(row.get(kind.name_key, "")))


def alike(name: str, other: str) -> float:
    """How alike two names are, of 100, be one of them a part of the other or not."""
    first, second = name.casefold(), other.casefold()
    return max(
        fuzz.ratio(first, second),
        fuzz.token_sort_ratio(first, second),
        max((fuzz.ratio(first, word) for word in words_of(other)), default=0),
    )


def likely(talk: Talk, kind: Kind, name: str, action: str) -> Iterator[list[dict[str, Any]]]:
    """A few looks into the index: by the beginnings of all words, then by one word, then by the beginning of one."""
    words = sorted((word for word in words_of(name) if len(word) > 2), key=len, reverse=True)[:3]
    looks = [
        " ".join(word[:3] for word in words),
        *words[:2],
        *(word[:3] for word in words[:2]),
        *(word[:2] for word in words[:1]),
    ]
    for look in dict.fromkeys(looks):
        if look:
            yield search(talk, kind, look, action, limit=2 * CANDIDATES)


# --- a person


def person(talk: Talk, phrase: str) -> Profile:
    """A member of the org, by name or e-mail address. Stops where there is none, or several."""
    phrase = unquoted(phrase)
    if phrase.lower() in ("me", "myself", "my name", "i"):
        return talk.profile  # type: ignore[no-any-return]
    words = words_of(phrase)
    if not words or len(words) > 5 or NO_NAME.search(phrase):
        raise Unclear
    people = list(Profile.objects.filter(is_active=True).select_related("user").order_by("created_at")[:500])
    fits = [one for one in people if one.user.email == phrase.lower() or begins(words, one.user.name)]
    fits = fits or [one for one in people if alike(phrase, one.user.name) >= ALIKE]
    if len(fits) == 1:
        return fits[0]
    if not fits:
        raise Stop(f"I know no colleague called “{plain(phrase, 60)}”.")
    names = ", ".join(f"{one.user.name} ({one.user.email})" for one in fits[:SHOWN])
    raise Stop(f"Several colleagues are called so: {names}. Say the full name or the e-mail address.")
