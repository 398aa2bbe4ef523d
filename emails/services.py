"""What happens to mails beyond their own row: they are composed, handed over to be sent, called back and delivered."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.files.base import ContentFile
from django.db import DatabaseError, transaction
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from common.api.errors import Conflict
from common.html import text_of
from common.people.models import Profile
from common.records.models import Attachment, BaseRecord

from . import letters
from .failures import invalid_addresses, is_permanent, reason
from .merge import address_of, filled
from .models import BlockedAddress, Email, EmailTemplate
from .validators import MAX_ADDRESSES

#: After so many a mail has failed; the last one is about four hours after the first.
MAX_ATTEMPTS = 8
FARTHEST = timedelta(days=366)
CONTENT = ("to", "cc", "bcc", "subject", "body_text", "body_html", "template", "answers", "with_tracking")


def composed(values: dict[str, Any], *, by: Profile) -> dict[str, Any]:
    """What a new mail gets beside what was given: the rest from its template, from the mail it answers, and from its record.

    Raises ValidationError for a field of the template that its record has not.
    """
    more: dict[str, Any] = {}
    if answered := values.get("answers"):
        more |= {"thread": answered.thread, **about(answered, values)}
        more |= {"subject": reply_subject(answered.subject), "to": [letters.address_in(answered.sender)]}
        if answered.status != Email.Status.RECEIVED:
            more["to"] = answered.to
    record = record_in({**more, **values})
    if template := values.get("template"):
        more |= merged_with(template, record, by)
    if not more.get("to") and (address := address_of(record, by)):
        more["to"] = [address]
    given = {name: value for name, value in values.items() if value not in ("", [], None)}
    return more | given | text_for({**more, **given})


def about(mail: Email, values: dict[str, Any]) -> dict[str, Any]:
    """The record of a mail, for one that names none itself."""
    if record_in(values) or (record := mail.record) is None:
        return {}
    return {str(record._meta.model_name): record}


def record_in(values: dict[str, Any]) -> BaseRecord | None:
    return next((values[name] for name in Email.record_types() if values.get(name)), None)


def reply_subject(subject: str) -> str:
    return (subject if subject.lower().startswith("re:") else f"Re: {subject}")[:200]


def merged_with(template: EmailTemplate, record: BaseRecord | None, by: Profile) -> dict[str, str]:
    texts = {name: getattr(template, name) for name in ("subject", "body_text", "body_html")}
    try:
        return filled(texts, record, by)
    except DjangoValidationError as error:
        raise ValidationError({"template": error.messages}) from error


def text_for(values: dict[str, Any]) -> dict[str, str]:
    """The plain text of a mail of which only HTML was given."""
    html = values.get("body_html")
    return {"body_text": text_of(html)} if html and not values.get("body_text") else {}


@transaction.atomic
def attach(*, mail: Email, attachments: list[Attachment]) -> None:
    """Put copies of files into a mail, so that what was sent is still there when the files are gone."""
    require_unsent(mail)
    for attachment in attachments:
        with attachment.file.open("rb") as stored:
            copy = ContentFile(stored.read(), name=attachment.file_name)
        name, size, kind = attachment.file_name, attachment.size, attachment.content_type
        Attachment.objects.create(email=mail, file=copy, file_name=name, size=size, content_type=kind)


@transaction.atomic
def send(*, mail: Email, by: Profile, at: datetime | None = None) -> None:
    """Hand a mail over to be sent, now or at a time. ``mail`` is locked by the caller.

    Raises Conflict when it is on its way or was sent, ValidationError where it cannot be sent.
    """
    from .tasks import send_email

    require_unsent(mail)
    now = timezone.now()
    if at and not now < at < now + FARTHEST:
        raise ValidationError({"send_at": ["A moment within a year from now is required."]})
    check(mail)
    mail.status, mail.send_at = (Email.Status.SCHEDULED, at) if at else (Email.Status.SENDING, None)
    mail.next_attempt_at, mail.attempts, mail.error = at or now, 0, ""
    mail.sent_by, mail.sender = by, letters.sender_of(by)
    mail.message_id = mail.message_id or letters.new_message_id(mail)
    mail.save()
    if at is None:
        pk = str(mail.pk)
        transaction.on_commit(lambda: send_email.delay(pk), robust=True)


@transaction.atomic
def call_back(*, mail: Email) -> None:
    """Make a draft again of a mail that was not sent yet. ``mail`` is locked by the caller. Raises Conflict."""
    if mail.status not in Email.WAITING:
        raise Conflict("This mail is not on its way.")
    mail.status, mail.send_at, mail.next_attempt_at = Email.Status.DRAFT, None, None
    mail.save()


def require_unsent(mail: Email) -> None:
    if mail.status == Email.Status.SENDING:
        raise Conflict("This mail is on its way. Call it back first.")
    if mail.status not in Email.UNSENT:
        raise Conflict("This mail was sent already." if mail.status in Email.ARRIVED else "This mail came from outside.")


def check(mail: Email) -> None:
    """Raises ValidationError where a mail cannot be sent, saying why."""
    if not mail.to:
        raise ValidationError({"to": ["A mail needs somebody to go to."]})
    if len(mail.recipients) > MAX_ADDRESSES:
        raise ValidationError({"to": [f"A mail may have at most {MAX_ADDRESSES} addresses in all."]})
    if not (mail.subject or mail.body_text or mail.body_html):
        raise ValidationError({"subject": ["A mail needs a subject or a text."]})
    blocked = dict(
        BlockedAddress.objects.filter(address__in=[entry.lower() for entry in mail.recipients]).values_list("address", "reason")
    )
    for name in ("to", "cc", "bcc"):
        for entry in getattr(mail, name):
            if reason := blocked.get(entry.lower()):
                raise ValidationError({name: [f"{entry} gets no mail: {reason}. Take the address out, or unblock it."]})
    size = sum(Attachment.objects.filter(email=mail).values_list("size", flat=True))
    if size > settings.MAX_ATTACHMENT_BYTES:
        raise ValidationError(
            {"attachments": [f"The files come to {size} bytes; a mail may have {settings.MAX_ATTACHMENT_BYTES}."]}
        )


# --- Delivery


@transaction.atomic
def deliver(mail_id: UUID | str) -> bool:
    """Send a mail that is due. Returns whether it was sent.

    Who has locked the row sends, so two workers never do. A worker that dies leaves the mail due, and the next takes over; it
    goes out twice only where one dies between the mail server's yes and our commit, and then bears the same Message-ID.
    """
    now = timezone.now()
    rows = Email.with_bin.select_for_update(of=("self",), skip_locked=True)
    mail = rows.filter(pk=mail_id, status__in=Email.WAITING, next_attempt_at__lte=now).first()
    if mail is None:
        return False
    if mail.deleted_at is not None:
        call_back(mail=mail)
        return False
    mail.attempts += 1
    try:
        check(mail)
        letters.build(mail).send()
    except DatabaseError:
        raise
    except Exception as error:  # noqa: BLE001 -- backends raise what their transport raises; it is shown to the writer
        note_failure(mail, error)
    else:
        mail.status, mail.sent_at, mail.next_attempt_at, mail.error = Email.Status.SENT, timezone.now(), None, ""
    mail.save()
    return mail.status == Email.Status.SENT


def note_failure(mail: Email, error: Exception) -> None:
    """Keep the reason, and try again later unless the answer will be the same."""
    mail.error = reason(error)
    final = is_permanent(error) or mail.attempts >= MAX_ATTEMPTS
    mail.status = Email.Status.FAILED if final else mail.status
    mail.next_attempt_at = None if final else timezone.now() + timedelta(minutes=2**mail.attempts)
    for address in invalid_addresses(error):
        block(address, mail.error)


def block(address: str, why: str) -> None:
    """An address that does not exist gets no mail any more."""
    defaults = {"reason": BlockedAddress.Reason.INVALID, "note": why[:500]}
    BlockedAddress.objects.get_or_create(address=address.lower(), defaults=defaults)
