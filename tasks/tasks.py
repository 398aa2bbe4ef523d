"""What becomes of tasks by itself."""

from celery import shared_task

from common.people.models import Org
from common.tenancy import org_scope

from .services import make_due_tasks


@shared_task
def make_recurring_tasks() -> int:
    """The next task of each series whose last one is due, in all orgs."""
    count = 0
    for org in Org.objects.filter(is_active=True):
        with org_scope(org, source="system"):
            count += make_due_tasks()
    return count
