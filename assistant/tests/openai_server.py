"""A server that speaks both of OpenAI's APIs over HTTP, and says what a test's script says.

    script = [Calls(("search_leads", {"search": "Acme"})), Text("One lead.")]
    with OpenAIServer(script) as server, self.settings(**server.settings):
        ...
        assert server.requests[0].tools == ["search_leads", …]
        assert server.requests[1].results == ['{"count": 1 …']

A script is a list of steps, one a request, or a function of the request that returns a step (as a step in a list may be, too).
Steps: Text, Calls, Fault (a status), Page (HTML), Hang, Cut, Garbage. Once a list is through, requests are answered with a 400.
A request with another key than ``server.settings`` has gets a 401; one that OpenAI would refuse a 400, and is told in ``flaws``.
``apis`` says which APIs there are; the others are a 404 (``missing``).
"""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any
from uuid import uuid4

from . import openai_wire as wire
from .openai_rules import flaws_in
from .openai_steps import Calls, Cut, Fault, Garbage, Hang, Page, Text

__all__ = ["Calls", "Cut", "Fault", "Garbage", "Hang", "OpenAIServer", "Page", "Request", "Text"]

PATHS = {"/v1/responses": "responses", "/v1/chat/completions": "chat"}


class Request(dict):
    """The JSON that was sent, and what both APIs call by names of their own."""

    api = ""

    @property
    def tools(self) -> list[str]:
        return [tool["name"] for tool in wire.tools_of(self)]

    @property
    def said(self) -> list[tuple[str, str]]:
        """(role, text) in order; calls are ("call", "name(arguments)"), their results ("tool", text)."""
        return list(wire.said_in(self))

    @property
    def results(self) -> list[str]:
        return [text for role, text in self.said if role == "tool"]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "OpenAIServer"

    def do_POST(self) -> None:
        request = Request(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        request.api = PATHS.get(self.path, "")
        self.server.paths.append(self.path)
        try:
            self.server.step(request, self.headers["Authorization"]).answer(self, request)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def reply(self, status: int, body: str, content_type: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        raw = body.encode()
        for name, value in {"Content-Type": content_type, "Content-Length": str(len(raw)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def stream(self, events: Iterator[bytes]) -> None:
        self.begin_stream()
        self.send_events(events)
        self.send_chunk(b"")

    def begin_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def send_events(self, events: Iterator[bytes]) -> None:
        for event in events:
            self.send_chunk(event)

    def send_chunk(self, chunk: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))

    def log_message(self, *words: Any) -> None:
        pass


class OpenAIServer(ThreadingHTTPServer):
    """Listens while it is a context. ``requests`` are those that had a key and a path of ours, ``paths`` all."""

    daemon_threads = True

    def __init__(self, script: "list[Any] | Callable[[Request], Any]" = (), apis: tuple[str, ...] = ("responses", "chat")):
        super().__init__(("127.0.0.1", 0), Handler)
        self.script = script if callable(script) else list(script)
        self.apis, self.key = apis, f"sk-test-{uuid4().hex}"
        self.missing, self.paths = 404, []
        self.requests: list[Request] = []
        self.flaws: list[str] = []
        self.closing, self.lock = Event(), Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    @property
    def settings(self) -> dict[str, Any]:
        return {"OPENAI_API_KEY": self.key, "OPENAI_BASE_URL": self.url}

    def step(self, request: Request, authorization: str) -> Any:
        if request.api not in self.apis:
            return Fault(self.missing, message="Invalid URL")
        if authorization != f"Bearer {self.key}":
            return Fault(401, "invalid_api_key", message=f"Incorrect API key provided: {authorization}.")
        with self.lock:
            self.requests.append(request)
            if flaws := list(flaws_in(request)):
                self.flaws += flaws
                return Fault(400, message=" ".join(flaws))
            step = self.script if callable(self.script) else self.script.pop(0) if self.script else None
        return (step(request) if callable(step) else step) or Fault(400, message="The script is through.")

    def __enter__(self) -> "OpenAIServer":
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *error: Any) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()
