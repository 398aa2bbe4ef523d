"""What is planned: one's agenda, what to do next, who is busy, and a call or a meeting that is to be."""

import re
from datetime import datetime
from typing import Any

from rest_framework import serializers

from assistant.models import ToolCall

from . import dates, moments
from .kinds import Kind, kinds
from .names import Found, person, plain
from .outcome import done, needed
from .talk import Answer, Stop, Talk, Unclear


def having(action: str) -> Kind:
    """The record type whose viewset does something. Raises Unclear where there is none."""
    kind = next((kind for kind in kinds().values() if action in kind.tools), None)
    if kind is None:
        raise Unclear
    return kind


def span_of(talk: Talk, text: str | None) -> dates.Span:
    taken = dates.take(re.sub(r"^(?:for|on|of)\s+", "", (text or "today").strip(), flags=re.I), talk.today)
    if not taken or taken[1].strip():
        raise Unclear
    return taken[0]


def agenda(talk: Talk, when: str | None) -> Answer:
    span = span_of(talk, when)
    rows = talk.read(having("agenda").tools["agenda"], moments.bounds(span, talk.today)).get("results", [])
    said = span.words.strip()
    if not rows:
        return Answer(f"Nothing is on your agenda {said}.")
    lines = "\n".join(f"- {line(talk, row)}" for row in rows[:50])
    return Answer(f"Your agenda {said}:\n\n{lines}")


def what_next(talk: Talk) -> Answer:
    rows = talk.read(having("what_next").tools["what_next"], {"limit": 20}).get("results", [])
    if not rows:
        return Answer("There is nothing that you have to do in the next 14 days.")
    lines = "\n".join(f"- {line(talk, row)}{' – **overdue**' if row.get('overdue') else ''}" for row in rows)
    return Answer(f"Next, you have:\n\n{lines}")


def line(talk: Talk, row: dict[str, Any]) -> str:
    """ "Mon 2026-12-07, 10:00: **Demo** (meeting)" """
    whole = row["kind"] == "task" or row.get("all_day")
    when = moments.told(row["start"], talk.zone).partition(",")[0] if whole else moments.told(row["start"], talk.zone)
    about = row["kind"] if row["kind"] == "task" else row.get("type") or row["kind"]
    finished = ", done" if row.get("done") else ""
    return f"{when}: **{plain(row['title'], 80)}** ({about.lower()}{finished})"


def busy(talk: Talk, who: str, when: str | None) -> Answer:
    span, one = span_of(talk, when), person(talk, who)
    tool = having("free_busy").tools["free_busy"]
    rows = talk.read(tool, {"profiles": str(one.pk), **moments.bounds(span, talk.today)}).get("results", [])
    rows = rows[0].get("busy", []) if rows else []
    is_me = one.pk == talk.profile.pk
    name = "You are" if is_me else f"{plain(one.user.name or one.user.email, 60)} is"
    said = span.words.strip()
    if not rows:
        return Answer(f"{name} free {said}, as far as calendars tell.")
    times = [
        f"- {moments.told(row['start'], talk.zone)} to {moments.told(row['end'], talk.zone, day=False)}" for row in rows[:30]
    ]
    return Answer(f"{name} busy {said}:\n\n" + "\n".join(times))


# --- planning


def type_called(kind: Kind, word: str) -> tuple[str, str]:
    """The field and the choice that a word like "meeting" means. Raises Unclear."""
    word = re.sub(r"[^a-z]", "", word.lower().removeprefix("phone "))
    for name, field in kind.shown.items():
        if isinstance(field, serializers.ChoiceField) and word in field.choices and not field.read_only:
            return name, word
    raise Unclear


def plan(talk: Talk, found: Found, type_: str, start: str, duration: int | None = None) -> Answer:
    """ "a meeting with Hanna Virtanen tomorrow at 10": about the record, and nobody is mailed."""
    kind = having("agenda")
    name, value = type_called(kind, type_)
    if found.record not in kind.shown:
        raise Stop(f"A {value} cannot be planned for {found.kind.many}.")
    subject = f"{value.capitalize()} with {found.name}"
    values: dict[str, Any] = {kind.name_key: subject, name: value, "start": start, found.record: found.id}
    values |= {"duration": duration} if duration else {}
    when = moments.told(start, talk.zone)
    call = talk.use(needed(kind, "create").name, values)
    said = f"Plan a {value} with {found}, {when}?" if call.status == ToolCall.Status.PROPOSED else ""
    return done(talk, call, found, kind, said or (f"Planned: {value} with {found}, {when}." if is_done(call) else ""))


def is_done(call: ToolCall) -> bool:
    return call.status == ToolCall.Status.DONE


def moment_of(talk: Talk, text: str) -> tuple[str, str]:
    """ "Hanna tomorrow at 10" -> ("Hanna", the moment as ISO text). Stops where no time is said; raises Unclear."""
    ref, when = moments.ending(text, talk.today, talk.zone)
    if when is None or not ref:
        raise Unclear
    if not isinstance(when, datetime):
        raise Stop("At what time? Say it with the day, such as “tomorrow at 10:00”. I changed nothing.")
    return ref, when.isoformat()
