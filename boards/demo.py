"""A board of the demo: what the team prepares together. Called inside the organization's scope."""

from datetime import timedelta

from django.utils import timezone

from common.people.models import Profile
from common.records.models import MODULES
from common.records.serializers import add_links

from .models import Board, Card, Column

COLUMNS = (("Ideas", None), ("Doing", 3), ("Waiting for others", None), ("Done", None))
#: By the domain of the demo's organization: title, column, due in days, about a lead.
CARDS: dict[str, tuple[tuple[str, str, int | None, bool], ...]] = {
    "fjord.example": (
        ("Stand for the boat fair", "Doing", 12, False),
        ("Photos of the new season", "Doing", 5, False),
        ("Offer a test day to our best leads", "Ideas", None, True),
        ("Newsletter in two languages", "Ideas", 30, False),
        ("Prices from the printer", "Waiting for others", 3, False),
        ("Thank-you cards to last year's customers", "Done", None, False),
    ),
    "lumen.example": (
        ("Open day in spring", "Doing", 12, False),
        ("Rooms for the evening courses", "Doing", 5, False),
        ("Invite those who ask to a trial lesson", "Ideas", None, True),
        ("Course books from the publisher", "Waiting for others", 3, False),
        ("Certificates of last term", "Done", None, False),
    ),
}


def add_demo(domain: str, staff: list[Profile]) -> None:
    board = Board.objects.create(
        name="Spring season", description="What we prepare before the season begins", created_by=staff[0]
    )
    add_links(board, "members", [profile.pk for profile in staff])
    columns = {}
    for position, (name, limit) in enumerate(COLUMNS):
        columns[name] = Column.objects.create(board=board, name=name, position=position, wip_limit=limit)
    lead = MODULES["leads"].objects.order_by("created_at").first()
    for number, (title, column, days, about_lead) in enumerate(CARDS[domain]):
        due = timezone.localdate() + timedelta(days=days) if days else None
        card = Card.objects.create(
            board=board, column=columns[column], title=title, due_date=due, lead=lead if about_lead else None
        )
        add_links(card, "members", [staff[number % len(staff)].pk])
