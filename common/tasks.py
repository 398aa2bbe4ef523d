"""What ``common`` does later or regularly. Thin: ids in, scope opened, service called."""

import logging
from datetime import timedelta
from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from common.notifications.services import send_digests
from common.notifications.stream import read_stream
from common.people.mail import due_mails, send_mail
from common.people.models import Org, Session
from common.people.services import send_password_reset, send_verification_again
from common.records.models import RECORD_MODELS
from common.records.services import purge
from common.tenancy import org_scope

logger = logging.getLogger(__name__)


@shared_task
def send_mail_task(mail_id: str) -> bool:
    return send_mail(mail_id)


@shared_task
def send_password_reset_task(email: str) -> None:
    send_password_reset(email)


@shared_task
def send_verification_task(email: str) -> None:
    send_verification_again(email)


@shared_task
def send_due_mails() -> int:
    """What a dead worker or a mail server's refusal left unsent."""
    return sum(send_mail(mail_id) for mail_id in due_mails())


@shared_task
def empty_bins() -> int:
    """Delete for good what has been in a bin for 30 days."""
    before, count = timezone.now() - timedelta(days=settings.BIN_DAYS), 0
    for org in Org.objects.all():
        with org_scope(org):
            count += sum(purge(model, before) for model in RECORD_MODELS.values())
    return count


@shared_task
def tell_of_changes() -> int:
    """Notify people of what the activity stream has to tell."""
    return read_stream()


@shared_task
def send_daily_mails() -> int:
    """The daily mail of notifications, where it is past the hour for it."""
    count = 0
    for org in Org.objects.filter(is_active=True):
        with org_scope(org, source="system"):
            count += send_digests(org)
    return count


@shared_task
def forget_old_sessions() -> Any:
    return Session.objects.filter(expires_at__lt=timezone.now()).delete()[0]
