"""What emails do later or regularly. Thin: ids in, scope opened, service called."""

from celery import shared_task
from django.utils import timezone

from common.mailboxes.imap import fetch_all
from common.tenancy import all_orgs, org_scope

from .inbound import take_in
from .models import Email, MailAccount
from .services import deliver

AT_ONCE = 500


@shared_task
def send_email(mail_id: str) -> bool:
    return deliver(mail_id)


@shared_task
def send_due_emails() -> int:
    """What is scheduled for now, and what a dead worker or a mail server's refusal left unsent."""
    with all_orgs():  # the platform's own work: one question for all orgs instead of one for each
        due = Email.with_bin.filter(next_attempt_at__lte=timezone.now(), status__in=Email.WAITING)
        found = list(due.order_by("next_attempt_at").values_list("org_id", "pk")[:AT_ONCE])
    count = 0
    for org_id, mail_id in found:
        with org_scope(org_id, source="system"):
            count += deliver(mail_id)
    return count


@shared_task
def fetch_mail() -> int:
    """Have each organization's mail accounts read, each in a task of its own: a slow server holds up nobody else."""
    with all_orgs():  # as above
        orgs = list(MailAccount.objects.filter(is_active=True).exclude(imap_host="").order_by().values_list("org_id").distinct())
    for (org_id,) in orgs:
        with org_scope(org_id, source="mail"):
            fetch_mail_of_org.delay()
    return len(orgs)


@shared_task
def fetch_mail_of_org() -> int:
    """In the scope that it was sent from."""
    return fetch_all(MailAccount, take_in)
