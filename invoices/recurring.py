"""Invoices that are made anew by a rule, reminders, and what becomes overdue: what time alone brings about."""

from datetime import date, timedelta
from typing import Any

from django.db import transaction
from rest_framework.exceptions import ValidationError

from common.api.errors import Conflict
from common.calendar.rules import next_day
from common.records.lines import lines_of, write_lines

from .models import OPEN, Invoice, RecurringInvoice
from .services import REMINDED_AFTER, follow, remind, save, send, today

#: What one run makes of one rule at most, after a long stop.
AT_ONCE = 60


@transaction.atomic(savepoint=False)
def repeat(template: Invoice, *, rule: str, starts_on: date, **values: Any) -> RecurringInvoice:
    """Make an invoice anew by a rule, from its first day on. Another rule takes the place of the one before."""
    if template.kind != Invoice.Kind.INVOICE:
        raise Conflict("Only an invoice can be repeated.")
    first = next_day(rule, starts_on, starts_on - timedelta(days=1))
    if first is None:
        raise ValidationError({"rule": ["This rule never takes place."]})
    RecurringInvoice.objects.filter(template=template).delete()
    made: RecurringInvoice = RecurringInvoice.objects.create(
        template=template, rule=rule, starts_on=starts_on, next_on=first, **values
    )
    save(template)  # it shows its rule
    return made


@transaction.atomic(savepoint=False)
def stop_repeating(template: Invoice) -> None:
    if not RecurringInvoice.objects.filter(template=template).delete()[0]:
        raise Conflict("This invoice is not repeated.")
    save(template)


@transaction.atomic
def make_due(recurring_id: str) -> int:
    """Make the invoices of a rule that are due by today, each once. Returns how many.

    The rule's row is locked, and says what comes next in the same transaction: a worker that dies or runs twice changes nothing.
    """
    rows = RecurringInvoice.objects.select_for_update(of=("self",), skip_locked=True)
    recurring = rows.filter(pk=recurring_id, template__deleted_at=None).first()
    if recurring is None:
        return 0
    made, day = 0, today()
    while recurring.next_on and recurring.next_on <= day and made < AT_ONCE:
        make_one(recurring)
        recurring.next_on = next_day(recurring.rule, recurring.starts_on, recurring.next_on)
        made += 1
    if made:
        recurring.save(update_fields=["next_on", "updated_at", "updated_by"])
    return made


def make_one(recurring: RecurringInvoice) -> Invoice:
    template, day = recurring.template, recurring.next_on
    assert day
    invoice = follow(template, Invoice.Kind.INVOICE, title=template.title, notes=template.notes)
    invoice.origin, invoice.recurring, invoice.recurs_on = None, recurring, day
    invoice.issue_date, invoice.due_date = day, day + timedelta(days=recurring.days_to_pay)
    write_lines(invoice, lines_of(template))
    invoice.save()
    if recurring.send:
        try_to_send(invoice)
    return invoice


def try_to_send(invoice: Invoice) -> None:
    """What cannot be sent, for want of an address or of lines, waits as a draft and says why."""
    try:
        with transaction.atomic():
            send(invoice)
    except ValidationError as error:
        fresh = Invoice.objects.get(pk=invoice.pk)
        fresh.status_reason = f"Not sent: {error.detail}"[:1000]
        save(fresh, "status_reason")


def due_rules() -> list[str]:
    rows = RecurringInvoice.objects.filter(next_on__lte=today(), template__deleted_at=None).order_by("next_on", "id")
    return [str(pk) for pk in rows.values_list("pk", flat=True)[:500]]


@transaction.atomic
def mark_overdue() -> int:
    """Open invoices whose day has passed become overdue."""
    late = Invoice.objects.select_for_update(of=("self",), skip_locked=True).filter(
        kind=Invoice.Kind.INVOICE,
        status__in=[status for status in OPEN if status != Invoice.Status.OVERDUE],
        due_date__lt=today(),
    )
    invoices = list(late.order_by("due_date", "id")[:500])
    for invoice in invoices:
        invoice.status = Invoice.Status.OVERDUE
        save(invoice, "status")
    return len(invoices)


def due_reminders() -> list[str]:
    """Overdue invoices whose next reminder's day has come."""
    day, wanted = today(), []
    rows = Invoice.objects.filter(kind=Invoice.Kind.INVOICE, status=Invoice.Status.OVERDUE, send_reminders=True)
    for number, days in enumerate(REMINDED_AFTER):
        due = rows.filter(reminders_sent=number, due_date__lte=day - timedelta(days=days)).exclude(mailed_to="")
        wanted += [str(pk) for pk in due.order_by("due_date", "id").values_list("pk", flat=True)[:200]]
    return wanted


@transaction.atomic
def remind_if_due(invoice_id: str) -> bool:
    """Remind the customer, once: the invoice is claimed in the transaction that stores the mail."""
    rows = Invoice.objects.select_for_update(of=("self",), skip_locked=True)
    invoice = rows.filter(pk=invoice_id, status=Invoice.Status.OVERDUE, send_reminders=True).first()
    if invoice is None or invoice.reminders_sent >= len(REMINDED_AFTER) or invoice.due_date is None:
        return False
    if invoice.due_date + timedelta(days=REMINDED_AFTER[invoice.reminders_sent]) > today():
        return False
    remind(invoice)
    return True
