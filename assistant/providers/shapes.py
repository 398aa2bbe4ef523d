"""What goes into a provider and what comes out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import uuid4

from .leniency import storable


def ignore(text: str) -> None:
    pass


@dataclass(frozen=True)
class ToolRequest:
    """A call that the model wants: ``arguments`` is JSON as the model wrote it, perhaps malformed."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Reply:
    text: str
    calls: list[ToolRequest]
    input_tokens: int
    output_tokens: int
    model: str
    cost: Decimal  # USD


class ProviderError(Exception):
    """Its text is for people."""

    def __init__(self, text: str, *, status: int | None = None, again: bool = False, wait: float | None = None):
        super().__init__(text)
        self.status, self.again, self.wait = status, again, wait


@dataclass(frozen=True)
class Question:
    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]]
    on_text: Callable[[str], None]


@dataclass(frozen=True)
class Usage:
    read: int
    written: int
    cached: int = 0


@dataclass
class Draft:
    """A call that is still being written."""

    id: str
    name: str
    arguments: str = ""
    index: int | None = None

    def request(self) -> ToolRequest:
        return ToolRequest(storable(self.id) or f"call_{uuid4().hex}", storable(self.name), storable(self.arguments))


@dataclass
class Answer:
    """What has come of a stream so far."""

    text: str = ""
    drafts: list[Draft] = field(default_factory=list)
    model: str = ""
    usage: Usage | None = None
    opened: bool = False
    finished: bool = False
