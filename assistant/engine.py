"""A turn, from a person's message to its answer: control words, the router, then a model with tools."""

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from common.people.models import Profile
from common.tenancy import org_scope

from . import providers
from .answers import result_of, spoken
from .calls import CONFIRMED, cancel, confirm, use_tool
from .loop import MAX_CALLS, Stopped, Superseded, ask_model, held, is_used_up
from .models import Conversation, ToolCall, Turn
from .providers import ProviderError
from .router import HELP, Context, route
from .tools import ToolError
from .undo import UNDO as UNDONE
from .undo import last_change, undo
from .words import NO, UNDO, YES

logger = logging.getLogger(__name__)

DAY, LONGEST, SILENCE = timedelta(hours=24), timedelta(minutes=30), timedelta(minutes=2)
ATTEMPTS = 5
USED_UP = (
    "This month's limit for the language model is used up; an admin can raise it. "
    "Plain requests still work, such as “Move John Smith to meeting booked”."
)
State = Turn.State


# --- a conversation


def start(profile: Profile, message: str) -> Turn:
    """Take a message: a turn that waits for its answer, in the person's conversation of the last 24 hours."""
    latest = Conversation.objects.filter(profile=profile, ended_at=None).order_by("-id").first()
    if latest is None or not latest.turns.filter(created_at__gt=timezone.now() - DAY).exists():
        latest = Conversation.objects.create(profile=profile)
    return Turn.objects.create(conversation=latest, profile=profile, message=message)


def clear(profile: Profile) -> None:
    """Forget what was said, and drop what was proposed."""
    open_ones = Conversation.objects.filter(profile=profile, ended_at=None)
    cancel(profile, ToolCall.objects.filter(profile=profile, status=ToolCall.Status.PROPOSED, turn__conversation__in=open_ones))
    open_ones.update(ended_at=timezone.now())


def say(profile: Profile, message: str) -> Turn:
    """A message and its answer, at once."""
    with org_scope(profile):
        turn = start(profile, message)
        answer(turn.pk)
        turn.refresh_from_db()
    return turn


# --- an answer


def answer(turn_id: Any) -> None:
    """Answer a turn, in its person's scope; or go on with it, where a worker died. Whatever happens, it ends, once."""
    turn = take_up(turn_id)
    if turn is None:
        return
    profile = Profile.objects.select_related("user", "org", "role").get(pk=turn.profile_id)
    try:
        refuse_late(turn, profile)
        text, question = reply_to(turn, profile)
        finish(turn, state=State.SUCCESS, result=result_of(turn, text) | ({"question": question} if question else {}))
    except Superseded:
        logger.warning("turn %s was taken up by another worker", turn.pk)
    except (Stopped, ProviderError, ToolError) as error:
        fail(turn, profile, str(error))
    except Exception:
        logger.exception("turn %s", turn.pk)
        fail(turn, profile, "Something went wrong on our side.")


def unfinished() -> Any:
    """Turns that wait, or whose worker has not been heard of: they are sent again."""
    return Turn.objects.filter(state__in=[State.PENDING, State.PROCESSING], updated_at__lt=timezone.now() - silence())


def silence() -> timedelta:
    """How long a working worker may be silent: a model may think for one and a half time-outs."""
    return max(SILENCE, timedelta(seconds=2 * settings.OPENAI_TIMEOUT))


def take_up(turn_id: Any) -> Turn | None:
    """The turn, for this worker alone; None where it is answered or another worker is at it."""
    free = Q(state=State.PENDING) | Q(state=State.PROCESSING, updated_at__lt=timezone.now() - silence())
    taken = Turn.objects.filter(free, pk=turn_id).update(
        state=State.PROCESSING, attempt=F("attempt") + 1, updated_at=timezone.now()
    )
    return Turn.objects.select_related("conversation").get(pk=turn_id) if taken else None


def refuse_late(turn: Turn, profile: Profile) -> None:
    if timezone.now() - turn.created_at > LONGEST:
        raise Stopped("This took longer than 30 minutes, so I stopped.")
    if turn.attempt > ATTEMPTS:
        raise Stopped("I could not finish this: each try broke off. Ask for less at once.")
    if not (profile.is_active and profile.org.is_active and profile.user.is_active):
        raise Stopped("You are not a member of this organization any more.")


def finish(turn: Turn, **values: Any) -> None:
    held(turn).update(**values, updated_at=timezone.now())


def fail(turn: Turn, profile: Profile, error: str) -> None:
    """Say why there is no answer, and what was done before. What was only proposed is dropped: nobody has seen it."""
    cancel(profile, turn.calls.all())
    done = turn.calls.filter(status=ToolCall.Status.DONE).exclude(kind="read").order_by("id")
    told = " ".join([error[:300], *(["Before that:"] if done else []), *(spoken(call, profile) for call in done)])
    finish(turn, state=State.FAILURE, error=told[:500])


def reply_to(turn: Turn, profile: Profile) -> tuple[str, Any]:
    """The answer's text, and what it asks back."""
    before = list(turn.conversation.turns.filter(pk__lt=turn.pk, created_at__gt=turn.created_at - DAY).order_by("-id")[:5])[::-1]
    if text := control(turn, profile, before):
        return text, None
    if not turn.steps:
        used = iter(range(MAX_CALLS))
        routed = route(
            turn.message,
            profile,
            lambda name, given: use_tool(profile, name, given, turn=turn, key=f"r{next(used)}"),
            context_of(before),
        )
        if routed is not None:
            return routed.text, routed.question
    if not providers.is_configured():
        return HELP, None
    if is_used_up():
        return USED_UP, None
    return ask_model(turn, profile, before), None


def context_of(before: list[Turn]) -> Context:
    """What "it" may mean: the records that were spoken of last; and the question that the last answer asked."""
    results = [turn.result or {} for turn in reversed(before)]
    latest: list[dict[str, Any]] = next((result["records"] for result in results if result.get("records")), [])
    records = [(entry["record"], entry["id"], entry.get("name", "")) for entry in latest]
    return Context(last_records=records, pending_question=results[0].get("question") if results else None)


def control(turn: Turn, profile: Profile, before: list[Turn]) -> str | None:
    """ "yes" and "no" to what the last answer proposed, and "undo that"; or what a dead worker did of it."""
    message = turn.message.strip()
    if UNDO.fullmatch(message):
        taken = turn.calls.filter(key=UNDONE).first()
        return spoken(taken, profile) if taken else undone(turn, profile)
    waiting = list(proposed_by(before[-1])) if before else []
    if YES.fullmatch(message):
        done = turn.calls.filter(key__startswith=CONFIRMED).order_by("id")
        return " ".join([*(spoken(call, profile) for call in done), *(confirmed(turn, call, profile) for call in waiting)])
    if waiting and NO.fullmatch(message):
        cancel(profile, waiting)
        return "All right, I changed nothing."
    return None


def proposed_by(turn: Turn) -> Any:
    if turn.state != State.SUCCESS:
        return []
    return turn.calls.filter(status=ToolCall.Status.PROPOSED).order_by("id")


def confirmed(turn: Turn, waiting: ToolCall, profile: Profile) -> str:
    try:
        return spoken(confirm(profile, waiting.pk, turn=turn), profile)
    except ToolError as error:
        return error.message


def undone(turn: Turn, profile: Profile) -> str:
    call = last_change(profile, turn.conversation.turns.all())
    if call is None:
        return "There is nothing that I could undo."
    try:
        return spoken(undo(profile, call, turn=turn), profile)
    except ToolError as error:
        return error.message
