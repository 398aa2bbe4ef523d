"""What OpenAI refuses in a request, so that the server of our tests does, too."""

import re
from collections.abc import Iterator
from typing import Any

from .openai_wire import tools_of

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def flaws_in(request: Any) -> Iterator[str]:
    if not request.get("model"):
        yield "you must provide a model parameter"
    yield from flaws_in_tools(request)
    made, answered = calls_in(request), results_in(request)
    yield from (f"No tool output found for function call {call}." for call in made if call not in answered)
    yield from (f"No tool call found for function call output {call}." for call in answered if call not in made)


def flaws_in_tools(request: Any) -> Iterator[str]:
    names = [tool["name"] for tool in tools_of(request)]
    if "tools" in request and not names:
        yield "[] is too short - 'tools'"
    yield from (f"Invalid tool name {name!r}" for name in names if not NAME.fullmatch(name) or names.count(name) > 1)
    for tool in tools_of(request):
        if tool.get("parameters", {}).get("type") != "object":
            yield f"Invalid schema for function {tool['name']!r}: schema must be of type 'object'."


def calls_in(request: Any) -> list[str]:
    if request.api == "responses":
        return [part["call_id"] for part in request["input"] if part.get("type") == "function_call"]
    return [call["id"] for message in request["messages"] for call in message.get("tool_calls", [])]


def results_in(request: Any) -> list[str]:
    if request.api == "responses":
        return [part["call_id"] for part in request["input"] if part.get("type") == "function_call_output"]
    return [message["tool_call_id"] for message in request["messages"] if message["role"] == "tool"]
