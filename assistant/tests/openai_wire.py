"""What OpenAI's two APIs look like on the wire, for the server of our tests."""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

STARTED = 1_790_000_000


def tools_of(request: Any) -> list[dict[str, Any]]:
    return [tool.get("function", tool) for tool in request.get("tools", [])]


def said_in(request: Any) -> Iterator[tuple[str, str]]:
    for part in request["input"] if request.api == "responses" else request["messages"]:
        if part.get("type") == "function_call":
            yield "call", f"{part['name']}({part['arguments']})"
        elif part.get("role") == "tool" or part.get("type") == "function_call_output":
            yield "tool", part.get("output") or part.get("content")
        elif part["content"]:
            yield part["role"], part["content"]
        for call in part.get("tool_calls", []):
            yield "call", f"{call['function']['name']}({call['function']['arguments']})"


def pieces(text: str) -> list[str]:
    """As a model streams: a few letters at a time."""
    return [text[start : start + 4] for start in range(0, len(text), 4)]


def sse(chunk: dict[str, Any]) -> bytes:
    name = f"event: {chunk['type']}\n" if "type" in chunk else ""
    return f"{name}data: {json.dumps(chunk)}\n\n".encode()


def opening(request: Any, text: str) -> Iterator[bytes]:
    """The beginning of a stream that never gets to its end."""
    if request.api == "responses":
        yield from map(sse, [{"type": "response.created", "response": response(request, None)}, *text_events(text)])
    else:
        yield from map(sse, [chat_chunk(request, delta) for delta in text_deltas(text)])


def events(request: Any, step: Any) -> Iterator[bytes]:
    if request.api == "chat":
        yield from map(sse, chat_chunks(request, step))
        yield b"data: [DONE]\n\n"
        return
    numbers = count()
    for event in response_events(request, step):
        yield sse(event | {"sequence_number": next(numbers)})


def whole(request: Any, step: Any) -> dict[str, Any]:
    """The answer to a request that wants no stream."""
    if request.api == "responses":
        return response(request, step)
    message = {"role": "assistant", "content": step.text or None, "tool_calls": chat_calls(step) or None}
    choice = {"index": 0, "message": message, "finish_reason": reason(step)}
    return chat_base(request, step) | {"object": "chat.completion", "choices": [choice], "usage": chat_usage(step)}


# --- Responses


def response(request: Any, step: Any) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": STARTED,
        "status": "completed" if step else "in_progress",
        "model": (step and step.model) or request["model"],
        "output": output(step) if step else [],
        "usage": response_usage(step) if step else None,
    }


def output(step: Any) -> list[dict[str, Any]]:
    content = [{"type": "output_text", "text": step.text, "annotations": []}]
    message = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}
    return ([message] if step.text else []) + [call_item(call) for call in step.calls]


def call_item(call: tuple[str, str, str]) -> dict[str, Any]:
    call_id, name, arguments = call
    names = {"id": f"fc_{call_id}", "call_id": call_id, "name": name, "arguments": arguments}
    return {"type": "function_call", "status": "completed", **names}


def response_usage(step: Any) -> dict[str, Any] | None:
    if step.usage is None:
        return None
    read, written = step.usage
    details = {"input_tokens_details": {"cached_tokens": step.cached}, "output_tokens_details": {"reasoning_tokens": 0}}
    return {"input_tokens": read, "output_tokens": written, "total_tokens": read + written, **details}


def response_events(request: Any, step: Any) -> Iterator[dict[str, Any]]:
    yield {"type": "response.created", "response": response(request, None)}
    yield from text_events(step.text)
    for index, item in enumerate(output(step)):
        yield from call_events(index, item) if item["type"] == "function_call" else []
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": "response.completed", "response": response(request, step)}


def text_events(text: str) -> list[dict[str, Any]]:
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    return [{"type": "response.output_text.delta", "delta": piece, **place} for piece in pieces(text)]


def call_events(index: int, item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    place = {"item_id": item["id"], "output_index": index}
    empty = item | {"arguments": "", "status": "in_progress"}
    yield {"type": "response.output_item.added", "output_index": index, "item": empty}
    for piece in pieces(item["arguments"]):
        yield {"type": "response.function_call_arguments.delta", "delta": piece, **place}
    yield {"type": "response.function_call_arguments.done", "arguments": item["arguments"], **place}


# --- chat.completions


def chat_base(request: Any, step: Any = None) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "created": STARTED, "model": (step and step.model) or request["model"]}


def chat_chunk(request: Any, delta: dict[str, Any], finish: str | None = None, step: Any = None) -> dict[str, Any]:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return chat_base(request, step) | {"object": "chat.completion.chunk", "choices": choices}


def chat_chunks(request: Any, step: Any) -> Iterator[dict[str, Any]]:
    for delta in [*text_deltas(step.text), *call_deltas(step)]:
        yield chat_chunk(request, delta, step=step)
    yield chat_chunk(request, {}, reason(step), step)
    if step.usage is not None and request.get("stream_options", {}).get("include_usage"):
        yield chat_chunk(request, {}, step=step) | {"choices": [], "usage": chat_usage(step)}


def text_deltas(text: str) -> list[dict[str, Any]]:
    return [{"role": "assistant", "content": ""}, *({"content": piece} for piece in pieces(text))]


def call_deltas(step: Any) -> Iterator[dict[str, Any]]:
    for index, call in enumerate(chat_calls(step)):
        written = call["function"]["arguments"]
        named = call | {"index": index, "function": {"name": call["function"]["name"], "arguments": ""}}
        yield {"tool_calls": [named]}
        for piece in pieces(written):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def chat_calls(step: Any) -> list[dict[str, Any]]:
    return [
        {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
        for call_id, name, arguments in step.calls
    ]


def chat_usage(step: Any) -> dict[str, Any] | None:
    if step.usage is None:
        return None
    read, written = step.usage
    details = {"prompt_tokens_details": {"cached_tokens": step.cached}}
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written, **details}


def reason(step: Any) -> str:
    return "tool_calls" if step.calls else "stop"
