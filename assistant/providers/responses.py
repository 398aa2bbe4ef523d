"""OpenAI's Responses API."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from openai import OpenAI

from .faults import REFUSED, fault
from .leniency import figure, sound
from .shapes import Answer, Draft, Question, Usage


def start(client: OpenAI, question: Question) -> Any:
    tools = [{"type": "function", "strict": False, **tool} for tool in question.tools]  # strict is its default
    said = [part for message in question.messages for part in parts(message)]
    body: dict[str, Any] = {"model": settings.OPENAI_MODEL, "input": said, "store": False, "stream": True}
    return client.responses.create(**body | ({"tools": tools} if tools else {}))


def parts(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if message["role"] == "tool":
        yield {"type": "function_call_output", "call_id": message["call_id"], "output": message["content"]}
        return
    if message["content"]:
        yield {"role": message["role"], "content": message["content"]}
    for call in message.get("calls") or []:  # without the item's own id, which would demand its reasoning, too
        yield {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": sound(call.arguments)}


def take(answer: Answer, event: Any) -> str:
    """What an event of the stream adds to the text. The rest goes into ``answer``."""
    match event.type:
        case "response.output_text.delta" | "response.refusal.delta":
            return event.delta
        case "response.output_item.done":
            note_call(answer, event.item)
        case "response.completed" | "response.incomplete":
            return finish(answer, event.response)
        case "response.failed":
            raise fault(code=event.response.error and event.response.error.code)
        case "error":
            raise fault(code=event.code)
    return ""


def note_call(answer: Answer, item: Any) -> None:
    if item.type == "function_call" and item.call_id not in [draft.id for draft in answer.drafts]:
        answer.drafts.append(Draft(item.call_id, item.name, item.arguments))


def finish(answer: Answer, response: Any) -> str:
    """The text, too, where a server did not stream it."""
    if response.incomplete_details and response.incomplete_details.reason == "content_filter":
        raise fault(REFUSED)
    for item in response.output or []:
        note_call(answer, item)
    answer.finished, answer.model = True, getattr(response, "model", None) or ""
    if usage := response.usage:
        cached = figure(usage, "input_tokens_details", "cached_tokens")
        answer.usage = Usage(figure(usage, "input_tokens"), figure(usage, "output_tokens"), cached)
    return "" if answer.text or not response.output else response.output_text
