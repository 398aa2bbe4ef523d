"""Reminders of tasks, events and plans."""

from celery import shared_task

from common.calendar.scheduled import Scheduled, orgs_to_remind, send_reminders
from common.records.models import MODULES
from common.tenancy import org_scope


@shared_task
def send_due_reminders() -> int:
    """Remind whoever has to be reminded by now, in all orgs."""
    count = 0
    for model in MODULES.values():
        if issubclass(model, Scheduled):
            for org_id in orgs_to_remind(model):
                with org_scope(org_id, source="system"):
                    count += send_reminders(model)
    return count
