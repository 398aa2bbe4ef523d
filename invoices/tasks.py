"""What time brings about, for every organization. Each may run twice or die halfway."""

from celery import shared_task

from common.people.models import Org
from common.tenancy import org_scope

from . import recurring


@shared_task
def make_recurring_invoices() -> int:
    count = 0
    for org in Org.objects.filter(is_active=True):
        with org_scope(org, source="system"):
            count += sum(recurring.make_due(rule) for rule in recurring.due_rules())
    return count


@shared_task
def look_after_invoices() -> int:
    """Mark what is overdue, and remind the customers."""
    count = 0
    for org in Org.objects.filter(is_active=True):
        with org_scope(org, source="system"):
            count += recurring.mark_overdue()
            count += sum(recurring.remind_if_due(invoice) for invoice in recurring.due_reminders())
    return count
