from django.core.validators import MinValueValidator
from django.db import models

from common.records.models import LIVE, Record
from common.tenancy.fields import TenantForeignKey, TenantManyToManyField


class Account(Record):
    """A company that is, or may become, a customer."""

    search_columns = ("name", "email", "phone", "website", "industry", "description")

    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    website = models.CharField(max_length=300, blank=True)
    industry = models.CharField(max_length=100, blank=True)
    description = models.TextField(blank=True)
    annual_revenue = models.DecimalField(
        max_digits=18, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    number_of_employees = models.PositiveIntegerField(null=True, blank=True)
    billing_address = models.TextField(blank=True)
    shipping_address = models.TextField(blank=True)
    contacts = TenantManyToManyField("contacts.Contact", related_name="accounts", blank=True)
    parent = TenantForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="children")
    is_active = models.BooleanField(default=True)

    class Meta(Record.Meta):
        db_table = "accounts"
        indexes = [
            models.Index(fields=["org", "name", "id"], condition=LIVE, name="accounts_by_name"),
        ]
