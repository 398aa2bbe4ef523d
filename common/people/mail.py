"""Mails of the platform: stored with the change that causes them, sent after it, tried again until it works."""

import re
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from .models import OutgoingMail

MAX_ATTEMPTS = 8
#: What an iCalendar is called in a mail.
CALENDAR = "invite.ics"


def queue_mail(
    to: str,
    template: str,
    *,
    pdf: tuple[str, bytes] | None = None,
    calendar: bytes | None = None,
    headers: dict[str, str] | None = None,
    **context: Any,
) -> None:
    """Store a mail made of ``templates/mail/<template>.txt`` (its first line is the subject) and ``.html``.

    ``pdf`` is attached to it, as (file name, content); or ``calendar``, an iCalendar.
    ``headers`` are further ones, or replace the usual From.
    """
    from common.tasks import send_mail_task

    context |= {"site": settings.DOMAIN_NAME}
    subject, _, text = render_to_string(f"mail/{template}.txt", context).partition("\n")
    html = render_to_string(f"mail/{template}.html", context | {"subject": subject})
    name, content = pdf or (CALENDAR if calendar else "", calendar)
    mail = OutgoingMail.objects.create(
        to=to,
        subject=" ".join(subject.split())[:200],
        text=text.strip() + "\n",
        html=html,
        attachment=content,
        attachment_name=name,
        headers=headers or {},
    )
    transaction.on_commit(lambda: send_mail_task.delay(str(mail.pk)), robust=True)


def send_mail(mail_id: str) -> bool:
    """Send a stored mail, once. What fails is tried again later, at growing intervals; sent text is not kept.

    Of a worker that dies between the mail server's yes and the commit, nobody knows whether the mail went out: it is sent
    again, and by the same Message-ID a mail system recognizes the second one.
    """
    with transaction.atomic():
        mail = OutgoingMail.objects.select_for_update(skip_locked=True).filter(pk=mail_id, sent_at=None).first()
        if mail is None:
            return False
        headers = {"Message-ID": f"<{mail.pk}@{sending_domain()}>"} | mail.headers  # the same each time it is tried
        message = EmailMultiAlternatives(mail.subject, mail.text, settings.DEFAULT_FROM_EMAIL, [mail.to], headers=headers)
        message.attach_alternative(mail.html, "text/html")
        if mail.attachment:
            attach(message, mail.attachment_name, bytes(mail.attachment))
        mail.attempts += 1
        try:
            message.send()
        except Exception as error:  # noqa: BLE001 -- backends raise what their transport raises; all of it means: try again
            mail.error = f"{type(error).__name__}: {error}"[:1000]
            mail.next_attempt_at = timezone.now() + timedelta(minutes=2**mail.attempts)
        else:
            mail.sent_at, mail.text, mail.html, mail.attachment, mail.error = timezone.now(), "", "", None, ""
        mail.save()
    return mail.sent_at is not None


def attach(message: EmailMultiAlternatives, name: str, content: bytes) -> None:
    """A PDF beside the mail; an iCalendar also as one of its forms, so that mail programs show it as an invitation."""
    if name != CALENDAR:
        message.attach(name, content, "application/pdf")
        return
    text = content.decode()
    method = re.search(r"^METHOD:(\w+)", text, re.MULTILINE)
    message.attach_alternative(text, f"text/calendar; method={method[1] if method else 'PUBLISH'}")
    message.attach(name, content, "application/ics")


def sending_domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"


def due_mails() -> list[str]:
    due = OutgoingMail.objects.filter(sent_at=None, attempts__lt=MAX_ATTEMPTS, next_attempt_at__lte=timezone.now())
    return [str(pk) for pk in due.order_by("next_attempt_at").values_list("pk", flat=True)[:500]]


class FileBackend(BaseEmailBackend):
    """Writes each mail to ``$ATRIUM_HOME/mail/`` as one file: .eml, which mail programs open."""

    def send_messages(self, email_messages: Any) -> int:
        directory = Path(settings.EMAIL_FILE_PATH)
        directory.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            address = message.to[0].replace("/", "_")[:100]  # a file's name is shorter than an address can be
            name = f"{timezone.now():%Y%m%d-%H%M%S-%f}-{address}.eml"
            (directory / name).write_bytes(message.message().as_bytes())
        return len(email_messages)
