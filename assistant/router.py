"""The local intent router (being written)."""

from dataclasses import dataclass, field
from typing import Any

HELP = "I can find, create, move, update and delete records."


@dataclass
class Context:
    last_records: list[Any] = field(default_factory=list)
    pending_question: Any = None


@dataclass
class Answer:
    text: str
    question: Any = None


def route(message: str, profile: Any, use: Any, context: Context) -> Answer | None:
    return None
