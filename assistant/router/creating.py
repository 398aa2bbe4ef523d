"""A new record, out of one sentence."""

import re
from typing import Any

from assistant.models import ToolCall

from . import dates
from .kinds import Kind, kinds
from .names import NO_NAME, meant, plain, words_of
from .outcome import done, needed, refuse_more
from .talk import Answer, Stop, Talk, Unclear
from .values import EMAIL, MONEY, parse, show_amount, unquoted

#: Clauses of a new record, after its name.
AT = re.compile(
    r"(?:,\s*)?(?:at|from|for|with the company|of the company)\s+(?:the company\s+|company\s+)?"
    r"(?P<text>\"[^\"]{1,100}\"|.+?)(?=\s*,|\s+(?:with|worth|valued|and|in stage|in the|source|assigned|closing|from)\b|$)",
    re.I,
)
WORTH = re.compile(rf"(?:,\s*|and\s+)*(?:worth|valued at|with an? (?:value|amount) of|for)\s+(?P<text>{MONEY})(?=\s|,|$)", re.I)
WITH = re.compile(r"(?:,\s*|and\s+|with\s+|has\s+|an?\s+|the\s+|his\s+|her\s+|their\s+)+(?=\S)", re.I)
NAME = re.compile(
    r"(?:(?:for|named|called|of|:|-)\s+)?(?P<name>\"[^\"]{1,200}\"|[^,;:]{1,200}?)"
    r"(?=\s*,|\s+(?:at|from|with|worth|valued|whose|in stage|for|closing)\b|$)",
    re.I,
)
#: What neither a name nor a company has in it, unless it is quoted: the beginning of another clause.
NOT_IN_NAME = re.compile(
    r"[@()]|\b(?:e-?mail|phone|mobile|value|worth|source|notes?|website|status|stage|assigned|who|which)\b|\s(?:in|to|on|is|has)\s"
)
#: A name does not begin so, unless it is quoted.
NO_START = re.compile(
    r"(?:from|at|with|in|of|over|under|by|this|next|last|today|to|on|about|is|are|has|have|named?|called)\b", re.I
)


def create(talk: Talk, kind: Kind, rest: str) -> Answer:
    """ "for Sarah Johnson at Google with email sarah@google.com and value 5000" """
    if kind.name_key != "name":
        return create_titled(talk, kind, rest)
    return add(talk, kind, new_values(talk, kind, rest.strip()))


def create_titled(talk: Talk, kind: Kind, rest: str, **more: Any) -> Answer:
    """ "for Hanna Virtanen: call back due Friday", "Call Ada due tomorrow": what has a title instead of a name."""
    rest = re.sub(r"^(?:to|that says|saying|named|called|titled|:|-|about:)\s*(?=\S)", "", rest.strip(), flags=re.I)
    values = dict(more)
    if match := re.match(r"(?:for|about|on|with)\s+(?P<ref>[^:]{2,80}?)\s*:\s*(?P<rest>.+)", rest, re.I):
        values |= reference(talk, kind, match["ref"])
        rest = match["rest"]
    elif match := re.fullmatch(r"(?P<rest>\S.*?)\s+for\s+(?P<ref>[^:]{2,80})", rest, re.I):
        if not hasattr(kind.model, "record_types") and kind.model_field("account"):
            values |= reference(talk, kind, match["ref"])
            rest = match["rest"]
    for start in reversed(list(re.finditer(r"\s+(?:due(?: on| by)?|by|on|until|before|(?=today$|tomorrow$))\s*", rest, re.I))):
        day = dates.take(rest[start.end() :], talk.today)
        if day and not day[1].strip() and (due := day[0].day() or (day[0].end and day[0].end - dates.DAY)):
            values[kind.date_field("due")] = due.isoformat()
            rest = rest[: start.start()]
            break
    title = unquoted(rest)
    if title == rest.strip():
        refuse_more(title)
    if re.search(r"\b(?:due|priority)\b", title, re.I) and title == rest.strip():
        raise Unclear  # of which day, or how urgent: said in words that are not known
    return add(talk, kind, values | {kind.name_key: title} if words_of(title) else None)


def reference(talk: Talk, kind: Kind, ref: str) -> dict[str, Any]:
    """What a record is about, or whose it is. Stops where several are called so; raises Unclear."""
    of_record = hasattr(kind.model, "record_types")
    rows = meant(talk, ref, None if of_record else [kinds()["account"]])
    if len(rows) > 1:
        raise Stop(
            "Several records are called so: " + ", ".join(row.line() for row in rows) + ". Say which one. I changed nothing."
        )
    if rows[0].record not in kind.shown:
        raise Unclear
    return {rows[0].record: rows[0].id}


