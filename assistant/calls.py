"""Each use of a tool: done at once, or proposed first; always in the audit, and never twice."""

from typing import Any
from uuid import UUID

import orjson
from django.db import IntegrityError, transaction

from common.activity.models import Activity
from common.tenancy import org_scope

from .models import AssistantPreferences, AssistantSettings, ToolCall, Turn
from .providers.leniency import storable
from .tools import ToolError, all_tools, call_tool
from .wishes import Wish

#: Characters of a result that a model or an MCP client gets, and of one value in it.
CAP, LONGEST_VALUE = 20_000, 2_000
#: What changes one record in a way that is seen at once. Everything else is proposed first.
SMALL = ("create", "partial_update", "move", "comment", "log_interaction", "assign", "restore", "done", "escalate", "tick",
         "read_one", "read", "read_all")  # fmt: skip
#: More small changes than these in one turn are a bulk change.
FEW = 5
CONFIRMED = "confirmed-"


def use_tool(
    profile: Any,
    name: str,
    arguments: Any,
    *,
    turn: Turn | None = None,
    key: str | None = None,
    asked: Wish | None = None,
    channel: str = "chat",
) -> ToolCall:
    """Use a tool for a person and write it down. A change that is not small, or not ``asked`` for, becomes a proposal.

    ``asked``: the person's own words; None where the caller is trusted to have read nothing else.
    ``key`` names the call within its turn: what was done under it before is not done again, nor what another worker does now.
    """
    if key and (known := ToolCall.objects.filter(turn=turn, key=key).first()):
        return known
    try:
        return use_once(profile, name, arguments, turn=turn, key=key, asked=asked, channel=channel)
    except IntegrityError:
        if known := ToolCall.objects.filter(turn=turn, key=key).first() if key else None:
            return known
        raise


def use_once(profile: Any, name: str, arguments: Any, *, turn: Any, key: Any, asked: Any, channel: str) -> ToolCall:
    tool = all_tools().get(name)
    given = clean(arguments if isinstance(arguments, dict) else {"": arguments})
    call = ToolCall(turn=turn, profile=profile, channel=channel, key=key, name=storable(name)[:100], arguments=given)
    call.kind = tool.kind if tool else "read"
    call.request_id = call.pk.hex
    if tool and tool.kind != "read" and not at_once(call, tool, profile, asked):
        return propose(call, profile)
    with transaction.atomic():
        run(call, profile)
        call.save(force_insert=True)
    return call


def at_once(call: ToolCall, tool: Any, profile: Any, asked: Wish | None) -> bool:
    """Whether a change needs no confirmation. An MCP client confirms with its own user, by the tools' hints."""
    if call.channel == "mcp":
        return True
    if tool.view_action not in SMALL or (asked is not None and not asked.covers(tool, call.arguments)):
        return False
    if call.turn and call.turn.calls.filter(kind="write", status=ToolCall.Status.DONE).count() >= FEW:
        return False
    preferences = AssistantPreferences.objects.filter(profile=profile).first()
    return preferences is None or preferences.applies_small_changes


def run(call: ToolCall, profile: Any) -> None:
    """Do it, in the scope that the activity stream will name; note what came of it."""
    try:
        with within(call, profile):
            call.result = capped(compact(call_tool(profile, call.name, call.arguments)))
        call.status = ToolCall.Status.DONE
    except ToolError as error:
        call.status, call.error = ToolCall.Status.FAILED, error.message[:1000]
        call.result = {"error": error.message, "details": error.details}


def within(call: ToolCall, profile: Any) -> Any:
    return org_scope(profile, source="assistant", request_id=call.request_id)


class DryRun(Exception):
    """Takes back what was only tried."""


def propose(call: ToolCall, profile: Any) -> ToolCall:
    """Try it and take it back, to know what it would change."""
    try:
        with transaction.atomic():
            run(call, profile)
            call.diff = changes_of(call)
            raise DryRun
    except DryRun:
        pass
    if call.status == ToolCall.Status.DONE:
        call.status, call.result = ToolCall.Status.PROPOSED, None
    call.save(force_insert=True)
    return call


