"""What the people of the demo have to do."""

from datetime import timedelta
from itertools import cycle

from django.utils import timezone

from common.people.models import Profile
from common.records.models import MODULES
from common.records.serializers import find_stage
from common.tenancy import org_scope

from .models import ChecklistItem, Task
from .services import settle

#: Title, priority, due in days, status, rule, checklist.
TASKS = (
    ("Call back about the offer", "High", -2, "New", "", ()),
    ("Prepare the demo", "High", 1, "In Progress", "", ("Charge the batteries", "Print the price list", "Book a place")),
    ("Send the signed contract", "Medium", 3, "New", "", ()),
    ("Check open offers", "Medium", 0, "New", "FREQ=WEEKLY", ("Older than two weeks", "Without a next step")),
    ("Report to the management", "Low", 12, "New", "FREQ=MONTHLY", ()),
    ("Thank them for the order", "Low", -5, "Completed", "", ()),
)


def add_demo(domain: str, staff: list[Profile]) -> None:
    """Tasks of ``staff``, about leads of the org, in whose scope this is called."""
    leads, today = cycle(MODULES["leads"].objects.order_by("created_at")[:20]), timezone.localdate()
    for number, (title, priority, days, status, rule, items) in enumerate(TASKS * 2):
        person = staff[number % len(staff)]
        with org_scope(person):
            task = Task.objects.create(
                title=title,
                priority=priority,
                due_date=today + timedelta(days=days),
                stage=find_stage("tasks", status),
                recurrence=rule,
                lead=next(leads) if not rule else None,
            )
            task.assigned_to.add(person)
            for position, text in enumerate(items):
                ChecklistItem.objects.create(task=task, text=text, position=position, done=position == 0)
            settle(task=task)
