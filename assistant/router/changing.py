"""What changes records: one tool each, which proposes where it must."""

import re
from typing import Any

from rest_framework import serializers

from assistant.answers import DONE
from assistant.models import ToolCall
from common.records.models import Stage

from .kinds import Kind, kinds
from .names import NO_NAME, Found, alike, begins, meant, person, plain, words_of
from .talk import Answer, Stop, Talk, Unclear
from .values import EMAIL, MONEY, parse, show_amount, unquoted

ASK_YES = "Answer “yes” to do it, or “no”."
#: Clauses of a new record, after its name.
AT = re.compile(
    r"(?:,\s*)?(?:at|from|of)\s+(?:the company\s+|company\s+)?(?P<text>\"[^\"]{1,100}\"|.+?)(?=\s*,|\s+(?:with|worth|valued|and|in stage|in the|source|assigned)\b|$)",
    re.I,
)
WORTH = re.compile(rf"(?:,\s*|and\s+)*(?:worth|valued at|with an? (?:value|amount) of|for)\s+(?P<text>{MONEY})(?=\s|,|$)", re.I)
WITH = re.compile(r"(?:,\s*|and\s+|with\s+|has\s+|an?\s+|the\s+|his\s+|her\s+|their\s+)+(?=\S)", re.I)
NAME = re.compile(
    r"(?:(?:for|named|called|of|:|-)\s+)?(?P<name>\"[^\"]{1,200}\"|[^,;:]{1,200}?)(?=\s*,|\s+(?:at|from|with|worth|valued|whose|in stage)\b|$)",
    re.I,
)


def done(talk: Talk, call: ToolCall, found: Any, kind: Kind, said: str = "") -> Answer:
    """What came of a change, in a sentence."""
    tool = next(tool for tool in kind.tools.values() if tool.name == call.name)
    if call.status == ToolCall.Status.FAILED:
        return Answer(f"That did not work: {call.error}")
    if call.status == ToolCall.Status.PROPOSED:
        return Answer(f"{said or proposal(tool, found)} {ASK_YES}")
    row = call.result if isinstance(call.result, dict) else {}
    text = DONE.get(tool.view_action, f"Done: {tool.name.replace('_', ' ')} for {{}}.").format(found, row.get("status", ""))
    return Answer(said or text)


def proposal(tool: Any, found: Any) -> str:
    verb = {"destroy": "Delete", "partial_update": "Update"}.get(
        tool.view_action, tool.view_action.replace("_", " ").capitalize()
    )
    return f"{verb} {found}?"


def needed(kind: Kind, action: str) -> Any:
    if action not in kind.tools:
        raise Unclear
    return kind.tools[action]


# --- a new record


def create(talk: Talk, kind: Kind, rest: str) -> Answer:
    """ "for Sarah Johnson at Google with email sarah@google.com and value 5000" """
    tool = needed(kind, "create")
    values = new_values(talk, kind, rest.strip())
    if values is None:
        return Answer(f"What is the name of the new {kind.one}?", {"ask": "create", "record": kind.record})
    if talk.profile.scope_for(kind.model.module, "create") == "none":
        raise Stop(f"Your role may not create {kind.many}.")
    call = talk.use(tool.name, values)
    name = f"**{plain(values.get('name') or ' '.join(str(values[key]) for key in ('first_name', 'last_name') if key in values), 80)}**"
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
    values = name_values(kind, unquoted(match["name"]))
    rest = rest[match.end() :].strip()
    if (at := AT.match(rest)) and not re.match(r"of\b", rest, re.I):
        values |= company_values(talk, kind, unquoted(at["text"]))
        rest = rest[at.end() :].strip()
    while rest:
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


def name_values(kind: Kind, name: str) -> dict[str, Any]:
    if not words_of(name) or len(name.split()) > 8 or NO_NAME.search(name) and not re.search(r"[A-Z]\w* (?:and|&) [A-Z]", name):
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


# --- a record that is there


def update(talk: Talk, found: Found, field: str, text: str | None = None) -> Answer:
    kind = found.kind
    name = kind.field_called(field)
    if name == "status" and kind.is_staged:
        return move(talk, found, text) if text else ask_value(found, "status")
    if name == "assigned_to":
        return assign(talk, found, text) if text else ask_value(found, "owner")
    if name == "name" and kind.shown[name].read_only:
        return change(talk, found, name_values(kind, text or ""), "name", text or "")
    entry = kind.writable(field)
    if text is None:
        return ask_value(found, field)
    values = parse(entry, text, talk.today, talk.currency)
    return change(talk, found, values, name, text)


def ask_value(found: Found, field: str) -> Answer:
    """Ask for what was left out."""
    return Answer(
        f"What should the {field} of {found} be?", {"ask": "update", "found": found.as_json(), "args": {"field": field}}
    )


