"""What the help desk does regularly. Thin: a scope for each org, a service in it."""

from celery import shared_task

from common.people.models import Org
from common.tenancy import org_scope

from .mailboxes import fetch_all
from .sla import raise_alerts


@shared_task
def watch_clocks() -> int:
    """Warn of deadlines that come near, and escalate what was promised and not kept."""
    count = 0
    for org in Org.objects.filter(is_active=True):
        with org_scope(org, source="system"):
            count += raise_alerts()
    return count


@shared_task
def fetch_mail() -> int:
    """Have each organization's mailboxes read, each in a task of its own: a slow server holds up nobody else."""
    orgs = Org.objects.filter(is_active=True)
    for org in orgs:
        with org_scope(org, source="system"):
            fetch_mail_of_org.delay()
    return len(orgs)


@shared_task
def fetch_mail_of_org() -> int:
    """In the scope that it was sent from."""
    return fetch_all()
