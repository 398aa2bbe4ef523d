"""The message after a question of ours: which record, or which value, it names."""

import re
from typing import Any

from assistant.words import NO, YES

from . import creating
from .declared import ACTS
from .kinds import kinds
from .names import ORDINALS, PLACE, Found, begins, words_of
from .talk import Answer, Talk

NOISE = {
    "the",
    "one",
    "lead",
    "from",
    "at",
    "with",
    "in",
    "of",
    "is",
    "mean",
    "i",
    "it",
    "s",
    "that",
    "who",
    "please",
    "a",
    "an",
    "and",
    "company",
}


def chosen(talk: Talk, text: str) -> Answer | None:
    """The answer to "which one do you mean?", where ``text`` is one."""
    question = talk.context.pending_question
    if question.get("ask") != "which" or len(text) > 100:
        return None
    rows = [Found(**row) for row in question["candidates"]]
    if NO.fullmatch(text):
        return Answer("All right, I changed nothing.")
    row = pick(text, rows)
    return ACTS[question["act"]](talk, row, **question["args"]) if row and row.record in kinds() else None


def pick(text: str, rows: list[Found]) -> Found | None:
    """ "the second one", "2", "the one at Acme", "John Smith" """
    if place := PLACE.fullmatch(text):
        word = place["place"].lower()
        index = len(rows) - 1 if word == "last" else ORDINALS.index(word) if word in ORDINALS else int(word) - 1
        return rows[index] if 0 <= index < len(rows) else None
    if len(rows) == 1 and YES.fullmatch(text):
        return rows[0]
    words = [word for word in words_of(text) if word not in NOISE]
    named = [row for row in rows if row.name.casefold() == text.casefold()]
    fits = named or [row for row in rows if words and begins(words, f"{row.name} {row.about} {row.kind.one}")]
    return fits[0] if len(fits) == 1 else None


def given(talk: Talk, text: str) -> Answer | None:
    """The answer to "what should it be?": the whole message is the value."""
    question: dict[str, Any] = talk.context.pending_question
    if question.get("ask") not in ("update", "comment", "create") or text.endswith("?"):
        return None
    if NO.fullmatch(text):
        return Answer("All right, I changed nothing.")
    if question["ask"] == "create":
        kind = kinds().get(question["record"])
        return creating.create(talk, kind, text) if kind else None
    found = Found(**question["found"])
    value = re.sub(r"^(?:to|it is|it's|make it|set it to)\s+", "", text, flags=re.I) if question["ask"] == "update" else text
    return ACTS[question["ask"]](talk, found, **question["args"], text=value) if found.record in kinds() else None
