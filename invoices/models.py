"""What customers owe, and what they were offered."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from common.base import BaseModel
from common.money import Amounts, MoneyColumn, minor_units
from common.people.models import Profile
from common.records.lines import Line
from common.records.models import LIVE, Record
from common.tenancy.fields import TenantForeignKey


class Invoice(Record):
    """A bill, an estimate or a credit note."""

    label_field = "title"
    search_columns = ("number", "title", "bill_to", "notes")
    named_by = "contact"
    hidden_columns = ("public_token", "public_hash")
    #: What ``set_amounts`` writes.
    amount_columns = ("subtotal", "discount", "tax", "total", "places")

    class Kind(models.TextChoices):
        INVOICE = "invoice"
        ESTIMATE = "estimate"
        CREDIT_NOTE = "credit_note"

    class Status(models.TextChoices):
        DRAFT = "draft"
        SENT = "sent"
        VIEWED = "viewed"
        PARTLY_PAID = "partly_paid"
        PAID = "paid"
        OVERDUE = "overdue"
        CANCELLED = "cancelled"
        ACCEPTED = "accepted"  # estimates
        DECLINED = "declined"

    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.INVOICE)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.DRAFT, editable=False)
    number = models.CharField(max_length=40, blank=True, editable=False)
    title = models.CharField(max_length=200)
    account = TenantForeignKey("accounts.Account", models.SET_NULL, null=True, blank=True, related_name="invoices")
    contact = TenantForeignKey("contacts.Contact", models.SET_NULL, null=True, blank=True, related_name="invoices")
    opportunity = TenantForeignKey("opportunity.Opportunity", models.SET_NULL, null=True, blank=True, related_name="invoices")
    origin = TenantForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="followers", editable=False,
                              help_text="The estimate that this bills, or the invoice that this credits")  # fmt: skip
    bill_from = models.TextField(blank=True)
    bill_to = models.TextField(blank=True)
    currency = models.CharField(max_length=3, blank=True)
    issue_date = models.DateField(null=True, blank=True)
    due_date = models.DateField(null=True, blank=True)
    notes = models.TextField(blank=True)
    send_reminders = models.BooleanField(default=True)
    subtotal = MoneyColumn()
    discount = MoneyColumn()
    tax = MoneyColumn()
    total = MoneyColumn()
    paid = MoneyColumn()
    credited = MoneyColumn()
    places = models.PositiveSmallIntegerField(default=2, editable=False, help_text="Decimals of the currency")
    public_token = models.CharField(max_length=100, blank=True, editable=False)
    public_hash = models.CharField(max_length=64, blank=True, editable=False)
    mailed_to = models.EmailField(blank=True, editable=False)
    sent_at = models.DateTimeField(null=True, editable=False)
    viewed_at = models.DateTimeField(null=True, editable=False)
    answered_at = models.DateTimeField(null=True, editable=False)
    answered_by = models.CharField(max_length=200, blank=True, editable=False)
    status_reason = models.CharField(max_length=1000, blank=True, editable=False)
    reminders_sent = models.PositiveSmallIntegerField(default=0, editable=False)
    recurring = TenantForeignKey("RecurringInvoice", models.SET_NULL, null=True, editable=False, related_name="made")
    recurs_on = models.DateField(null=True, editable=False)

    class Meta(Record.Meta):
        db_table = "invoices"
        constraints = [
            models.UniqueConstraint(fields=["org", "number"], condition=~Q(number=""), name="invoices_number_once"),
            models.UniqueConstraint(fields=["org", "public_hash"], condition=~Q(public_hash=""), name="invoices_link_once"),
            models.UniqueConstraint(fields=["org", "recurring", "recurs_on"], name="invoices_recur_once"),
            models.CheckConstraint(condition=Q(status="draft") | ~Q(number=""), name="invoices_numbered"),
            models.CheckConstraint(condition=Q(status="draft") | LIVE, name="invoices_kept"),
            models.CheckConstraint(
                condition=Q(paid__gte=0, credited__gte=0, total__gte=models.F("paid") + models.F("credited")),
                name="invoices_not_overpaid",
            ),
        ]
        indexes = [
            models.Index(fields=["org", "due_date", "id"], condition=LIVE, name="invoices_by_due_date"),
            models.Index(fields=["org", "number", "id"], condition=LIVE, name="invoices_by_number"),
            models.Index(fields=["org", "status", "due_date"], condition=LIVE, name="invoices_by_status"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}".strip()

    @classmethod
    def naming(cls, profile: Profile) -> Any:
        """Customers see what was sent to them, and no drafts."""
        return super().naming(profile).exclude(status=cls.Status.DRAFT)

    @property
    def balance(self) -> Decimal:
        return self.total - self.paid - self.credited

    @property
    def is_open(self) -> bool:
        """Whether it is with the customer, and money may come for it."""
        return self.kind == self.Kind.INVOICE and self.status in OPEN

    def set_amounts(self, amounts: Amounts, *, has_lines: bool) -> None:
        self.subtotal, self.discount, self.tax, self.total = amounts.subtotal, amounts.discount, amounts.tax, amounts.total
        self.places = minor_units(self.currency)

    def standing(self, today: date) -> str:
        """The status of an invoice that was sent, by what has come for it."""
        if not self.balance:
            return self.Status.PAID
        if self.due_date and self.due_date < today:
            return self.Status.OVERDUE
        if self.paid or self.credited:
            return self.Status.PARTLY_PAID
        return self.Status.VIEWED if self.viewed_at else self.Status.SENT


OPEN = [Invoice.Status.SENT, Invoice.Status.VIEWED, Invoice.Status.PARTLY_PAID, Invoice.Status.OVERDUE]


class InvoiceLine(Line):
    invoice = TenantForeignKey(Invoice, models.CASCADE, related_name="lines", db_index=False)

    class Meta(Line.Meta):
        db_table = "invoice_lines"
        constraints = [models.UniqueConstraint(fields=["org", "invoice", "position"], name="invoice_lines_place_once")]


class Payment(BaseModel):
    """Money that came for an invoice."""

    class Method(models.TextChoices):
        TRANSFER = "transfer"
        CARD = "card"
        CASH = "cash"
        CHEQUE = "cheque"
        OTHER = "other"

    invoice = TenantForeignKey(Invoice, models.CASCADE, related_name="payments", db_index=False)
    amount = models.DecimalField(max_digits=15, decimal_places=3, validators=[MinValueValidator(Decimal("0.001"))])
    places = models.PositiveSmallIntegerField(default=2, editable=False, help_text="Decimals of its currency")
    paid_on = models.DateField()
    method = models.CharField(max_length=10, choices=Method.choices, default=Method.TRANSFER)
    reference = models.CharField(max_length=200, blank=True, help_text="As the bank tells it; once for each invoice")

    class Meta:
        db_table = "payments"
        ordering = ["-paid_on", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["org", "invoice", "reference"], condition=~Q(reference=""), name="payments_reference_once"
            ),
        ]
        indexes = [
            models.Index(fields=["org", "invoice", "paid_on"], name="payments_of_invoice"),
            models.Index(fields=["org", "-paid_on", "-id"], name="payments_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} on {self.paid_on}"


class RecurringInvoice(BaseModel):
    """An invoice that is made anew by a rule, from a template: a draft that is copied each time."""

    template = TenantForeignKey(Invoice, models.CASCADE, related_name="recurrences", db_index=False)
    rule = models.CharField(max_length=300, help_text="RFC 5545, as FREQ=MONTHLY;BYMONTHDAY=1")
    starts_on = models.DateField()
    next_on = models.DateField(null=True, editable=False, help_text="Null when the rule has ended")
    days_to_pay = models.PositiveSmallIntegerField(default=30)
    send = models.BooleanField(default=False, help_text="Send each by mail at once; otherwise it waits as a draft")

    class Meta:
        db_table = "recurring_invoices"
        ordering = ["next_on", "id"]
        constraints = [models.UniqueConstraint(fields=["org", "template"], name="recurring_invoices_once")]
        indexes = [models.Index(fields=["org", "next_on", "id"], name="recurring_invoices_due")]

    def __str__(self) -> str:
        return f"{self.template_id}: {self.rule}"
