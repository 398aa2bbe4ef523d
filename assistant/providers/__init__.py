"""Language models: one question, one answer, in words that fit either of OpenAI's two APIs.

    reply = ask([{"role": "user", "content": "Hello"}], tools=[], on_text=print)

A message is ``{"role": "system" | "user" | "assistant", "content", "calls"}`` (calls: the ToolRequests of an assistant's
message) or ``{"role": "tool", "call_id", "content"}``; a tool ``{"name", "description", "parameters"}``.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings

from .shapes import ProviderError, Question, Reply, ToolRequest, ignore

__all__ = ["ProviderError", "Reply", "ToolRequest", "ask", "is_configured"]


def is_configured() -> bool:
    return bool(settings.OPENAI_API_KEY)


def ask(messages: list[dict[str, Any]], tools: list[dict[str, Any]], *, on_text: Callable[[str], None] = ignore) -> Reply:
    """The model's next words and calls; ``on_text`` gets each piece of text as it comes. Raises ProviderError."""
    if not is_configured():
        raise ProviderError("No language model is set up: OPENAI_API_KEY is empty.")
    from .exchange import answer  # the SDK takes 40 MB and half a second: only who asks a model loads it

    return answer(Question(messages, tools, on_text))
