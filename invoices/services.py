"""What happens to invoices, estimates and credit notes: they are sent, seen, answered, paid, credited, cancelled.

Each function is given the document locked by the caller, and raises Conflict where the document's state does not allow it.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from common.api.errors import Conflict
from common.links import new_token
from common.money import minor_units, rounded, written
from common.people.mail import queue_mail
from common.people.models import Org
from common.records.lines import lines_of, write_lines
from common.records.numbers import next_number
from common.tenancy import current_org_id

from .models import Invoice, Payment
from .pdf import pdf_of

DAYS_TO_PAY = 30
#: Days after the due date on which the customer is reminded.
REMINDED_AFTER = (1, 7, 14, 30)
Kind, Status = Invoice.Kind, Invoice.Status
#: What an organization may still note on a document that is with the customer.
FREE = {"assigned_to", "teams", "tags", "custom_fields", "external_id", "send_reminders"}
NAMES = {Kind.INVOICE: "invoice", Kind.ESTIMATE: "estimate", Kind.CREDIT_NOTE: "credit note"}


def today() -> date:
    """The day that it is where the organization of the scope is."""
    return Org.objects.get(pk=current_org_id()).today


def name_of(invoice: Invoice) -> str:
    return NAMES[Kind(invoice.kind)]


def link_to(invoice: Invoice) -> str:
    return f"{settings.DOMAIN_NAME}/i/{invoice.public_token}/"


def save(invoice: Invoice, *columns: str) -> Invoice:
    invoice.save(update_fields=[*columns, "updated_at", "updated_by"])
    return invoice


def refuse_change(invoice: Invoice, names: set[str]) -> None:
    """What the customer has got is not changed behind their back."""
    if invoice.status != Status.DRAFT and names - FREE:
        raise Conflict(f"This {name_of(invoice)} was sent as {invoice.number}: it can no longer be changed.")


@transaction.atomic(savepoint=False)
def issue(invoice: Invoice) -> Invoice:
    """Give a draft its number, its dates and its link. What is blank is filled in."""
    if invoice.status != Status.DRAFT:
        raise Conflict(f"This {name_of(invoice)} was sent already, as {invoice.number}.")
    if not invoice.lines.exists():
        raise ValidationError({"lines": [f"The {name_of(invoice)} has no lines yet."]})
    if not invoice.currency:
        raise ValidationError({"currency": ["Give it a currency."]})
    day = today()
    invoice.issue_date = invoice.issue_date or day
    invoice.due_date = invoice.due_date or max(invoice.issue_date, day) + timedelta(days=DAYS_TO_PAY)
    invoice.bill_from = invoice.bill_from or invoice.org.name
    invoice.bill_to = invoice.bill_to or address_of(invoice)
    invoice.number = next_number(invoice.kind, day.year)
    invoice.public_token, invoice.public_hash = new_token()
    invoice.sent_at = timezone.now()
    invoice.status = invoice.standing(day) if invoice.kind == Kind.INVOICE else Status.SENT
    invoice.save()
    return invoice


def address_of(invoice: Invoice) -> str:
    account, contact = invoice.account, invoice.contact
    parts = [
        account.name if account else "",
        str(contact or ""),
        account.billing_address if account else getattr(contact, "address", ""),
    ]
    return "\n".join(part for part in parts if part)


@transaction.atomic(savepoint=False)
def send(invoice: Invoice, *, to: str = "", message: str = "", mail: bool = True) -> Invoice:
    """Issue a draft and mail it, to its contact or to ``to``."""
    address = recipient(invoice, to) if mail else ""
    issue(invoice)
    if mail:
        send_mail(invoice, address, "invoice", message=message)
    return invoice


def recipient(invoice: Invoice, to: str = "") -> str:
    address = to or invoice.mailed_to or (invoice.contact.email if invoice.contact else "")
    address = address or (invoice.account.email if invoice.account else "")
    if not address:
        raise ValidationError({"to": ["Neither the contact nor the account has an e-mail address: say where it goes."]})
    return str(address)


def send_mail(invoice: Invoice, address: str, template: str, **more: Any) -> None:
    pdf = f"{invoice.number.replace('/', '-')[:90]}.pdf", pdf_of(invoice)
    due = written(invoice.balance if invoice.is_open else invoice.total, invoice.currency)
    queue_mail(address, template, pdf=pdf, invoice=invoice, kind=name_of(invoice), amount=due, link=link_to(invoice), **more)
    invoice.mailed_to = address
    save(invoice, "mailed_to")


@transaction.atomic(savepoint=False)
def remind(invoice: Invoice, *, message: str = "") -> Invoice:
    """Mail an open invoice to the customer once more."""
    if not invoice.is_open:
        raise Conflict("Only an invoice that is sent and not yet paid can be reminded of.")
    send_mail(invoice, recipient(invoice), "invoice_reminder", message=message, is_late=invoice.status == Status.OVERDUE)
    invoice.reminders_sent += 1
    return save(invoice, "reminders_sent")


@transaction.atomic(savepoint=False)
def note_view(invoice: Invoice) -> None:
    """The customer has opened the link."""
    if invoice.viewed_at is None:
        invoice.viewed_at = timezone.now()
        if invoice.status == Status.SENT and invoice.kind != Kind.CREDIT_NOTE:
            invoice.status = Status.VIEWED
        save(invoice, "viewed_at", "status")


@transaction.atomic(savepoint=False)
def answer(estimate: Invoice, *, accepted: bool, by: str, reason: str = "") -> Invoice:
    """The customer takes an offer, or does not."""
    if estimate.kind != Kind.ESTIMATE or estimate.status not in (Status.SENT, Status.VIEWED):
        raise Conflict("Only an estimate that is with the customer can be answered, and only once.")
    if accepted and estimate.due_date and estimate.due_date < today():
        raise Conflict("The time of this estimate is over. Ask for a new one.")
    estimate.status = Status.ACCEPTED if accepted else Status.DECLINED
    estimate.answered_at, estimate.answered_by, estimate.status_reason = timezone.now(), by, reason
    return save(estimate, "status", "answered_at", "answered_by", "status_reason")


@transaction.atomic(savepoint=False)
def pay(invoice: Invoice, *, amount: Decimal, **values: Any) -> Payment:
    """Note that money came. Raises a validation error for more than is owed."""
    if not invoice.is_open:
        raise Conflict(
            f"Payments go to invoices that are sent and not yet paid; this one is {invoice.get_status_display().lower()}."
        )
    if amount != rounded(amount, invoice.currency):
        raise ValidationError({"amount": [f"{invoice.currency} has {minor_units(invoice.currency)} decimals."]})
    if amount > invoice.balance:
        raise ValidationError({"amount": [f"Only {written(invoice.balance, invoice.currency)} is still owed."]})
    values.setdefault("paid_on", today())
    payment: Payment = Payment.objects.create(invoice=invoice, amount=amount, places=invoice.places, **values)
    invoice.paid += amount
    restate(invoice, "paid")
    return payment


@transaction.atomic(savepoint=False)
def take_back(payment: Payment) -> None:
    """A payment was noted by mistake, or did not go through."""
    invoice = Invoice.objects.select_for_update(of=("self",)).get(pk=payment.invoice_id)
    invoice.paid -= payment.amount
    payment.delete()
    restate(invoice, "paid")


def restate(invoice: Invoice, *columns: str) -> Invoice:
    invoice.status = invoice.standing(today())
    return save(invoice, "status", *columns)


@transaction.atomic(savepoint=False)
def cancel(invoice: Invoice, *, reason: str = "") -> Invoice:
    """Withdraw a document. It keeps its number; a draft is simply deleted instead."""
    if invoice.status in (Status.DRAFT, Status.CANCELLED, Status.PAID) or invoice.kind == Kind.CREDIT_NOTE:
        raise Conflict(f"This {name_of(invoice)} cannot be cancelled: it is {invoice.get_status_display().lower()}.")
    if invoice.paid or invoice.credited:
        raise Conflict("Something was paid or credited already: credit the rest instead.")
    invoice.status, invoice.status_reason = Status.CANCELLED, reason
    return save(invoice, "status", "status_reason")


@transaction.atomic(savepoint=False)
def credit(invoice: Invoice, *, lines: list[dict[str, Any]] | None = None, reason: str = "") -> Invoice:
    """A credit note against what is still owed: for ``lines``, or for all of the invoice. It is issued at once."""
    if not invoice.is_open:
        raise Conflict("Only an invoice that is sent and not yet paid can be credited.")
    note = follow(invoice, Kind.CREDIT_NOTE, title=f"Credit for {invoice.number}", notes=reason)
    write_lines(note, lines_of(invoice) if lines is None else lines)
    if note.total > invoice.balance:
        owed, wanted = (written(amount, invoice.currency) for amount in (invoice.balance, note.total))
        raise ValidationError({"lines": [f"This credits {wanted}, but only {owed} is still owed."]})
    note.bill_from, note.bill_to = invoice.bill_from, invoice.bill_to
    issue(note)
    invoice.credited += note.total
    restate(invoice, "credited")
    return note


@transaction.atomic(savepoint=False)
def bill(estimate: Invoice) -> Invoice:
    """An invoice, as a draft, for what an estimate offered. Once; an offer that was declined or withdrawn is not billed."""
    if estimate.kind != Kind.ESTIMATE or estimate.status in (Status.DECLINED, Status.CANCELLED, Status.DRAFT):
        raise Conflict("Only an estimate that the customer has got, and did not decline, becomes an invoice.")
    if made := estimate.followers.filter(deleted_at=None).first():
        raise Conflict(f'This estimate became the invoice "{made}" already.')
    invoice = follow(estimate, Kind.INVOICE, title=estimate.title, notes=estimate.notes)
    write_lines(invoice, lines_of(estimate))
    return save(invoice, *Invoice.amount_columns)


def follow(origin: Invoice, kind: str, **values: Any) -> Invoice:
    """A draft for the same customer, with the same people, tags and teams."""
    copied = ("account", "contact", "opportunity", "bill_from", "bill_to", "currency")
    draft: Invoice = Invoice.objects.create(
        kind=kind, origin=origin, **{name: getattr(origin, name) for name in copied}, **values
    )
    for name in ("assigned_to", "teams", "tags"):
        getattr(draft, name).set(getattr(origin, name).values_list("pk", flat=True))
    return draft
