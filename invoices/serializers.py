from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Case, F, OuterRef, Subquery, Value, When
from django.db.models.functions import Concat, JSONObject
from rest_framework import serializers

from common.calendar.rules import checked
from common.money import AmountText, CurrencyField
from common.records.lines import LinedSerializer, LinesField
from common.records.projection import Computed
from common.records.serializers import RecordSerializer, ReferenceField, Strict

from .models import Invoice, InvoiceLine, Payment, RecurringInvoice

MONEY = models.DecimalField(max_digits=15, decimal_places=3)
RECURRENCE = {"rule": "rule", "starts_on": "starts_on", "next_on": "next_on", "days_to_pay": "days_to_pay", "send": "send"}


def money(expression: Any) -> Computed:
    return Computed(AmountText(F(expression) if isinstance(expression, str) else expression, F("places")), MONEY)


class PaymentSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    amount = serializers.CharField()
    paid_on = serializers.DateField()
    method = serializers.ChoiceField(choices=Payment.Method.choices)
    reference = serializers.CharField()


class PaymentsField(serializers.ListField):
    """The payments of an invoice, as they came."""

    child = PaymentSerializer()

    @property
    def expression(self) -> Any:
        shape = {name: name for name in ("id", "paid_on", "method", "reference")}
        rows = Payment.objects.filter(invoice=OuterRef("pk")).order_by("paid_on", "id")
        return ArraySubquery(rows.values(row=JSONObject(**shape, amount=AmountText(F("amount"), F("places")))))


class InvoiceSerializer(LinedSerializer, RecordSerializer):
    currency = CurrencyField(required=False)
    lines = LinesField(InvoiceLine, "invoice")
    subtotal = money("subtotal")
    discount = money("discount")
    tax = money("tax")
    total = money("total")
    paid = money("paid")
    credited = money("credited")
    balance = money(F("total") - F("paid") - F("credited"))
    payments = PaymentsField(read_only=True)
    recurrence = Computed(
        Subquery(RecurringInvoice.objects.filter(template=OuterRef("pk")).values(rule_of=JSONObject(**RECURRENCE))),
        models.JSONField(),
        allow_null=True,
    )
    mailed_to = serializers.CharField(read_only=True)
    public_url = Computed(
        Case(
            When(public_token="", then=None),
            default=Concat(Value(f"{settings.DOMAIN_NAME}/i/"), "public_token", Value("/")),
            output_field=models.TextField(),
        ),
        models.URLField(),
        allow_null=True,
        help_text="Where the customer sees it, without signing in",
    )

    class Meta(RecordSerializer.Meta):
        model = Invoice
        fields = [
            *RecordSerializer.Meta.fields,
            "kind",
            "status",
            "number",
            "title",
            "account",
            "contact",
            "opportunity",
            "origin",
            "bill_from",
            "bill_to",
            "currency",
            "issue_date",
            "due_date",
            "notes",
            "lines",
            "subtotal",
            "discount",
            "tax",
            "total",
            "paid",
            "credited",
            "balance",
            "payments",
            "send_reminders",
            "reminders_sent",
            "mailed_to",
            "sent_at",
            "viewed_at",
            "answered_at",
            "answered_by",
            "status_reason",
            "recurrence",
            "recurring",
            "public_url",
        ]

    def validate_kind(self, kind: str) -> str:
        if kind == Invoice.Kind.CREDIT_NOTE and not (self.instance and self.instance.kind == kind):
            raise serializers.ValidationError("A credit note is made by crediting an invoice.")
        return kind

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        first, last = (values.get(name, getattr(self.instance, name, None)) for name in ("issue_date", "due_date"))
        if first and last and last < first:
            raise serializers.ValidationError({"due_date": ["This is before the date of issue."]})
        if self.instance is None:
            values.setdefault("currency", self.context["profile"].org.currency)
        return values


class SendSerializer(Strict):
    to = serializers.EmailField(required=False, help_text="Instead of the contact's address")
    message = serializers.CharField(required=False, max_length=5000, help_text="A few words for the mail")
    mail = serializers.BooleanField(default=True, help_text="False: it only gets its number and link, and goes another way")


class RemindSerializer(Strict):
    message = serializers.CharField(required=False, max_length=5000, help_text="A few words for the mail")


class PaySerializer(Strict):
    amount = serializers.DecimalField(max_digits=15, decimal_places=3)
    paid_on = serializers.DateField(required=False, help_text="Today, if not given")
    method = serializers.ChoiceField(choices=Payment.Method.choices, required=False)
    reference = serializers.CharField(required=False, max_length=200, help_text="As the bank tells it; once for each invoice")

    def validate_amount(self, amount: Any) -> Any:
        if amount <= 0:
            raise serializers.ValidationError("A payment is more than nothing. What was noted by mistake can be taken back.")
        return amount


class TakeBackSerializer(Strict):
    payment = ReferenceField(target=Payment)


class ReasonSerializer(Strict):
    reason = serializers.CharField(required=False, max_length=1000)


class CreditSerializer(ReasonSerializer):
    lines = LinesField(InvoiceLine, "invoice", help_text="What is credited; without lines, all of the invoice")


class AnswerSerializer(ReasonSerializer):
    accepted = serializers.BooleanField()
    by = serializers.CharField(max_length=200, help_text="Who of the customer's people said so")


class RepeatSerializer(Strict):
    rule = serializers.CharField(max_length=300, help_text="RFC 5545, as FREQ=MONTHLY;BYMONTHDAY=1")
    starts_on = serializers.DateField()
    days_to_pay = serializers.IntegerField(min_value=0, max_value=365, required=False, help_text="30 if not given")
    send = serializers.BooleanField(default=False, help_text="Send each by mail at once; otherwise it waits as a draft")

    def validate_rule(self, rule: str) -> str:
        return checked(rule)


class AgingRow(serializers.Serializer[Any]):
    """What is owed in a currency: not yet due, and by the days since it was."""

    currency = serializers.CharField()
    account = serializers.UUIDField(required=False, allow_null=True)
    account_name = serializers.CharField(required=False, allow_null=True)
    not_due = serializers.CharField()
    days_1_30 = serializers.CharField()
    days_31_60 = serializers.CharField()
    days_61_90 = serializers.CharField()
    days_over_90 = serializers.CharField()
    total = serializers.CharField()


class AgingSerializer(serializers.Serializer[Any]):
    as_of = serializers.DateField()
    totals = AgingRow(many=True)
    accounts = AgingRow(many=True, help_text="Those who owe most, first")