def confirm(profile: Any, call_id: UUID, *, turn: Turn | None = None) -> ToolCall:
    """Do what was proposed; it counts to the ``turn`` that says yes.

    Raises ToolError when it was answered already, or would now change something else: then that is what it proposes.
    """
    with transaction.atomic():
        call = ToolCall.objects.select_for_update(of=("self",)).filter(profile=profile, pk=call_id).first()
        if call is None or call.status != ToolCall.Status.PROPOSED:
            raise ToolError("This was answered already." if call else "There is no such proposal.", code=409 if call else 404)
        try:
            with transaction.atomic():
                run(call, profile)
                now = changes_of(call)
                if call.status == ToolCall.Status.DONE and comparable(now) != comparable(call.diff):
                    raise DryRun
        except DryRun:
            call.status, call.result, call.diff = ToolCall.Status.PROPOSED, None, now
        if turn:
            call.turn, call.key = turn, f"{CONFIRMED}{call.pk.hex}"
        call.save()
    if call.status == ToolCall.Status.PROPOSED:
        raise ToolError("The record was changed since I asked. Look at the new before and after, and confirm again.", code=409)
    return call


def cancel(profile: Any, calls: Any) -> int:
    """Drop proposals."""
    waiting = ToolCall.objects.filter(profile=profile, status=ToolCall.Status.PROPOSED, pk__in=[call.pk for call in calls])
    return int(waiting.update(status=ToolCall.Status.CANCELLED))


def changes_of(call: ToolCall) -> list[dict[str, Any]]:
    """What a call changed, from the activity stream: ``[{record, id, action, changes}]``, oldest first."""
    rows = Activity.objects.filter(request_id=call.request_id).order_by("at", "id")
    return [
        {"record": row.record_type, "id": str(row.record_id), "action": row.action, "changes": row.changes} for row in rows[:500]
    ]


def comparable(diff: list[dict[str, Any]]) -> list[Any]:
    """A diff without what differs each time: moments, places, and the ids of what would be made."""
    made = {row["id"] for row in diff if row["action"] == "create"}
    return [
        (row["record"], row["action"], row["id"], [(column, before) for column, (before, _) in sorted(row["changes"].items())])
        for row in diff
        if row["id"] not in made
    ]


def clean(value: Any) -> Any:
    """Without what a database cannot keep."""
    if isinstance(value, dict):
        return {storable(str(key)): clean(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [clean(entry) for entry in value]
    return storable(value) if isinstance(value, str) else value


def for_model(result: Any) -> Any:
    """A result without the fields that the org keeps from models."""
    names = withheld_names()
    return without(result, names | {f"{name}_id" for name in names}) if names else result


def withheld_names() -> set[str]:
    settings = AssistantSettings.objects.first()
    return set(settings.withheld_fields) if settings else set()


def without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: without(entry, names) for key, entry in value.items() if key not in names}
    return [without(entry, names) for entry in value] if isinstance(value, list) else value


def compact(value: Any) -> Any:
    """A result without what is empty, and with long texts cut."""
    if isinstance(value, dict):
        return {key: compact(entry) for key, entry in value.items() if entry not in (None, "", [], {})}
    if isinstance(value, list):
        return [compact(entry) for entry in value]
    return value[:LONGEST_VALUE] + "…" if isinstance(value, str) and len(value) > LONGEST_VALUE else value


def capped(result: Any) -> Any:
    """A result cut to what fits: a list loses its last rows, and says so."""
    rows = result.get("results") if isinstance(result, dict) else result
    if isinstance(rows, list):
        kept: list[Any] = []
        size = 0
        for row in rows:
            size += len(orjson.dumps(row))
            if size > CAP:
                whole = {name: result[name] for name in ("count", "next") if isinstance(result, dict) and name in result}
                return {**whole, "results": kept, "cut": f"{len(rows) - len(kept)} more are left out: search for less."}
            kept.append(row)
        return result
    return result if len(orjson.dumps(result)) <= CAP else {"cut": "The result is too large to show."}
