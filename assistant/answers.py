"""What a person gets: a turn's result, and calls in words."""

from typing import Any

from common.records.models import RECORD_MODELS

from .models import ToolCall, Turn
from .tools import HANGS, all_tools

DONE = {
    "create": "Created {}.",
    "partial_update": "Updated {}.",
    "move": "Moved {} to {}.",
    "destroy": "Deleted {}. It stays in the bin for 30 days.",
    "restore": "Restored {}.",
    "convert": "Converted {}.",
    "undo_convert": "Took back the conversion of {}.",
    "comment": "Added the comment.",
    "log_interaction": "Logged it.",
    "assign": "Assigned {}.",
    "done": "Marked {} as done.",
    "escalate": "Escalated {}.",
    "merge": "Merged {}.",
    "unmerge": "Took back the merge of {}.",
    "send": "Sent {}.",
    "schedule": "Scheduled {}.",
    "call_back": "Called {} back.",
    "remind": "Sent a reminder of {}.",
    "pay": "Recorded the payment of {}.",
    "unpay": "Took back the payment of {}.",
    "close": "Closed {}.",
    "cancel": "Cancelled {}.",
    "quote": "Made an estimate of {}.",
    "bill": "Made an invoice of {}.",
    "credit": "Made a credit note of {}.",
    "send_survey": "Asked the customer of {} how satisfied they are.",
    "reply": "Answered the customer of {}.",
    "read_all": "Marked all notifications as read.",
}


def result_of(turn: Turn, text: str) -> dict[str, Any]:
    """What polling gives: the text, the leads it is about, what was done and what waits for a yes."""
    calls = list(turn.calls.order_by("id"))
    records = records_of(calls)
    return {
        "message": text,
        "ai_message": text,
        "leads_data": [
            {key: value for key, value in record.items() if key != "record"} for record in records if record["record"] == "lead"
        ],
        "actions_performed": [
            action_of(call) for call in calls if call.kind != "read" and call.status != ToolCall.Status.PROPOSED
        ],
        "proposals": [proposal_of(call) for call in calls if call.status == ToolCall.Status.PROPOSED],
        "records": [{key: record[key] for key in ("record", "id", "name") if key in record} for record in records],
    }


def records_of(calls: list[ToolCall]) -> list[dict[str, Any]]:
    """The records that calls found or changed, each once."""
    found: dict[str, dict[str, Any]] = {}
    for call in calls:
        tool = all_tools().get(call.name)
        if tool is None or call.status != ToolCall.Status.DONE or not isinstance(call.result, dict):
            continue
        for row in rows_of(call, tool):
            found[row["id"]] = {"record": row.get("record_type") if not tool.record else tool.record, **row}
    return list(found.values())


def rows_of(call: ToolCall, tool: Any) -> list[dict[str, Any]]:
    """The rows of a result that are records of the tool's own type, or, of a search over everything, of any."""
    result: Any = call.result
    if tool.view_action in ("list", ""):
        rows = result.get("results") or []
    elif tool.kind == "read":
        rows = [result]
    else:  # a service may answer with something else that it made
        same = tool.view_action not in HANGS and result.get("id") == call.arguments.get("id", result.get("id"))
        rows = [result] if same else []
    return [row for row in rows if isinstance(row, dict) and "id" in row]


def action_of(call: ToolCall) -> dict[str, Any]:
    record = call.result if isinstance(call.result, dict) else {}
    action = {"action": call.name, "status": call.status, "call_id": str(call.pk), "arguments": call.arguments}
    if call.error:
        action["error"] = call.error
    return action | {key: record[key] for key in ("id", "name") if key in record}


def proposal_of(call: ToolCall) -> dict[str, Any]:
    return {"id": str(call.pk), "action": call.name, "arguments": call.arguments, "diff": call.diff}


def spoken(call: ToolCall, profile: Any) -> str:
    """What came of a call, in a sentence."""
    if call.status == ToolCall.Status.FAILED:
        return f"That did not work: {call.error}"
    if call.name.startswith("undo_") and "call" in call.arguments:
        return "Undone."
    tool = all_tools()[call.name]
    label = label_of(tool.viewset.queryset.model, call.arguments.get("id") or (call.result or {}).get("id"), profile)
    sentence = DONE.get(tool.view_action, f"Done: {call.name.replace('_', ' ')}.")
    return sentence.format(label, (call.result or {}).get("status", ""))


def label_of(model: Any, pk: Any, profile: Any) -> str:
    is_record = model in RECORD_MODELS.values()
    row = model.with_bin.visible_to(profile).filter(pk=pk).first() if pk and is_record else None
    return str(row) if row else f"the {model._meta.verbose_name}"
