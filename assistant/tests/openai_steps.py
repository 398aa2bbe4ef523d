"""What the server of our tests may answer to a request."""

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from . import openai_wire as wire


@dataclass
class Text:
    """An answer. ``usage`` is (input, output) tokens, or None for a server that does not count."""

    text: str
    usage: tuple[int, int] | None = (100, 20)
    cached: int = 0
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    model: str = ""

    def answer(self, handler: Any, request: Any) -> None:
        if request.get("stream"):
            handler.stream(wire.events(request, self))
        else:
            handler.reply(200, json.dumps(wire.whole(request, self)))


def Calls(*calls: tuple[str, Any], text: str = "", **more: Any) -> Text:
    """Tools to call, as (name, arguments): a dict, or the raw text that a model wrote."""
    raw = [(name, written if isinstance(written, str) else json.dumps(written)) for name, written in calls]
    return Text(text, calls=[(f"call_{uuid4().hex[:12]}", name, written) for name, written in raw], **more)


@dataclass
class Fault:
    """An error, as OpenAI words it."""

    status: int
    code: str = ""
    retry_after: str | None = None
    message: str = "Something is wrong."

    def answer(self, handler: Any, request: Any) -> None:
        error = {"message": self.message, "type": self.code or "error", "param": None, "code": self.code or None}
        headers = {"Retry-After": self.retry_after} if self.retry_after is not None else {}
        handler.reply(self.status, json.dumps({"error": error}), **headers)


@dataclass
class Page:
    """What a proxy or a wrong address answers."""

    status: int = 502
    html: str = "<html><h1>Bad Gateway</h1></html>"

    def answer(self, handler: Any, request: Any) -> None:
        handler.reply(self.status, self.html, content_type="text/html")


@dataclass
class Hang:
    """Nothing at all; or ``text`` and then nothing; or, with ``drip``, a comment every so many seconds."""

    text: str = ""
    drip: float | None = None

    def answer(self, handler: Any, request: Any) -> None:
        if self.text or self.drip:
            handler.begin_stream()
            handler.send_events(wire.opening(request, self.text))
        while not handler.server.closing.wait(self.drip or 60) and self.drip:
            handler.send_chunk(b": still here\n\n")
        handler.close_connection = True


@dataclass
class Cut:
    """A stream that ends after ``text``: the connection breaks or, ``cleanly``, the server just stops."""

    text: str = ""
    cleanly: bool = False

    def answer(self, handler: Any, request: Any) -> None:
        handler.begin_stream()
        handler.send_events(wire.opening(request, self.text))
        if self.cleanly:
            handler.send_chunk(b"")
        handler.close_connection = True


@dataclass
class Garbage:
    """A stream with ``line`` in it, after ``text``."""

    line: str = "data: {not json\n\n"
    text: str = ""

    def answer(self, handler: Any, request: Any) -> None:
        handler.begin_stream()
        handler.send_events(wire.opening(request, self.text))
        handler.send_chunk(self.line.encode())
        handler.send_chunk(b"")
