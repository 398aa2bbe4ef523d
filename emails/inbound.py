"""Mail from customers: an answer to one of ours, or filed with whoever it is from. Nothing is ever answered by itself."""

from dataclasses import dataclass, replace
from email.utils import formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from common.html import cleaned
from common.inbound import MAX_TEXT, ON_FAILURE, InboundMail, attach_files, failure_noted, read_mail
from common.notifications.services import notify
from common.people.models import Profile
from common.records.models import RECORD_MODELS, BaseRecord
from common.records.serializers import add_links

from .letters import mail_of_token
from .models import Email, MailAccount, MailSettings
from .services import block

MAX_HTML = 200_000
#: Who writes to us is looked for among these, in this order.
SENDERS = ("contact", "lead")


@dataclass(frozen=True)
class Taken:
    """What became of a mail: it "answered" one of ours, or said that one "bounced", was "filed" with its sender, was "known"
    already, or "ignored"."""

    outcome: str
    email: Email | None = None


def take_in(account: MailAccount, raw: bytes) -> Taken:
    """Raises TooLarge and NotAMail. The same mail again, even at the same moment, changes nothing; nor does our own."""
    mail = read_mail(raw)
    if is_known(mail):
        return Taken("known")
    if mail.sender in own_addresses():
        return Taken("ignored")
    if mail.failures:
        bounced = failure_noted(mail)
        return Taken("bounced" if bounced else "ignored", bounced if isinstance(bounced, Email) else None)
    try:
        return file(account, mail)
    except IntegrityError:
        if is_known(mail):  # another worker was faster
            return Taken("known")
        raise


def is_known(mail: InboundMail) -> bool:
    return Email.with_bin.filter(message_id=mail.message_id).exists()


def own_addresses() -> set[str]:
    """Ours: what comes from there is our own mail coming back."""
    chosen = MailSettings.current()
    ours = [chosen.sender_address, chosen.reply_address, parseaddr(settings.DEFAULT_FROM_EMAIL)[1]]
    return {*MailAccount.objects.values_list("address", flat=True), *(address.lower() for address in ours if address)}


@transaction.atomic
def file(account: MailAccount, mail: InboundMail) -> Taken:
    answered = find_answered(mail)
    if answered is not None:
        email = store(account, mail, answered.record, answered)
        return Taken("answered", email)
    if mail.is_automatic or MailSettings.current().unknown_mail == MailSettings.Unknown.IGNORE:
        return Taken("ignored")
    record = record_of(mail.sender, account.profile)
    return Taken("filed", store(account, mail, record)) if record else Taken("ignored")


def find_answered(mail: InboundMail) -> Email | None:
    """The mail of ours that this answers: by the token in the address it was sent to, or by what it refers to."""
    for address in (*mail.delivered_to, *mail.to, *mail.cc):
        token = address.partition("@")[0].rpartition("+")[2]
        if (pk := mail_of_token(token)) and (found := Email.with_bin.filter(pk=pk).first()):
            return found
    return Email.with_bin.filter(message_id__in=mail.references).order_by("-id").first() if mail.references else None


@transaction.atomic
def note_bounce(report: InboundMail) -> Email | None:
    """A mail that did not reach all its addresses shows why; who wrote it is told, once.

    Addresses that do not exist get no mail any more. Anyone can write such a report, so only those count that we wrote to.
    """
    found = find_answered(report)
    mail = Email.with_bin.select_for_update(of=("self",)).filter(pk=found.pk, status__in=Email.ARRIVED).first() if found else None
    if mail is None:
        return None
    written_to = {address.lower() for address in mail.recipients}
    failures = [failure for failure in report.failures if failure.address in written_to] or report.failures[:1]
    lines = dict(line.partition(": ")[::2] for line in mail.error.splitlines())
    lines |= {failure.address: failure.reason for failure in failures}
    if mail.status != Email.Status.BOUNCED:
        text = f"Not delivered to {failures[0].address}: {mail.subject}"
        notify(to=owners(None, mail.record, mail), kind="answered", record=mail.record or mail, text=text)
    mail.status, mail.error = Email.Status.BOUNCED, "\n".join(": ".join(line) for line in lines.items())
    mail.save(update_fields=["status", "error", "updated_at", "updated_by"])
    for failure in failures:
        if failure.is_invalid and failure.address in written_to:
            block(failure.address, failure.reason)
    return mail


ON_FAILURE.append(note_bounce)


def record_of(address: str, person: Profile | None) -> BaseRecord | None:
    """The contact or lead with an e-mail address; in a person's own mail, one that they may see."""
    for name in SENDERS:
        rows: Any = RECORD_MODELS[name].objects
        rows = rows.visible_to(person) if person else rows.all()
        if record := rows.filter(email__in={address, address.lower()}).order_by("created_at").first():
            return record
    return None


def store(account: MailAccount, mail: InboundMail, record: BaseRecord | None, answered: Email | None = None) -> Email:
    """The mail as a record of its own, which those see who wrote what it answers, or have the record it is about."""
    email = Email(
        status=Email.Status.RECEIVED,
        sender=formataddr((mail.sender_name, mail.sender))[:400],
        to=mail.to,
        cc=mail.cc,
        subject=mail.subject[:200],
        body_text=mail.text[:MAX_TEXT],
        body_html=cleaned(mail.html) if len(mail.html) <= MAX_HTML else "",
        answers=answered,
        sent_at=timezone.now(),
        message_id=mail.message_id,
        **({"thread": answered.thread} if answered else {}),
        **({str(record._meta.model_name): record} if record else {}),
    )
    email.save(force_insert=True)
    people = owners(account, record, answered)
    add_links(email, "assigned_to", [person.pk for person in people])
    if len(mail.text) > MAX_TEXT:
        mail = replace(mail, files=[*mail.files, ("whole-text.txt", mail.text.encode())])
    if refused := attach_files(mail, email=email):
        email.body_text = "\n\n".join([email.body_text, *refused])
        email.save(update_fields=["body_text"])
    if not mail.is_automatic:
        what = "answered" if answered else "wrote"
        text = f"{mail.sender_name or mail.sender} {what}: {mail.subject}"
        notify(to=people, kind="answered", record=record or email, text=text)
    return email


def owners(account: MailAccount | None, record: Any, answered: Email | None) -> list[Profile]:
    ids = [answered.sent_by_id or answered.created_by_id] if answered else [account and account.profile_id]
    if hasattr(record, "assigned_to"):
        ids += record.assigned_to.values_list("pk", flat=True) or [record.created_by_id]
    people = Profile.objects.filter(pk__in=[pk for pk in ids if pk], is_active=True)
    return list(people.select_related("user"))
