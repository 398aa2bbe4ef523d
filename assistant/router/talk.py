"""What one message comes with, and how its reading ends early."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from assistant.models import ToolCall
from assistant.prompt import zone_of


@dataclass
class Context:
    """What the last answer was about, as ``(record, id, name)``, and what it asked back."""

    last_records: list[Any] = field(default_factory=list)
    pending_question: Any = None


@dataclass
class Answer:
    """``question``: what the next message may answer, as JSON."""

    text: str
    question: Any = None


class Unclear(Exception):
    """The message is not understood in this way."""


class Stop(Exception):
    """It is understood, and this is all there is to say."""

    def __init__(self, text: str, question: Any = None):
        super().__init__(text)
        self.answer = Answer(text, question)


QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "\u00a0": " "})


@dataclass
class Talk:
    """``message`` as it was typed; ``use(name, arguments)`` runs a tool and returns its ToolCall."""

    profile: Any
    use: Callable[[str, dict[str, Any]], ToolCall]
    context: Context
    message: str = ""
    #: What was looked for among records of every type, and what was found. Nothing is written between two looks.
    looked: dict[Any, Any] = field(default_factory=dict)

    @cached_property
    def zone(self) -> Any:
        return zone_of(self.profile.org)

    @cached_property
    def today(self) -> date:
        return datetime.now(self.zone).date()

    @property
    def currency(self) -> str:
        return str(self.profile.org.currency)

    def as_written(self, text: str) -> str:
        """The end of the message as it was typed, where ``text`` is that, with its own quotes and its full stop."""
        start = self.message.translate(QUOTES).rfind(text)
        return self.message[start:].strip() if start >= 0 and not self.message[start + len(text) :].strip(" .!?") else text

    def read(self, tool: Any, arguments: dict[str, Any]) -> Any:
        """A reading tool's result. Stops at a refusal."""
        call = self.use(tool.name, arguments)
        if call.status != ToolCall.Status.DONE:
            raise Stop(f"That did not work: {call.error}")
        return call.result
