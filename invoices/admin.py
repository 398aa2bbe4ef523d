"""Admin pages of invoices: a draft is changed, and what was sent is paid, credited or cancelled, as over the API."""

from typing import Any

from django.contrib import admin

from common.admin_api import ask
from common.admin_base import ShownInline, ShownOnly, TenantAdmin
from common.admin_commands import Command
from common.admin_fields import amount_of
from common.admin_lists import OneOfFilter
from common.records.admin import RecordAdmin
from common.records.line_admin import LineInline

from .models import Invoice, InvoiceLine, Payment, RecurringInvoice
from .serializers import (
    AnswerSerializer,
    PaySerializer,
    ReasonSerializer,
    RemindSerializer,
    RepeatSerializer,
    SendSerializer,
)
from .services import FREE
from .views import InvoiceViewSet

Kind, Status = Invoice.Kind, Invoice.Status


def is_draft(invoice: Invoice) -> bool:
    return invoice.status == Status.DRAFT


def is_open(invoice: Invoice) -> bool:
    return invoice.is_open


def may_be_cancelled(invoice: Invoice) -> bool:
    closed = (Status.DRAFT, Status.CANCELLED, Status.PAID)
    return invoice.kind != Kind.CREDIT_NOTE and invoice.status not in closed and not (invoice.paid or invoice.credited)


def may_be_answered(invoice: Invoice) -> bool:
    return invoice.kind == Kind.ESTIMATE and invoice.status in (Status.SENT, Status.VIEWED)


def may_be_billed(invoice: Invoice) -> bool:
    return invoice.kind == Kind.ESTIMATE and invoice.status not in (Status.DRAFT, Status.DECLINED, Status.CANCELLED)


def may_repeat(invoice: Invoice) -> bool:
    return invoice.kind == Kind.INVOICE


def repeats(invoice: Invoice) -> bool:
    return invoice.recurrences.exists()


class InvoiceLineInline(LineInline):
    model = InvoiceLine
    parent_viewset = InvoiceViewSet

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or is_draft(obj))


PAID = amount_of("amount", "invoice.currency")


class PaymentInline(ShownInline):
    model = Payment
    fields = ["paid_on", PAID, "method", "reference"]


#: How a page shows columns of amounts.
AMOUNTS = {name: amount_of(name) for name in ("subtotal", "discount", "tax", "total", "paid", "credited")}


class InvoiceAdmin(RecordAdmin):
    """The customer has got what was sent: of that only what is the organization's own business is changed."""

    section = "Money"
    icon = "receipt_long"
    list_display = ["__str__", "kind", "status", "account", AMOUNTS["total"], "due_date"]
    hidden = (*RecordAdmin.hidden, "places", "recurring", "recurs_on")
    list_filter = [OneOfFilter.of("kind", Kind.values), OneOfFilter.of("status", Status.values)]
    inlines = [InvoiceLineInline, PaymentInline]
    commands = (
        Command("Send", "send", SendSerializer, "send", is_draft,
                explained="It gets its number, and can then no longer be changed."),
        Command("Record a payment", "pay", PaySerializer, "payments", is_open),
        Command("Remind", "remind", RemindSerializer, "notifications", is_open),
        Command("Credit", "credit", ReasonSerializer, "undo", is_open, makes="invoices.Invoice",
                explained="A credit note for all lines, which settles what is still owed. For some lines only, use the API."),
        Command("Cancel", "cancel", ReasonSerializer, "block", may_be_cancelled, explained="It keeps its number."),
        Command("Accepted", "note_answer", AnswerSerializer, "thumb_up", may_be_answered, {"accepted": True}),
        Command("Declined", "note_answer", AnswerSerializer, "thumb_down", may_be_answered, {"accepted": False}),
        Command("Make an invoice", "bill", None, "receipt_long", may_be_billed, makes="invoices.Invoice"),
        Command("Repeat", "repeat", RepeatSerializer, "event_repeat", may_repeat),
        Command("Stop repeating", "stop_repeating", None, "event_busy", repeats),
        Command("Download PDF", "pdf", None, "picture_as_pdf", shows=True),
    )  # fmt: skip

    def get_fields(self, request: Any, obj: Any = None) -> list[Any]:
        return [AMOUNTS.get(name, name) for name in super().get_fields(request, obj)]

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[Any]:
        """Of what was sent, all but the organization's own notes."""
        sent = [] if obj is None or is_draft(obj) else [name for name in self.get_fields(request, obj) if name not in FREE]
        return list(dict.fromkeys([*super().get_readonly_fields(request, obj), *AMOUNTS.values(), *sent]))

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or is_draft(obj))


class PaymentAdmin(TenantAdmin):
    """What came in. Payments are recorded at their invoice; deleting one takes it back there."""

    section = "Money"
    icon = "payments"
    list_display = ["paid_on", "invoice", PAID, "method", "reference"]
    list_select_related = ("invoice",)
    list_filter = [OneOfFilter.of("method", Payment.Method.values)]
    search_fields = ["reference", "invoice__number"]
    hidden = ("places",)

    def has_add_permission(self, request: Any) -> bool:
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def delete_model(self, request: Any, obj: Payment) -> None:
        ask(request, InvoiceViewSet, "unpay", {"payment": str(obj.pk)}, pk=obj.invoice_id)


class RecurringInvoiceAdmin(ShownOnly, TenantAdmin):
    """Invoices that are made anew by a rule. Their templates begin and end it."""

    section = "Money"
    icon = "event_repeat"
    list_display = ["template", "rule", "next_on", "send"]
    list_select_related = ("template",)


admin.site.unregister(Invoice)
admin.site.register(Invoice, InvoiceAdmin)
admin.site.register(Payment, PaymentAdmin)
admin.site.register(RecurringInvoice, RecurringInvoiceAdmin)
