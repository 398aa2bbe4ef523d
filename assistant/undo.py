"""Taking back what a tool did, read from the activity stream."""

from typing import Any

from django.db import transaction
from django.db.models import DateTimeField

from common.activity.models import Activity
from common.records.models import RECORD_MODELS, Comment, Interaction
from common.records.views import VIEWSETS

from .calls import within
from .models import ToolCall
from .tools import ToolError, all_tools, run_action

UNDO = "undo"  # the key of a turn's
CHANGING = ("write", "delete", "bulk")
#: Services that have their own way back.
INVERSE = {"convert": "undo_convert", "merge": "unmerge", "schedule": "call_back"}
NEVER = "This cannot be undone."
#: What tools hang on records, as the stream calls it.
HANGING: dict[str, Any] = {"comment": Comment, "interaction": Interaction}


def last_change(profile: Any, turns: Any) -> ToolCall | None:
    """The newest change that the assistant made for a person in a conversation, and did not take back."""
    calls = ToolCall.objects.filter(profile=profile, turn__in=turns, kind__in=CHANGING, status=ToolCall.Status.DONE)
    return calls.exclude(key=UNDO).order_by("-updated_at", "-id").first()


def undo(profile: Any, call: ToolCall, *, turn: Any = None) -> ToolCall:
    """Take back what a call changed, with the person's rights: all of it or, where others changed it since, nothing.

    Raises ToolError.
    """
    with transaction.atomic():
        locked = ToolCall.objects.select_for_update(of=("self",)).get(pk=call.pk)
        if locked.status != ToolCall.Status.DONE or locked.kind not in CHANGING:
            raise ToolError("There is nothing to undo.", code=409)
        taken = ToolCall(turn=turn, profile=profile, name=f"undo_{call.name}"[:100], kind="write", status=ToolCall.Status.DONE)
        taken.arguments, taken.request_id, taken.key = {"call": str(call.pk)}, taken.pk.hex, UNDO if turn else None
        with within(taken, profile):
            take_back(profile, locked)
        locked.status = ToolCall.Status.UNDONE
        locked.save(update_fields=["status", "updated_at", "updated_by"])
        taken.save(force_insert=True)
    return taken


def take_back(profile: Any, call: ToolCall) -> None:
    tool = all_tools().get(call.name)
    opposite = INVERSE.get(tool.view_action) if tool else None
    if tool and opposite and hasattr(tool.viewset, opposite):
        run_action(profile, tool.viewset, opposite, call.arguments["id"], method="post")
        return
    rows = list(Activity.objects.filter(request_id=call.request_id).order_by("-at", "-id"))
    refuse_if_changed_since(rows)
    for pk in dict.fromkeys(row.record_id for row in rows):
        take_back_record(profile, [row for row in rows if row.record_id == pk])


def refuse_if_changed_since(rows: list[Activity]) -> None:
    """Nothing is undone over somebody's later change of the same fields."""
    for row in rows:
        later = Activity.objects.filter(record_id=row.record_id, at__gt=row.at).exclude(request_id=row.request_id)
        if row.action != "create" and row.changes:
            later = later.filter(changes__has_any_keys=list(row.changes))
        if row.action == "create" and row.record_type in HANGING:
            continue
        if later.exists():
            raise ToolError("This was changed again since, so I cannot undo it.", code=409)


def take_back_record(profile: Any, rows: list[Activity]) -> None:
    """``rows``: what one call changed of one record, newest first."""
    record, pk, actions = rows[0].record_type, rows[0].record_id, {row.action for row in rows}
    if record in HANGING:
        HANGING[record].objects.filter(pk=pk).delete()
    elif record not in RECORD_MODELS:
        raise ToolError(NEVER, code=409)
    elif "create" in actions or "restore" in actions:
        run_action(profile, VIEWSETS[record], "destroy", pk)
    elif "delete" in actions:
        run_action(profile, VIEWSETS[record], "restore", pk)
    elif values := values_before(RECORD_MODELS[record], rows):
        run_action(profile, VIEWSETS[record], "partial_update", pk, values)
        refuse_if_not_as_before(VIEWSETS[record], rows)


def refuse_if_not_as_before(viewset: Any, rows: list[Activity]) -> None:
    """What only a service may set, as that a mail is sent, does not come back by setting it. Times follow from the rest."""
    model, shown = viewset.queryset.model, viewset.serializer_class.prototype().fields
    instance = model.with_bin.get(pk=rows[0].record_id)
    before = {column: value for row in rows for column, (value, _) in row.changes.items()}
    served = [field for field in model._meta.concrete_fields if field.name in shown and shown[field.name].read_only]
    for field in served:
        follows = isinstance(field, DateTimeField) or field.name == "card_order"
        if not follows and field.column in before and field.to_python(before[field.column]) != getattr(instance, field.attname):
            raise ToolError(NEVER, code=409)


def values_before(model: Any, rows: list[Activity]) -> dict[str, Any]:
    """The fields as they were. Links were written one by one: each is taken out or put back."""
    instance = model.with_bin.get(pk=rows[0].record_id)
    columns = {field.column: field.name for field in model._meta.fields if field.name != "card_order"}
    values: dict[str, Any] = {}
    for row in rows:
        for column, (before, after) in row.changes.items():
            if column in columns:
                values[columns[column]] = before
            elif column != "card_order":
                linked = values.setdefault(column, [str(pk) for pk in getattr(instance, column).values_list("pk", flat=True)])
                if after in linked:
                    linked.remove(after)
                if before:
                    linked.append(before)
    return values
