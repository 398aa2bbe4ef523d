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
        rows = call.result.get("results") if tool.view_action == "list" else [call.result]
        for row in rows or []:
            if tool.view_action not in HANGS and isinstance(row, dict) and "id" in row:
                found[row["id"]] = {"record": tool.record, **row}
    return list(found.values())


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
    label = label_of(tool.record, call.arguments.get("id") or (call.result or {}).get("id"), profile)
    sentence = DONE.get(tool.view_action, f"Done: {call.name.replace('_', ' ')}.")
    return sentence.format(label, (call.result or {}).get("status", ""))


def label_of(record: str, pk: Any, profile: Any) -> str:
    row = RECORD_MODELS[record].with_bin.visible_to(profile).filter(pk=pk).first() if pk else None
    return str(row) if row else f"the {record}"
