"""Mails to look at, for each organization of the demo."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from common.html import html_of
from common.people.models import Profile
from common.records.models import RECORD_MODELS
from common.records.serializers import add_links

from .models import Email, EmailTemplate, Signature

TEMPLATES = (
    (
        "First answer",
        "Your question, {{ record.name }}",
        "Dear {{ record.name }},\n\nthank you for asking. May I call you this week?",
    ),
    (
        "Offer is out",
        "Our offer",
        "Dear {{ contact.first_name }},\n\nour offer for {{ record.name }} is on its way.\n\n{{ org.name }}",
    ),
)
#: subject, what we wrote, what was answered (or nothing), how often it was opened; by the domain of the demo's organization
MAILS: dict[str, tuple[tuple[str, str, str, int], ...]] = {
    "fjord.example": (
        ("Kayaks for the summer season", "Hello,\n\nthe list of boats that we have in stock: https://fjord.example/stock", "", 0),
        (
            "Your trial paddle on Saturday",
            "Hello,\n\nSaturday at ten, at the pier. Bring dry socks.",
            "We will be four, is that fine?",
            3,
        ),
        ("Spray skirts", "Hello,\n\nthey fit all our touring kayaks, in two sizes.", "", 1),
    ),
    "lumen.example": (
        ("Placement test for your team", "Hello,\n\nthe link to the test: https://lumen.example/test", "All eleven are done.", 2),
        ("Course dates in spring", "Hello,\n\nTuesdays or Thursdays, from 18:00.", "", 1),
    ),
}


def add_demo(domain: str, staff: list[Profile]) -> None:
    """In the scope of an organization that has people and leads."""
    for name, subject, text in TEMPLATES if domain in MAILS else ():
        EmailTemplate.objects.create(name=name, subject=subject, body_text=text)
    leads: Any = RECORD_MODELS["lead"].objects.exclude(email="").order_by("created_at")
    for number, (lead, mail) in enumerate(zip(leads, MAILS.get(domain, ()), strict=False)):
        add_mails(staff[number % len(staff)], lead, number, *mail)
    for person in staff if domain in MAILS else ():
        text = f"{person.user.name}\n{person.title}\n{person.org.name}"
        Signature.objects.create(profile=person, text=text, html=html_of(text))


def add_mails(person: Profile, lead: Any, number: int, subject: str, text: str, answer: str, opened: int) -> None:
    """A draft, where nobody has opened it; or a sent mail, and what was answered."""
    sent_at = timezone.now() - timedelta(days=number + 1, hours=3)
    mail = Email.objects.create(lead=lead, to=[lead.email], subject=subject, body_text=text, created_by=person)
    add_links(mail, "assigned_to", [person.pk])
    if not opened:
        return
    sender = f"{person.user.name} <{person.user.email}>"
    mail.status, mail.sent_at, mail.sent_by, mail.sender = Email.Status.SENT, sent_at, person, sender
    mail.message_id = f"<{mail.pk.hex}@{person.user.email.partition('@')[2]}>"
    mail.opened_count, mail.opened_at = opened, sent_at + timedelta(hours=2)
    mail.save()
    if answer:
        reply = Email.objects.create(
            lead=lead, answers=mail, thread=mail.thread, status=Email.Status.RECEIVED, sender=f"{lead.name} <{lead.email}>",
            to=[person.user.email], subject=f"Re: {subject}", body_text=answer, sent_at=sent_at + timedelta(hours=5),
            message_id=f"<answer-{mail.pk.hex}@{lead.email.partition('@')[2]}>",
        )  # fmt: skip
        add_links(reply, "assigned_to", [person.pk])
