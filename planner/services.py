"""What follows when something planned was done."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from common.api.errors import Conflict
from common.records.models import Interaction

from .models import Plan

#: What a planned activity is on the timeline of its record.
LOGGED_AS = {
    Plan.Type.CALL: Interaction.Type.CALL,
    Plan.Type.MEETING: Interaction.Type.MEETING,
    Plan.Type.EMAIL: Interaction.Type.EMAIL,
    Plan.Type.TODO: Interaction.Type.NOTE,
}


@transaction.atomic(savepoint=False)
def finish(*, plan: Plan, notes: str = "", occurred_at: datetime | None = None, duration: int | None = None) -> Plan:
    """Mark a plan as done and log it on the record that it is about. ``plan`` is locked by the caller.

    Raises Conflict where it is done already, or cancelled.
    """
    if plan.status != Plan.Status.PLANNED:
        raise Conflict(f"This is {plan.status} already.")
    plan.status = Plan.Status.DONE
    log(plan=plan, notes=notes, occurred_at=occurred_at, duration=duration)
    plan.derive()
    plan.save(update_fields=["status", "interaction", "remind_at", "updated_at", "updated_by"])
    return plan


@transaction.atomic(savepoint=False)
def log(*, plan: Plan, notes: str = "", occurred_at: datetime | None = None, duration: int | None = None) -> None:
    """Put a plan that is done on its record's timeline, once, however often it is done. The caller saves the plan."""
    if plan.interaction_id or plan.record is None:
        return
    plan.interaction = Interaction.objects.create(
        type=LOGGED_AS[Plan.Type(plan.activity_type)],
        direction=plan.direction,
        subject=plan.subject,
        notes=notes or plan.description,
        occurred_at=occurred_at or min(plan.start, timezone.now()),
        duration=duration if duration is not None else plan.duration,
        **{str(plan.record._meta.model_name): plan.record},
    )
