"""Invoices, estimates and payments to look at, for each organization of the demo. Nobody is mailed."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from common.people.models import Profile
from common.records.lines import lines_of, write_lines
from common.tenancy import org_scope

from . import services
from .models import Invoice
from .recurring import mark_overdue, repeat

NOTES = "Please pay by transfer, and name the number of this invoice.\nThank you!"
#: kind, days since it was issued, what became of it
STORY = (
    ("invoice", 70, "paid"),
    ("invoice", 45, "late"),
    ("invoice", 12, "partly"),
    ("estimate", 9, "accepted"),
    ("estimate", 3, "viewed"),
    ("invoice", 1, "credited"),
    ("invoice", 0, "draft"),
)


def add_demo(domain: str, staff: list[Profile]) -> None:
    """In the scope of an organization that has deals with lines."""
    model: Any = Invoice._meta.get_field("opportunity").related_model
    deals = list(model.objects.filter(has_lines=True).order_by("created_at"))
    for number, (kind, days, fate) in enumerate(STORY if deals else ()):
        with org_scope(staff[number % len(staff)]):
            invoice = make(deals[number % len(deals)], kind, timezone.localdate() - timedelta(days=days))
            live(invoice, fate)
    mark_overdue()


def make(deal: Any, kind: str, issued: date) -> Invoice:
    invoice: Invoice = Invoice.objects.create(
        kind=kind, title=deal.name, opportunity=deal, account=deal.account, contact=deal.contacts.first(), currency=deal.currency,
        issue_date=issued, due_date=issued + timedelta(days=30), notes=NOTES,
    )  # fmt: skip
    write_lines(invoice, lines_of(deal))
    invoice.save()
    return invoice


def live(invoice: Invoice, fate: str) -> None:
    if fate == "draft":
        repeat(invoice, rule="FREQ=MONTHLY;BYMONTHDAY=1", starts_on=timezone.localdate() + timedelta(days=1))
        return
    services.issue(invoice)
    if fate in ("paid", "partly"):
        share = invoice.balance if fate == "paid" else Decimal(1000)
        services.pay(invoice, amount=share, reference=f"TR-{invoice.number[-4:]}")
    if fate in ("viewed", "late"):
        services.note_view(invoice)
    if fate == "accepted":
        services.answer(invoice, accepted=True, by=str(invoice.contact or "The customer"))
        services.bill(invoice)
    if fate == "credited":
        services.credit(
            invoice, lines=[{"description": "A scratch on delivery", "price": Decimal(100)}], reason="With our apologies."
        )
