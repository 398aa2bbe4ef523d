from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F

from common.records.models import LIVE, Record, StagedRecord
from common.tenancy.fields import TenantForeignKey


class Lead(StagedRecord):
    """Someone who may become a customer."""

    search_columns = ("name", "company", "email", "phone", "title", "source", "notes")

    name = models.CharField(max_length=200)
    company = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    value = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)])
    currency = models.CharField(max_length=3, blank=True)
    notes = models.TextField(blank=True)
    source = models.CharField(max_length=100, blank=True)
    website = models.CharField(max_length=300, blank=True)
    title = models.CharField(max_length=100, blank=True)
    address = models.TextField(blank=True)
    probability = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(100)])
    close_date = models.DateField(null=True, blank=True)
    converted_at = models.DateTimeField(null=True, blank=True, editable=False)
    converted_account = TenantForeignKey("accounts.Account", models.SET_NULL, null=True, editable=False, related_name="+")
    converted_contact = TenantForeignKey("contacts.Contact", models.SET_NULL, null=True, editable=False, related_name="+")
    converted_opportunity = TenantForeignKey(
        "opportunity.Opportunity", models.SET_NULL, null=True, editable=False, related_name="+"
    )

    class Meta(Record.Meta):
        db_table = "leads"
        indexes = [
            models.Index(fields=["org", "-updated_at", "-id"], condition=LIVE, name="leads_by_updated"),
            models.Index(
                fields=["org", "stage", "-created_at", "-id"],
                include=["value", "currency"],  # so that sums by stage are read from the index alone
                condition=LIVE,
                name="leads_by_stage_created",
            ),
            models.Index("org", F("value").desc(nulls_last=True), F("id").desc(), condition=LIVE, name="leads_by_value"),
            models.Index(fields=["org", "name", "id"], condition=LIVE, name="leads_by_name"),
            models.Index(fields=["org", "email"], condition=LIVE, name="leads_by_email"),
        ]
