from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Exists, ExpressionWrapper, F, OuterRef
from django.db.models.functions import Cast, Coalesce, Now, Round
from rest_framework import serializers

from common.money import CurrencyField
from common.records.lines import LinedSerializer, LinesField
from common.records.models import Stage
from common.records.projection import Computed
from common.records.serializers import BASE_FIELDS, ProjectedSerializer, RecordSerializer, StagedSerializer, Strict

from .models import ExchangeRate, Goal, Opportunity, OpportunityLine, Price, Product, StageLimit, TaxRate

PERCENT = models.DecimalField(max_digits=14, decimal_places=2)
LIMIT = ExpressionWrapper(F("days") * timedelta(days=1), models.DurationField())
#: A deal that has stood in an open stage for longer than the stage's limit.
ROTTING = Exists(
    StageLimit.objects.filter(stage=OuterRef("stage"), stage__kind=Stage.Kind.OPEN)
    .annotate(limit=LIMIT)
    .filter(limit__lt=ExpressionWrapper(Now() - OuterRef("stage_entered_at"), models.DurationField()))
)


class OpportunitySerializer(LinedSerializer, StagedSerializer):
    currency = CurrencyField(required=False, allow_blank=True)
    expected_revenue = Computed(
        Cast(Round(F("amount") * Coalesce(F("probability"), 0) / Decimal(100), 2), models.TextField()), PERCENT, allow_null=True
    )
    lines = LinesField(OpportunityLine, "opportunity", help_text="With lines, the amount is theirs, before tax")
    rotting = Computed(ROTTING, models.BooleanField(), help_text="It stands in its stage for longer than the stage's limit")

    class Meta(StagedSerializer.Meta):
        model = Opportunity
        fields = [
            *StagedSerializer.Meta.fields,
            "stage_entered_at",
            "rotting",
            "name",
            "account",
            "contacts",
            "amount",
            "currency",
            "lines",
            "probability",
            "expected_revenue",
            "lead_source",
            "description",
            "close_date",
            "closed_on",
            "close_reason",
        ]

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        values = super().validate(values)
        deal = self.instance
        if deal is None:
            new = Opportunity(stage=values["stage"], closed_on=values.get("closed_on"))
            new.clean()
            values["closed_on"] = new.closed_on
        lines = values["lines"] if "lines" in values else bool(deal and deal.has_lines)
        if lines and "amount" in values and values["amount"] != getattr(deal, "amount", None):
            raise serializers.ValidationError({"amount": ["It comes from the lines: change those."]})
        if values.get("lines") and not (values.get("currency") or (deal and deal.currency)):
            values["currency"] = self.context["profile"].org.currency
        return values


class CloseSerializer(Strict):
    won = serializers.BooleanField()
    reason = serializers.CharField(max_length=200, help_text="Why: what won them over, or who got it instead")
    closed_on = serializers.DateField(required=False, help_text="Today, if not given")


class QuoteSerializer(Strict):
    title = serializers.CharField(required=False, max_length=200, help_text="The deal's name, if not given")
    due_date = serializers.DateField(required=False, help_text="Until when it holds")


class QuotedSerializer(serializers.Serializer[Any]):
    """The estimate, which is among the invoices."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    currency = serializers.CharField()
    due_date = serializers.DateField(allow_null=True)
    total = serializers.CharField()


class ForecastRow(serializers.Serializer[Any]):
    """One month, of one owner if they are asked for, in one currency."""

    month = serializers.DateField(help_text="Its first day")
    owner = serializers.UUIDField(allow_null=True)
    currency = serializers.CharField()
    deals = serializers.IntegerField()
    amount = serializers.CharField(help_text="Of open deals")
    weighted = serializers.CharField(help_text="The same, each times its probability")
    won = serializers.CharField()


class ProductSerializer(RecordSerializer):
    currency = CurrencyField(required=False, allow_blank=True)

    class Meta(RecordSerializer.Meta):
        model = Product
        fields = [*RecordSerializer.Meta.fields, "name", "code", "description", "price", "currency", "is_active"]


class PriceSerializer(ProjectedSerializer):
    currency = CurrencyField()

    class Meta:
        model = Price
        fields = [*BASE_FIELDS, "product", "currency", "price"]


class TaxRateSerializer(ProjectedSerializer):
    class Meta:
        model = TaxRate
        fields = [*BASE_FIELDS, "name", "percent"]


class ExchangeRateSerializer(ProjectedSerializer):
    currency = CurrencyField()

    class Meta:
        model = ExchangeRate
        fields = [*BASE_FIELDS, "currency", "rate"]
        extra_kwargs = {
            "rate": {"min_value": Decimal("0.00000001"), "help_text": "What one unit is worth in the organization's currency"}
        }


class StageLimitSerializer(ProjectedSerializer):
    class Meta:
        model = StageLimit
        fields = [*BASE_FIELDS, "stage", "days"]
        extra_kwargs = {"days": {"min_value": 1, "max_value": 3650}}

    def validate_stage(self, stage: Stage) -> Stage:
        if stage.pipeline.module != Opportunity.module:
            raise serializers.ValidationError("Not a stage of opportunities.")
        return stage


class GoalSerializer(ProjectedSerializer):
    currency = CurrencyField()

    class Meta:
        model = Goal
        fields = [*BASE_FIELDS, "name", "profile", "team", "starts_on", "ends_on", "amount", "currency"]

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        def now(name: str) -> Any:
            return values[name] if name in values else getattr(self.instance, name, None)

        if now("profile") and now("team"):
            raise serializers.ValidationError({"team": ["A goal is a person's or a team's."]})
        if now("ends_on") < now("starts_on"):
            raise serializers.ValidationError({"ends_on": ["This is before it starts."]})
        return values


class ProgressSerializer(serializers.Serializer[Any]):
    """How far a goal is, by the won deals that the caller may see."""

    goal = serializers.UUIDField()
    name = serializers.CharField()
    profile = serializers.UUIDField(allow_null=True)
    team = serializers.UUIDField(allow_null=True)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    currency = serializers.CharField()
    amount = serializers.CharField()
    won = serializers.CharField()
    percent = serializers.IntegerField()
    unconverted = serializers.ListField(
        child=serializers.CharField(), help_text="Currencies of won deals that have no exchange rate"
    )
