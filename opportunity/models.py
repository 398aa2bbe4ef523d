from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F

from common.records.models import LIVE, Record, StagedRecord
from common.tenancy.fields import TenantForeignKey, TenantManyToManyField


class Opportunity(StagedRecord):
    """A deal that may be won."""

    search_columns = ("name", "lead_source", "description")

    name = models.CharField(max_length=200)
    account = TenantForeignKey("accounts.Account", models.SET_NULL, null=True, blank=True, related_name="opportunities")
    contacts = TenantManyToManyField("contacts.Contact", related_name="opportunities", blank=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)])
    currency = models.CharField(max_length=3, blank=True)
    probability = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(100)])
    lead_source = models.CharField(max_length=100, blank=True)
    description = models.TextField(blank=True)
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
        ]
