"""What takes place in the demo."""

from datetime import datetime, time, timedelta

from django.utils import timezone

from common.calendar.rules import moment_of
from common.calendar.zones import zone_of
from common.people.models import Profile
from common.records.models import MODULES
from common.tenancy import org_scope

from .models import Event, Participant

ANSWERS = ("accepted", "needs-action", "tentative", "declined")
#: Title, type, in days, hour, minutes, rule, where, with a customer.
SHOWN = {"fjord.example": ("Demo on the water", "Pier 4"), "lumen.example": ("Trial lesson", "Room 12")}
EVENTS = (
    ("Sales stand-up", "Meeting", -28, 9, 15, "FREQ=WEEKLY", "Kitchen", False),
    ("", "Demo", 2, 10, 90, "", "", True),  # as SHOWN
    ("First meeting", "Meeting", 4, 14, 60, "", "Online", True),
    ("Price negotiation", "Call", 5, 11, 30, "", "", True),
    ("Trade fair", "Other", 30, 0, 3 * 24 * 60, "", "Hall 7", False),
)


def add_demo(domain: str, staff: list[Profile]) -> None:
    """Events of ``staff`` with customers of the org, in whose scope this is called. Nobody is mailed."""
    zone, today = zone_of(), timezone.localdate()
    contacts = list(MODULES["contacts"].objects.order_by("created_at")[:20])
    for number, (title, kind, days, hour, minutes, rule, where, with_customer) in enumerate(EVENTS):
        person = staff[number % len(staff)]
        title, where = (title, where) if title else SHOWN[domain]
        start = moment_of(datetime.combine(today + timedelta(days=days), time(hour)), zone)
        with org_scope(person):
            event = Event(title=title, event_type=kind, start=start, end=start + timedelta(minutes=minutes), timezone=zone.key,
                          all_day=hour == 0, recurrence=rule, location=where, reminders=[15])  # fmt: skip
            event.derive()
            event.save(force_insert=True)
            event.assigned_to.add(person)
            for other, answer in zip(staff, ANSWERS, strict=False):
                Participant.objects.create(event=event, profile=other, name=str(other), email=other.user.email, response=answer)
            if with_customer and contacts:
                contact = contacts[number % len(contacts)]
                Participant.objects.create(event=event, contact=contact, name=str(contact), email=contact.email)
