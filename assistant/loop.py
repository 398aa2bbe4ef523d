"""The loop of a model and its tools. Each step is stored before it is acted upon, so that a turn goes on where it was."""

from collections.abc import Iterator
from decimal import Decimal
from time import monotonic
from typing import Any

import orjson
from django.db import models
from django.db.models import F, Sum
from django.utils import timezone

from . import providers
from .calls import use_tool
from .models import AssistantSettings, Turn
from .prompt import FIND_TOOLS, as_function, find_tools, history, system_message, tool_answer, tools_of_the_moment
from .providers import Reply
from .wishes import Wish

MAX_STEPS, MAX_CALLS, MAX_SAME = 8, 15, 2
EVERY = 0.2  # seconds between two looks of a reader at the text so far
ANSWER = 6  # words at most: an answer to a question, which does not say again what to do


class Stopped(Exception):
    """The turn cannot be answered; its text is for people."""


class Superseded(Exception):
    """Another worker has taken up the turn."""


def ask_model(turn: Turn, profile: Any, before: list[Turn]) -> str:
    messages = [system_message(profile), *history(before), {"role": "user", "content": turn.message}]
    texts = [turn.message, *(earlier.message for earlier in reversed(before))]
    asked, found = wish_of(turn, profile, before), set[str]()
    for number in range(MAX_STEPS):
        if number < len(turn.steps):
            reply = stored_reply(turn.steps[number])
        else:
            reply = providers.ask(messages, shown_tools(profile, texts, found), on_text=Writer(turn))
            store(turn, reply)
        if not reply.calls:
            return reply.text or "I have nothing to say to that."
        refuse_loops(turn)
        messages.append({"role": "assistant", "content": reply.text, "calls": reply.calls})
        messages.extend(outcomes(turn, profile, reply, number, asked, found))
    raise Stopped(f"I stopped after {MAX_STEPS} steps without an answer. Ask for less at once.")


def shown_tools(profile: Any, texts: list[str], found: set[str]) -> list[dict[str, Any]]:
    return [*(as_function(tool) for tool in tools_of_the_moment(profile, texts, found)), FIND_TOOLS]


def wish_of(turn: Turn, profile: Any, before: list[Turn]) -> Wish:
    """The person's words. A short message may answer a question about the one before it, and then means that, too."""
    message = turn.message
    if before and len(message.split()) <= ANSWER:
        message = f"{message}\n{before[-1].message}"
    shown = (before[-1].result or {}).get("records", []) if before else []
    earlier = "\n".join(turn.message for turn in before)
    return Wish(profile, message, earlier, frozenset(record["id"] for record in shown))


def outcomes(turn: Turn, profile: Any, reply: Reply, number: int, asked: Wish, found: set[str]) -> Iterator[dict[str, Any]]:
    for index, request in enumerate(reply.calls):
        content = outcome_of(turn, profile, request, f"{number}.{index}", asked, found)
        yield {"role": "tool", "call_id": request.id, "content": content}


def outcome_of(turn: Turn, profile: Any, request: Any, key: str, asked: Wish, found: set[str]) -> str:
    try:
        arguments = orjson.loads(request.arguments or "{}")
    except orjson.JSONDecodeError:
        return '{"status": "failed", "error": "The arguments are not JSON."}'
    if request.name == "find_tools":
        tools = find_tools(profile, str(arguments.get("query", "")) if isinstance(arguments, dict) else "")
        found.update(tool.module for tool in tools)
        return orjson.dumps({tool.name: tool.description for tool in tools}).decode()
    return tool_answer(use_tool(profile, request.name, arguments, turn=turn, key=key, asked=asked))


def refuse_loops(turn: Turn) -> None:
    calls = [(call["name"], call["arguments"]) for step in turn.steps for call in step["calls"]]
    if len(calls) > MAX_CALLS:
        raise Stopped(f"I stopped: the language model wanted more than {MAX_CALLS} steps for this.")
    if any(calls.count(call) > MAX_SAME for call in calls):
        raise Stopped("I stopped: the language model kept asking for the same thing.")


# --- what is kept of it


def held(turn: Turn) -> Any:
    """The turn's row, while no other worker has taken it up."""
    return Turn.objects.filter(pk=turn.pk, attempt=turn.attempt)


def stored_reply(step: dict[str, Any]) -> Reply:
    calls = [providers.ToolRequest(**call) for call in step["calls"]]
    return Reply(step["text"], calls, 0, 0, "", Decimal(0))


def store(turn: Turn, reply: Reply) -> None:
    """Keep a step, and what it cost. Raises Superseded."""
    calls = [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in reply.calls]
    turn.steps = [*turn.steps, {"text": reply.text, "calls": calls}]
    kept = held(turn).update(
        steps=turn.steps,
        model=reply.model[:100],
        input_tokens=F("input_tokens") + reply.input_tokens,
        output_tokens=F("output_tokens") + reply.output_tokens,
        cost=F("cost") + models.Value(reply.cost, models.DecimalField(max_digits=12, decimal_places=6)),
        updated_at=timezone.now(),
    )
    if not kept:
        raise Superseded


class Writer:
    """Keeps the text so far where a stream's reader finds it."""

    def __init__(self, turn: Turn):
        self.turn, self.text, self.written = turn, "", 0.0

    def __call__(self, piece: str) -> None:
        self.text += piece
        if monotonic() - self.written > EVERY:
            self.written = monotonic()
            held(self.turn).update(partial=self.text, updated_at=timezone.now())


# --- money


def is_used_up() -> bool:
    limit = monthly_limit()
    return limit is not None and spent_this_month() >= limit


def monthly_limit() -> Decimal | None:
    settings = AssistantSettings.objects.first()
    return settings.monthly_limit if settings else None


def spent_this_month() -> Decimal:
    return Turn.objects.filter(created_at__gte=first_of_month()).aggregate(spent=Sum("cost"))["spent"] or Decimal(0)


def first_of_month() -> Any:
    return timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
