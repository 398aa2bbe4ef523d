"""What the people of the demo plan."""

from datetime import timedelta

from django.utils import timezone

from common.people.models import Profile
from common.records.models import MODULES
from common.tenancy import org_scope

from .models import Plan
from .services import finish

#: Subject, type, direction, in hours, minutes, what came of it (of what is done).
PLANS = (
    ("Ask how the offer reads", "call", "outbound", -26, 15, "Likes it. Wants to talk to a customer of ours first."),
    ("Find out who decides", "call", "outbound", 3, 10, ""),
    ("Send the price list", "email", "outbound", 5, 10, ""),
    ("Walk through the contract", "meeting", "", 49, 45, ""),
    ("Write down what they need", "todo", "", -50, 20, "For twelve people, from spring on."),
)


def add_demo(domain: str, staff: list[Profile]) -> None:
    """Plans of ``staff`` with leads of the org, in whose scope this is called; some of them done."""
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    for number, lead in enumerate(MODULES["leads"].objects.order_by("created_at")[:10]):
        subject, kind, direction, hours, minutes, notes = PLANS[number % len(PLANS)]
        person = staff[number % len(staff)]
        with org_scope(person):
            plan = Plan.objects.create(subject=subject, activity_type=kind, direction=direction, lead=lead, duration=minutes,
                                       start=now + timedelta(hours=hours))  # fmt: skip
            plan.assigned_to.add(person)
            if notes:
                finish(plan=plan, notes=notes)
