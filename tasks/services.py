"""What a change of a task leads to: it is completed, reminded of, and followed by the next one of its series."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from common.calendar import rules
from common.calendar.zones import today_in, zone_of
from common.records.models import Stage
from common.records.serializers import add_links, find_stage

from .models import ChecklistItem, Task

CLOSED = (Stage.Kind.WON, Stage.Kind.LOST)
MAX_DEPTH = 20
#: What the next task of a series takes over, beside the record that it is about.
CARRIED = ("title", "priority", "description", "parent_id", "recurrence", "custom_fields")
CARRIED_LINKS = ("assigned_to", "teams", "tags", "contacts")


def check_parent(*, task: Task | None, parent: Task) -> None:
    """Refuse a parent that is the task itself or below it. Locks those above, so that two people cannot close a circle."""
    above = parent
    for _ in range(MAX_DEPTH):
        if task is not None and above.pk == task.pk:
            raise ValidationError("A task cannot be its own parent, however many steps up.")
        if above.parent_id is None:
            return
        above = Task.with_bin.select_for_update(of=("self",)).get(pk=above.parent_id)
    raise ValidationError(f"Subtasks go {MAX_DEPTH} steps deep at most.")


@transaction.atomic(savepoint=False)
def settle(*, task: Task) -> Task | None:
    """Note when a task was completed, or that it is open again; and make the next one of its series.

    For a task that was just written and is locked by the caller. Returns the next task if one was made now.
    """
    is_closed = Stage.objects.filter(pk=task.stage_id, kind__in=CLOSED).exists()
    completed_at = (task.completed_at or timezone.now()) if is_closed else None
    recurs_from = (task.recurs_from or task.due_date) if task.recurrence else None
    if (completed_at, recurs_from) != (task.completed_at, task.recurs_from):
        task.completed_at, task.recurs_from = completed_at, recurs_from
        task.save(update_fields=["completed_at", "recurs_from"])
    remind_at = task.reminder if task.reminder and not is_closed and not was_sent(task) else None
    if remind_at != task.remind_at:
        task.remind_at = remind_at
        Task.objects.filter(pk=task.pk).update(remind_at=remind_at)
    return make_next(task=task) if is_closed and task.recurrence else None


def was_sent(task: Task) -> bool:
    """Whether the reminder has gone out: its moment is over, and nobody waits for it."""
    return bool(task.reminder and task.reminder <= timezone.now() and task.remind_at is None)


@transaction.atomic(savepoint=False)
def make_next(*, task: Task) -> Task | None:
    """The next task of a series; None when the rule is over. ``task`` is locked by the caller.

    The rule goes over to the next task, which is why there never is a second one.
    """
    assert task.due_date is not None  # which a rule demands
    yesterday = today_in(zone_of()) - timedelta(days=1)
    due = rules.next_day(task.recurrence, task.recurs_from or task.due_date, max(task.due_date, yesterday))
    following = copy_of(task, due) if due else None
    task.recurrence = ""
    task.save(update_fields=["recurrence"])
    return following


def copy_of(task: Task, due: date) -> Task:
    """A task like ``task``, open and due on another day, with its reminder as long before."""
    following = Task(due_date=due, follows=task, stage=find_stage(Task.module, current_id=task.stage_id))
    about = [f"{name}_id" for name in Task.record_types()]
    for name in (*CARRIED, *about):
        setattr(following, name, getattr(task, name))
    following.recurs_from = task.recurs_from or task.due_date
    if task.reminder:
        zone = zone_of()
        shifted = rules.local(task.reminder, zone) + (due - task.due_date)  # type: ignore[operator]
        following.reminder = following.remind_at = rules.moment_of(shifted, zone)
    following.created_by_id = task.created_by_id
    following.save(force_insert=True)
    for name in CARRIED_LINKS:
        add_links(following, name, list(getattr(task, name).values_list("pk", flat=True)))
    items = task.checklist.order_by("position", "id")
    ChecklistItem.objects.bulk_create(ChecklistItem(task=following, text=item.text, position=item.position) for item in items)
    return following


@transaction.atomic
def make_due_tasks() -> int:
    """The next task of each series of the org whose last one is due. Returns how many were made.

    What another worker has locked is left to it; run it as often as one likes.
    """
    due = Task.objects.exclude(recurrence="").filter(due_date__lte=today_in(zone_of()))
    rows = due.select_for_update(of=("self",), skip_locked=True).order_by("due_date")[:500]
    return sum(make_next(task=task) is not None for task in rows)


@transaction.atomic(savepoint=False)
def write_checklist(*, task: Task, items: list[dict[str, Any]]) -> None:
    """Make a task's checklist be ``items``, each ``{text, done?, id?}``: one with an id of this task keeps its row."""
    kept = {item.pk: item for item in task.checklist.all()}
    named = {item["id"] for item in items if "id" in item}
    if missing := named - set(kept):
        raise ValidationError({"checklist": [f'This task has no item "{min(missing)}".']})
    task.checklist.exclude(pk__in=named).delete()
    for position, values in enumerate(items):
        item = kept.get(values.get("id")) or ChecklistItem(task=task)  # type: ignore[arg-type]
        new = {**values, "position": position}
        if item._state.adding or any(getattr(item, name) != value for name, value in new.items()):
            for name, value in new.items():
                setattr(item, name, value)
            item.save()


@transaction.atomic(savepoint=False)
def tick(*, task: Task, item_id: UUID, done: bool) -> None:
    """Tick an item of a task's checklist, or take the tick away. Raises ValidationError where the task has no such item."""
    item = ChecklistItem.objects.select_for_update(of=("self",)).filter(task=task, pk=item_id).first()
    if item is None:
        raise ValidationError({"item": [f'Invalid pk "{item_id}" - object does not exist.']})
    item.done = done
    item.save(update_fields=["done", "updated_at", "updated_by"])
    task.save(update_fields=["updated_at", "updated_by"])