def add(talk: Talk, kind: Kind, values: dict[str, Any] | None) -> Answer:
    tool = needed(kind, "create")
    if values is None:
        return Answer(f"What is the name of the new {kind.one}?", {"ask": "create", "record": kind.record})
    if talk.profile.scope_for(kind.model.module, "create") == "none":
        raise Stop(f"Your role may not create {kind.many}.")
    call = talk.use(tool.name, values)
    called = (
        values.get("name")
        or values.get(kind.name_key)
        or " ".join(str(values[key]) for key in ("first_name", "last_name") if key in values)
    )
    name = f"**{plain(called, 80)}**"
    details = [plain(values[key], 60) for key in (kind.company_key, kind.money_key) if key and key in values]
    if kind.money_key in values:
        details[-1] = show_amount(values[str(kind.money_key)], str(values.get("currency") or talk.currency))
    about = f" ({', '.join(details)})" if details else ""
    if call.status == ToolCall.Status.PROPOSED:
        return done(talk, call, name, kind, f"Create the {kind.one} {name}{about}?")
    return done(talk, call, name, kind, f"Created the {kind.one} {name}{about}." if call.status == ToolCall.Status.DONE else "")


def new_values(talk: Talk, kind: Kind, rest: str) -> dict[str, Any] | None:
    """What a new record is made of; None where no name is said. Raises Unclear."""
    match = NAME.match(rest)
    if not rest or not match:
        return None
    values = name_values(kind, match["name"].strip())
    rest = rest[match.end() :].strip()
    while rest:
        if (at := AT.match(rest)) and not WORTH.match(rest):
            taken = kind.company_key in values and re.match("from", rest, re.I)
            rest = rest[at.end() :].strip()
            text = unquoted(at["text"])
            if text == at["text"]:
                refuse_clauses(text)
            values |= value_of(talk, kind, "source", text) if taken else company_values(talk, kind, text)
            continue
        if day := dated(talk, kind, rest):
            values |= day[0]
            rest = day[1].strip()
            continue
        if worth := WORTH.match(rest):
            values |= value_of(talk, kind, kind.money_key or "", worth["text"])
            rest = rest[worth.end() :].strip()
            continue
        start = WITH.match(rest)
        pair = pair_of(kind, rest[start.end() if start else 0 :])
        name, text, rest = pair
        if name in values:
            raise Unclear
        values |= value_of(talk, kind, name, text)
    return values


def dated(talk: Talk, kind: Kind, text: str) -> tuple[dict[str, str], str] | None:
    """ "closing on 2026-12-01 …" """
    verb = re.match(r"(?:,\s*|and\s+)?([a-z]{4,10}ing)\s+", text, re.I)
    taken = verb and dates.take(text[verb.end() :], talk.today)
    if not (verb and taken and (day := taken[0].day())):
        return None
    return {kind.date_field(verb[1]): day.isoformat()}, taken[1]


def pair_of(kind: Kind, text: str) -> tuple[str, str, str]:
    """ "email sarah@google.com and …" -> ("email", "sarah@google.com", "and …"). Raises Unclear."""
    mail = EMAIL.match(text)
    if mail:
        return "email", mail[0], text[mail.end() :].strip()
    words = re.match(r"[a-z-]+(?:[ _][a-z]+){0,2}", text, re.I)
    names = words[0].split() if words else []
    for count in range(len(names), 0, -1):
        phrase = " ".join(names[:count])
        try:
            field = kind.writable(phrase)
        except Unclear:
            continue
        tail = re.match(
            r"\s*(?:=|:|\bis\b|\bof\b)?\s*(?P<text>\"[^\"]{1,500}\"|[^,;]+?)(?=\s*[,;]|\s+and\s|$)", text[len(phrase) :], re.I
        )
        if tail and tail["text"].strip():
            return field.field_name, tail["text"], text[len(phrase) + tail.end() :].strip()
    raise Unclear


def refuse_clauses(text: str) -> None:
    refuse_more(text)
    if NOT_IN_NAME.search(text):
        raise Unclear


def name_values(kind: Kind, given: str) -> dict[str, Any]:
    name = unquoted(given)
    several = NO_NAME.search(name) and not re.search(r"[A-Z]\w* (?:and|&) [A-Z]", name)
    if name == given:
        refuse_clauses(name)
    if not words_of(name) or (name == given and (len(name.split()) > 8 or NO_START.match(name) or several)):
        raise Unclear
    fields = kind.viewset.serializer_class.prototype().fields
    if not fields[kind.name_key].read_only:
        return {kind.name_key: name}
    first, _, last = name.rpartition(" ")
    if "last_name" not in fields:
        raise Unclear
    return {"first_name": first, "last_name": last} if first else {"last_name": last}


def company_values(talk: Talk, kind: Kind, text: str) -> dict[str, Any]:
    if kind.company_key:
        if len(text.split()) > 8:
            raise Unclear
        return {kind.company_key: text}
    field = kind.model_field("account")
    if field is None:
        raise Unclear
    account = meant(talk, text, [kinds()["account"]])
    if len(account) > 1:
        raise Stop("Several accounts are called so: " + ", ".join(row.name for row in account) + ". Say the full name.")
    return {"account": account[0].id}


def value_of(talk: Talk, kind: Kind, phrase: str, text: str) -> dict[str, Any]:
    """A field and its value as they are sent. Raises Unclear."""
    field = kind.writable(phrase)
    values = parse(field, text, talk.today, talk.currency)
    if "currency" in values and "currency" not in kind.shown:
        raise Unclear
    return values
