"""Mail from customers: it opens a case, or goes to the one that it answers."""

from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from common.inbound import MAX_TEXT, ON_FAILURE, InboundMail, attach_files, failure_noted, read_mail
from common.merge_fields import merged
from common.notifications.services import notify
from common.records.comments import AttachmentSerializer
from common.records.models import Interaction
from common.records.serializers import find_stage

from .answers import mails_of, send, values_of
from .models import Case, CaseMail, Mailbox
from .services import customer_wrote, opened
from .sla import who_cares

#: Whoever sends more within an hour gets no automatic answer any more: most likely it is a machine.
MANY = 10


@dataclass(frozen=True)
class Taken:
    """What became of a mail: it "opened" a case, was "added" to one, said that a mail "bounced", was "known" already, or
    "ignored"."""

    outcome: str
    case: Case | None = None


def take_in(mailbox: Mailbox, raw: bytes) -> Taken:
    """Raises TooLarge and NotAMail. The same mail again, even at the same moment, changes nothing."""
    mail = read_mail(raw)
    if CaseMail.objects.filter(message_id=mail.message_id).exists():
        return Taken("known")
    if mail.sender in own_addresses():
        return Taken("ignored")
    if mail.failures:
        bounced = failure_noted(mail)
        return Taken("bounced" if bounced else "ignored", bounced if isinstance(bounced, Case) else None)
    try:
        return file(mailbox, mail)
    except IntegrityError:
        if CaseMail.objects.filter(message_id=mail.message_id).exists():  # another worker was faster
            return Taken("known")
        raise


@transaction.atomic
def file(mailbox: Mailbox, mail: InboundMail) -> Taken:
    case = find_case(mail)
    if case is None:
        if mail.is_reply_by_machine:
            return Taken("ignored")
        case = open_case(mail)
        note(case, mail)
        if mailbox.auto_answer and may_answer(mail):
            send(case, mail.sender, merged(mailbox.auto_answer.text, values_of(case)), automatic=True)
        return Taken("opened", case)
    note(case, mail)
    refused = attach_files(mail, case=case)
    Interaction.objects.create(
        case=case,
        type=Interaction.Type.EMAIL,
        direction=Interaction.Direction.INBOUND,
        subject=mail.subject[:200],
        notes=with_notes(shortened(case, mail), [f"From: {mail.sender}"], refused),
    )
    if not mail.is_automatic:
        customer_wrote(case=case, who=mail.sender_name or mail.sender)
    return Taken("added", case)


@transaction.atomic
def note_bounce(report: InboundMail) -> Case | None:
    """A case whose mail did not arrive shows why, and those who work on it are told, once. It stays in its stage."""
    case = find_case(report)
    if case is None or CaseMail.objects.filter(message_id=report.message_id).exists():
        return case
    note(case, report)
    told = list(dict.fromkeys(f"Not delivered to {failure.address}: {failure.reason}" for failure in report.failures))
    Interaction.objects.create(
        case=case,
        type=Interaction.Type.EMAIL,
        direction=Interaction.Direction.INBOUND,
        subject=report.subject[:200],
        notes="\n".join(told)[:MAX_TEXT],
    )
    notify(to=who_cares(case), kind="answered", record=case, text=f"#{case.number} {case.name}: {told[0]}")
    return case


ON_FAILURE.append(note_bounce)


def note(case: Case, mail: InboundMail) -> None:
    CaseMail.objects.create(
        case=case,
        direction=CaseMail.Direction.INBOUND,
        message_id=mail.message_id,
        address=mail.sender,
        is_automatic=mail.is_automatic,
    )


def open_case(mail: InboundMail) -> Case:
    contact = contact_of(mail.sender)
    case = Case(name=mail.subject[:200] or "(no subject)", stage=find_stage(Case.module), account=contact and contact.account)
    case.save(force_insert=True)
    if contact:
        case.contacts.add(contact)
    refused = attach_files(mail, case=case)
    case.description = with_notes(shortened(case, mail), [], refused)
    case.save(update_fields=["description"])
    opened(case=case)
    return case


def contact_of(address: str) -> Any:
    """The contact with an e-mail address, or None."""
    contacts: Any = Case._meta.get_field("contacts").related_model
    return contacts.objects.filter(email=address).order_by("created_at").first()


def find_case(mail: InboundMail) -> Case | None:
    """The case that a mail belongs to, locked: by what it answers, or by the number in its subject.

    A number alone can be guessed: it counts only from somebody who is in the case. Of a merged case, where it went.
    """
    known = CaseMail.objects.filter(message_id__in=mail.references, case__deleted_at=None).order_by("-id").first()
    case = known.case if known else None
    if case is None and mail.token:
        numbered = Case.objects.filter(number=mail.token).first()
        case = numbered if numbered and takes_part(numbered, mail.sender) else None
    while case is not None and case.merged_into is not None:
        case = case.merged_into
    return Case.objects.select_for_update(of=("self",)).filter(pk=case.pk).first() if case else None


def takes_part(case: Case, address: str) -> bool:
    return case.contacts.filter(email=address).exists() or mails_of(case).filter(address=address).exists()


def shortened(case: Case, mail: InboundMail) -> str:
    """The mail's text; of a very long one the beginning, and all of it as a file."""
    if len(mail.text) <= MAX_TEXT:
        return mail.text
    whole = {"file": SimpleUploadedFile("mail.txt", mail.text.encode())}
    serializer = AttachmentSerializer(data=whole, context={"profile": None})
    serializer.is_valid(raise_exception=True)
    serializer.save(case=case)
    return f"{mail.text[:MAX_TEXT]}…\n\n[The whole text is attached: mail.txt]"


def with_notes(text: str, before: list[str], after: list[str]) -> str:
    return "\n\n".join(part for part in ("\n".join(before), text, "\n".join(after)) if part)


# --- Loops


def own_addresses() -> set[str]:
    """Ours: what comes from there is our own mail coming back."""
    return {*Mailbox.objects.values_list("address", flat=True), parseaddr(settings.DEFAULT_FROM_EMAIL)[1].lower()}


def may_answer(mail: InboundMail) -> bool:
    """Whether an automatic answer would go to a person, and not start two machines talking."""
    hour_ago = timezone.now() - timedelta(hours=1)
    lately = CaseMail.objects.filter(address=mail.sender, created_at__gte=hour_ago, direction=CaseMail.Direction.INBOUND)
    return not mail.is_automatic and lately.count() <= MANY
