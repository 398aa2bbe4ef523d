"""What changes a record: one tool each, which proposes where it must."""

import re
from typing import Any

from rest_framework import serializers

from assistant.models import ToolCall
from common.records.models import Stage

from .creating import name_values
from .kinds import Kind
from .names import Found, alike, begins, person, plain, words_of
from .outcome import done, needed, refuse_more
from .talk import Answer, Stop, Talk, Unclear
from .values import parse, show_amount, unquoted


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
    refuse_more(text)
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
    row = call.result if isinstance(call.result, dict) else {}
    shown = plain(row.get(name) or values.get(name, text), 120)
    if name == kind.money_key and values.get(name) is not None:
        shown = show_amount(values[name], str(values.get("currency") or row.get("currency") or talk.currency))
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
    if is_relative(phrase):
        return beside(talk, found, 1 if "next" in phrase.lower() else -1)
    known = ", ".join(dict.fromkeys(row[1] for row in found.kind.stages() if row[3]))
    raise Stop(f"“{plain(unquoted(phrase), 60)}” is no stage of {found.kind.many}. Stages: {known}.")


def is_relative(phrase: str) -> bool:
    return re.fullmatch(r"(?:the )?(?:next|previous)(?: stage| status)?", phrase.strip(), re.I) is not None


#: Words for the kinds of stages in which a pipeline ends.
ENDS = {"won": "won", "lost": "lost", "closed won": "won", "closed lost": "lost", "win": "won", "lose": "lost"}


def bare_stage(phrase: str) -> str:
    return re.sub(r"^(?:the|status|stage)\s+|\s+(?:stage|status|column|list)$", "", unquoted(phrase), flags=re.I)


def similar_stage(kind: Kind, phrase: str) -> str | None:
    text = bare_stage(phrase)
    names = [row[1] for row in kind.stages() if row[3]]
    for fits in (lambda name: name.casefold() == text.casefold(), lambda name: alike(text, name) >= 85 and len(text) > 3):
        matching = [name for name in names if fits(name)]
        if len(matching) == 1:
            return matching[0]
    wanted = ENDS.get(text.lower())
    if wanted and names:
        rows = Stage.objects.filter(pipeline__module=kind.model.module, pipeline__is_default=True, kind=wanted).values_list(
            "name", flat=True
        )
        return rows[0] if len(rows) == 1 else None
    matching = [name for name in names if len(text) > 3 and begins(words_of(text), name)]
    return matching[0] if len(matching) == 1 else None


def beside(talk: Talk, found: Found, step: int) -> str:
    row = talk.read(found.kind.tools["retrieve"], {"id": found.id})
    names = [name for _, name, pipeline, *_ in found.kind.stages() if str(pipeline) == row["pipeline"]]
    place = names.index(row["status"]) + step
    if not 0 <= place < len(names):
        raise Stop(f"{found} is in {row['status']}: there is no stage {'after' if step > 0 else 'before'} it.")
    return str(names[place])


def comment(talk: Talk, found: Found, text: str | None = None) -> Answer:
    kind = found.kind
    if not text:
        return Answer(f"What should the note to {found} say?", {"ask": "comment", "found": found.as_json(), "args": {}})
    refuse_more(text)
    call = talk.use(needed(kind, "comment").name, {"id": found.id, "comment": unquoted(talk.as_written(text))})
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
