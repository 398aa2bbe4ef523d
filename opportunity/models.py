from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from common.base import BaseModel
from common.calendar.zones import today_in, zone_of
from common.money import Amounts
from common.records.lines import Line
from common.records.models import LIVE, Record, Stage, StagedRecord
from common.tenancy.fields import TenantForeignKey, TenantManyToManyField

CLOSED = (Stage.Kind.WON, Stage.Kind.LOST)


class Product(Record):
    """Something that is sold, with its price."""

    search_columns = ("name", "code", "description")
    catalogue = True

    name = models.CharField(max_length=200)
    code = models.CharField(max_length=60, blank=True)
    description = models.TextField(blank=True)
    price = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)])
    currency = models.CharField(max_length=3, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta(Record.Meta):
        db_table = "products"
        indexes = [models.Index(fields=["org", "name", "id"], condition=LIVE, name="products_by_name")]


class Price(BaseModel):
    """What a product costs in a currency other than its own."""

    product = TenantForeignKey(Product, models.CASCADE, related_name="prices", db_index=False)
    currency = models.CharField(max_length=3)
    price = models.DecimalField(max_digits=16, decimal_places=4, validators=[MinValueValidator(0)])

    class Meta:
        db_table = "prices"
        ordering = ["currency", "id"]
        constraints = [models.UniqueConstraint(fields=["org", "product", "currency"], name="prices_once")]
        indexes = [models.Index(fields=["org", "currency", "id"], name="prices_by_currency")]

    def __str__(self) -> str:
        return f"{self.price} {self.currency}"


class TaxRate(BaseModel):
    """A tax by its name. Lines keep the percentage that it had when they were written."""

    name = models.CharField(max_length=60)
    percent = models.DecimalField(max_digits=7, decimal_places=4, validators=[MinValueValidator(0), MaxValueValidator(100)])

    class Meta:
        db_table = "tax_rates"
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["org", "name"], name="tax_rates_name_once")]

    def __str__(self) -> str:
        return self.name


class ExchangeRate(BaseModel):
    """What one unit of a currency is worth in the organization's own, as the organization states it."""

    currency = models.CharField(max_length=3)
    rate = models.DecimalField(max_digits=18, decimal_places=8, validators=[MinValueValidator(0)])

    class Meta:
        db_table = "exchange_rates"
        ordering = ["currency"]
        constraints = [models.UniqueConstraint(fields=["org", "currency"], name="exchange_rates_once")]

    def __str__(self) -> str:
        return self.currency


class StageLimit(BaseModel):
    """How long a deal may stand in a stage before it is called rotting."""

    stage = TenantForeignKey(Stage, models.CASCADE, related_name="+", db_index=False)
    days = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)])

    class Meta:
        db_table = "stage_limits"
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["org", "stage"], name="stage_limits_once")]

    def __str__(self) -> str:
        return f"{self.days} days"


class Opportunity(StagedRecord):
    """A deal that may be won."""

    search_columns = ("name", "lead_source", "description")
    moved_columns = (*StagedRecord.moved_columns, "stage_entered_at", "closed_on", "close_reason")
    #: What ``set_amounts`` writes.
    amount_columns = ("amount", "has_lines")

    name = models.CharField(max_length=200)
    account = TenantForeignKey("accounts.Account", models.SET_NULL, null=True, blank=True, related_name="opportunities")
    contacts = TenantManyToManyField("contacts.Contact", related_name="opportunities", blank=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)])
    currency = models.CharField(max_length=3, blank=True)
    probability = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(100)])
    has_lines = models.BooleanField(default=False, editable=False, help_text="Then the amount is theirs")
    lead_source = models.CharField(max_length=100, blank=True)
    description = models.TextField(blank=True)
    stage_entered_at = models.DateTimeField(default=timezone.now, editable=False)
    close_date = models.DateField(null=True, blank=True, help_text="When it is expected to be won")
    closed_on = models.DateField(null=True, blank=True)
    close_reason = models.CharField(max_length=200, blank=True)

    class Meta(Record.Meta):
        db_table = "opportunities"
        verbose_name_plural = "opportunities"
        indexes = [
            models.Index(
                "org", F("amount").desc(nulls_last=True), F("id").desc(), condition=LIVE, name="opportunities_by_amount"
            ),
            models.Index(fields=["org", "name", "id"], condition=LIVE, name="opportunities_by_name"),
            models.Index(fields=["org", "close_date", "id"], condition=LIVE, name="opportunities_by_close_date"),
            models.Index(fields=["org", "stage_entered_at", "id"], condition=LIVE, name="opportunities_by_stage_age"),
        ]

    def clean(self) -> None:
        """A deal that begins as a closed one was closed today, for the API and the admin alike."""
        if self.stage_id:  # else a form has said so already
            self.close_in(self.stage)

    def enter(self, stage: Stage) -> None:
        """Stand in another stage. Reopened, or lost after it was won, it is no longer closed as it was."""
        before = self.stage
        super().enter(stage)
        self.stage_entered_at = timezone.now()
        if before.kind in CLOSED and before.kind != stage.kind:
            self.closed_on, self.close_reason = None, ""
        self.close_in(stage)

    def close_in(self, stage: Stage) -> None:
        """Where ``stage`` is for won or lost deals, the deal is closed: today, if nothing else is said."""
        if stage.kind in CLOSED and self.closed_on is None:
            self.closed_on = today_in(zone_of())

    def set_amounts(self, amounts: Amounts, *, has_lines: bool) -> None:
        """A deal is worth what its lines come to before tax, in hundredths; without lines it keeps what it was worth."""
        self.has_lines = has_lines
        if has_lines:
            self.amount = amounts.subtotal - amounts.discount


class OpportunityLine(Line):
    opportunity = TenantForeignKey(Opportunity, models.CASCADE, related_name="lines", db_index=False)

    class Meta(Line.Meta):
        db_table = "opportunity_lines"
        constraints = [models.UniqueConstraint(fields=["org", "opportunity", "position"], name="opportunity_lines_place_once")]


class Goal(BaseModel):
    """What a person, a team, or with neither the whole organization wants to win in a time."""

    name = models.CharField(max_length=200)
    profile = TenantForeignKey("common.Profile", models.CASCADE, null=True, blank=True, related_name="goals")
    team = TenantForeignKey("teams.Team", models.CASCADE, null=True, blank=True, related_name="goals")
    starts_on = models.DateField()
    ends_on = models.DateField()
    amount = models.DecimalField(max_digits=14, decimal_places=2, validators=[MinValueValidator(1)])
    currency = models.CharField(max_length=3)

    class Meta:
        db_table = "goals"
        ordering = ["-starts_on", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="goals_in_order"),
            models.CheckConstraint(condition=Q(profile=None) | Q(team=None), name="goals_of_one"),
        ]
        indexes = [models.Index(fields=["org", "-starts_on", "-id"], name="goals_by_start")]

    def __str__(self) -> str:
        return self.name
