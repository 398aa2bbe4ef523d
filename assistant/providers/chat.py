"""chat.completions, which every compatible server has."""

from typing import Any

from django.conf import settings
from openai import OpenAI

from .faults import REFUSED, fault
from .leniency import figure, sound
from .shapes import Answer, Draft, Question, ToolRequest, Usage


def start(client: OpenAI, question: Question) -> Any:
    tools = [{"type": "function", "function": tool} for tool in question.tools]
    said = [wording(message) for message in question.messages]
    body: dict[str, Any] = {"model": settings.OPENAI_MODEL, "messages": said, "stream": True}
    body |= {"stream_options": {"include_usage": True}}
    return client.chat.completions.create(**body | own(client) | ({"tools": tools} if tools else {}))


def own(client: OpenAI) -> dict[str, Any]:
    """OpenAI keeps a copy unless told otherwise; other servers may not know the word."""
    return {"store": False} if client.base_url.host.endswith("openai.com") else {}


def wording(message: dict[str, Any]) -> dict[str, Any]:
    if message["role"] == "tool":
        return {"role": "tool", "tool_call_id": message["call_id"], "content": message["content"]}
    said = {"role": message["role"], "content": message["content"]}
    calls = [call_wording(call) for call in message.get("calls") or []]
    return said | {"content": message["content"] or None, "tool_calls": calls} if calls else said


def call_wording(call: ToolRequest) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": sound(call.arguments)}}


def take(answer: Answer, chunk: Any) -> str:
    """What a chunk of the stream adds to the text. The rest goes into ``answer``."""
    answer.model = getattr(chunk, "model", None) or answer.model
    if usage := chunk.usage:
        cached = figure(usage, "prompt_tokens_details", "cached_tokens")
        answer.usage = Usage(figure(usage, "prompt_tokens"), figure(usage, "completion_tokens"), cached)
    choices = getattr(chunk, "choices", None) or []
    return "".join(take_choice(answer, choice) for choice in choices[:1])


def take_choice(answer: Answer, choice: Any) -> str:
    if choice.finish_reason == "content_filter":
        raise fault(REFUSED)
    answer.finished = answer.finished or bool(choice.finish_reason)
    if not choice.delta:
        return ""
    for delta in choice.delta.tool_calls or []:
        take_call(answer, delta)
    return choice.delta.content or choice.delta.refusal or ""


def take_call(answer: Answer, delta: Any) -> None:
    """A piece of a call. Some servers number every call 0 and tell them apart by id only."""
    draft = next((draft for draft in reversed(answer.drafts) if draft.index == delta.index), None)
    if draft is None or (delta.id and delta.id != draft.id):
        draft = Draft(delta.id or "", "", index=delta.index)
        answer.drafts.append(draft)
    draft.name = draft.name or delta.function.name or ""
    draft.arguments += delta.function.arguments or ""