def change(talk: Talk, found: Found, values: dict[str, Any], name: str, text: str) -> Answer:
    kind = found.kind
    call = talk.use(needed(kind, "partial_update").name, {"id": found.id, **values})
    shown = plain(values.get(name, text), 120)
    if name == kind.money_key and values.get(name) is not None:
        row = call.result or {}
        shown = show_amount(values[name], values.get("currency") or row.get("currency") or talk.currency)
    field = name.replace("_", " ")
    proposed = call.status == ToolCall.Status.PROPOSED
    to = f"to {shown}" if values.get(name, text) not in ("", None) else "to nothing"
    said = f"Change the {field} of {found} {to}?" if proposed else f"Changed the {field} of {found} {to}."
    return done(talk, call, found, kind, "" if call.status == ToolCall.Status.FAILED else said)


def clear(talk: Talk, found: Found, field: str) -> Answer:
    """ "remove the phone of John Smith" """
    entry = found.kind.writable(field)
    empty: Any = None if entry.allow_null else ""
    if (
        entry.required
        or isinstance(entry, serializers.BooleanField)
        or (empty == "" and not getattr(entry, "allow_blank", False))
    ):
        raise Stop(f"The {field} of {found} cannot be empty.")
    return change(talk, found, {entry.field_name: empty}, entry.field_name, "")


def move(talk: Talk, found: Found, stage: str) -> Answer:
    kind = found.kind
    name = stage_called(talk, found, stage)
    call = talk.use(needed(kind, "move").name, {"id": found.id, "status": name})
    return done(talk, call, found, kind, f"Move {found} to {name}?" if call.status == ToolCall.Status.PROPOSED else "")


def stage_called(talk: Talk, found: Found, phrase: str) -> str:
    """The stage that a phrase means: its name, its kind ("won"), or the next one. Stops where there is none."""
    name = similar_stage(found.kind, phrase)
    if name:
        return name
    if re.fullmatch(r"(?:the )?(next|previous)(?: stage| status)?", phrase.strip(), re.I):
        return beside(talk, found, 1 if "next" in phrase.lower() else -1)
    known = ", ".join(dict.fromkeys(row[1] for row in found.kind.stages() if row[3]))
    raise Stop(f"“{plain(unquoted(phrase), 60)}” is no stage of {found.kind.many}. Stages: {known}.")


def bare_stage(phrase: str) -> str:
    return re.sub(r"^(?:the|status|stage)\s+|\s+(?:stage|status|column|list)$", "", unquoted(phrase), flags=re.I)


def similar_stage(kind: Kind, phrase: str) -> str | None:
    text = bare_stage(phrase)
    names = [row[1] for row in kind.stages() if row[3]]
    for fits in (lambda name: name.casefold() == text.casefold(), lambda name: alike(text, name) >= 85 and len(text) > 3):
        matching = [name for name in names if fits(name)]
        if len(matching) == 1:
            return matching[0]
    wanted = {"won": "won", "lost": "lost", "closed won": "won", "closed lost": "lost", "win": "won", "lose": "lost"}.get(
        text.lower()
    )
    if wanted and names:
        rows = Stage.objects.filter(pipeline__module=kind.model.module, pipeline__is_default=True, kind=wanted).values_list(
            "name", flat=True
        )
        return rows[0] if len(rows) == 1 else None
    matching = [name for name in names if len(text) > 3 and begins(words_of(text), name)]
    return matching[0] if len(matching) == 1 else None


def beside(talk: Talk, found: Found, step: int) -> str:
    row = talk.read(found.kind.tools["retrieve"], {"id": found.id})
    names = [name for _, name, pipeline, _ in found.kind.stages() if str(pipeline) == row["pipeline"]]
    place = names.index(row["status"]) + step
    if not 0 <= place < len(names):
        raise Stop(f"{found} is in {row['status']}: there is no stage {'after' if step > 0 else 'before'} it.")
    return str(names[place])


def comment(talk: Talk, found: Found, text: str | None = None) -> Answer:
    kind = found.kind
    if not text:
        return Answer(f"What should the note to {found} say?", {"ask": "comment", "found": found.as_json(), "args": {}})
    call = talk.use(needed(kind, "comment").name, {"id": found.id, "comment": unquoted(text)})
    said = f"Add the note to {found}?" if call.status == ToolCall.Status.PROPOSED else f"Added the note to {found}."
    return done(talk, call, found, kind, "" if call.status == ToolCall.Status.FAILED else said)


def assign(talk: Talk, found: Found, to: str) -> Answer:
    kind = found.kind
    owner = person(talk, to)
    tool = kind.tools.get("assign")
    if tool is None and "assigned_to" not in kind.shown:
        raise Unclear
    call = (
        talk.use(tool.name, {"id": found.id, "assigned_to": str(owner.pk)})
        if tool
        else talk.use(needed(kind, "partial_update").name, {"id": found.id, "assigned_to": [str(owner.pk)]})
    )
    name = "you" if owner.pk == talk.profile.pk else plain(owner.user.name or owner.user.email, 60)
    said = f"Assign {found} to {name}?" if call.status == ToolCall.Status.PROPOSED else f"Assigned {found} to {name}."
    return done(talk, call, found, kind, "" if call.status == ToolCall.Status.FAILED else said)


def act(talk: Talk, found: Found, action: str) -> Answer:
    """A service that needs no more than the record: delete, restore, convert."""
    call = talk.use(needed(found.kind, action).name, {"id": found.id})
    return done(talk, call, found, found.kind)
