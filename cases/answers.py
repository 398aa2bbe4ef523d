"""What is written to customers by mail: answers, canned or not, and surveys."""

from email.utils import formataddr, make_msgid, parseaddr
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from common import links
from common.api.errors import Conflict
from common.merge_fields import merged
from common.people.mail import queue_mail
from common.people.models import Profile
from common.records.models import Interaction
from common.records.serializers import find_stage
from common.records.stages import move

from .models import CannedAnswer, Case, CaseMail, Mailbox, Survey
from .services import note_answer

MAX_RECIPIENTS = 20


@transaction.atomic
def reply(*, case: Case, by: Profile, text: str = "", canned_answer: CannedAnswer | None = None, status: str = "") -> Interaction:
    """Answer the customer by mail: with a canned text, an own one, or both. Then the case may go to another stage.

    ``case`` is locked by the caller. Raises ValidationError where there is no text, or nobody to write to.
    """
    canned = merged(canned_answer.text, values_of(case, by)) if canned_answer else ""
    whole = "\n\n".join(part for part in (canned.strip(), text.strip()) if part)
    if not whole:
        raise ValidationError({"text": ["Write something, or choose a canned answer."]})
    for address in addresses_of(case):
        send(case, address, whole)
    interaction = Interaction.objects.create(
        case=case,
        type=Interaction.Type.EMAIL,
        direction=Interaction.Direction.OUTBOUND,
        subject=case.name,
        notes=whole,
    )
    note_answer(case)
    if status:
        move(case, stage=find_stage(case.module, status, None, case.stage_id))
    return interaction


def addresses_of(case: Case) -> list[str]:
    """Whom to write to: who wrote last, or else the contacts."""
    last = mails_of(case).filter(direction=CaseMail.Direction.INBOUND, is_automatic=False).order_by("-id").first()
    if last:
        return [last.address]
    found = case.contacts.exclude(email="").order_by("pk").values_list("email", flat=True)
    if not found:
        raise ValidationError({"contacts": ["There is nobody to write to: no contact of this case has an e-mail address."]})
    return list(dict.fromkeys(found))[:MAX_RECIPIENTS]


def mails_of(case: Case) -> Any:
    """The mails of a case, and of those that were merged into it."""
    return CaseMail.objects.filter(Q(case=case) | Q(case__merged_into=case))


def values_of(case: Case, by: Profile | None = None) -> dict[str, Any]:
    """What the merge fields of a canned answer stand for."""
    contact = case.contacts.order_by("pk").first()
    values = {f"case.{name}": getattr(case, name) for name in ("number", "name", "priority")}
    values |= {f"contact.{name}": getattr(contact, name, "") for name in ("first_name", "last_name")}
    return values | {
        "case.status": case.stage.name,
        "contact.name": contact or "",
        "account.name": case.account or "",
        "agent.name": by or "",
        "org.name": case.org.name,
    }


def send(case: Case, address: str, text: str, *, automatic: bool = False) -> None:
    """Mail a text about a case, so that an answer to it finds the case again."""
    earlier = list(mails_of(case).filter(address=address).order_by("id").values_list("message_id", flat=True))[-20:]
    message_id = make_msgid(domain=urlsplit(settings.DOMAIN_NAME).hostname)
    headers = sender_headers(case) | {"Message-ID": message_id}
    if earlier:
        headers |= {"In-Reply-To": earlier[-1], "References": " ".join(earlier)}
    if automatic:
        headers |= {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}
    subject = f"{'Re: ' if earlier else ''}{' '.join(case.name.split())[:150]} [#{case.number}]"
    queue_mail(address, "case", headers=headers, case=case, subject=subject, text=text)
    direction = CaseMail.Direction.OUTBOUND
    CaseMail.objects.create(case=case, direction=direction, message_id=message_id, address=address, is_automatic=automatic)


def sender_headers(case: Case) -> dict[str, str]:
    """In the organization's name; answers go to its mailbox where it has one."""
    name = " ".join(case.org.name.split())
    headers = {"From": formataddr((name, parseaddr(settings.DEFAULT_FROM_EMAIL)[1]))}
    mailbox = Mailbox.objects.filter(is_active=True).order_by("created_at").first()
    return headers | ({"Reply-To": formataddr((name, mailbox.address))} if mailbox else {})


# --- Surveys


@transaction.atomic
def send_survey(*, case: Case) -> Survey:
    """Ask the customer by mail how the help was. Raises ValidationError where there is nobody to ask."""
    address = addresses_of(case)[0]
    token, token_hash = links.new_token()
    survey = Survey.objects.create(case=case, email=address, token_hash=token_hash)
    link = f"{settings.DOMAIN_NAME}/survey/{token}/"
    queue_mail(address, "survey", headers=sender_headers(case), case=case, org=case.org, link=link)
    return survey


@transaction.atomic
def answer_survey(*, survey: Survey, rating: int, comment: str) -> None:
    """Store an answer, the first only. Raises Conflict."""
    survey = Survey.objects.select_for_update(of=("self",)).get(pk=survey.pk)
    if survey.answered_at is not None:
        raise Conflict("This survey was answered already.")
    survey.rating, survey.comment, survey.answered_at = rating, comment, timezone.now()
    survey.save(update_fields=["rating", "comment", "answered_at", "updated_at", "updated_by"])
