from django.db import models

from common.fields import LowerEmailField
from common.records.models import LIVE, Record
from common.tenancy.fields import TenantForeignKey


class Contact(Record):
    """A person one knows, at an account or on their own."""

    search_columns = ("last_name", "first_name", "email", "secondary_email", "phone", "mobile", "organization", "title")

    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100)
    email = LowerEmailField(blank=True)
    secondary_email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    mobile = models.CharField(max_length=40, blank=True)
    title = models.CharField(max_length=100, blank=True)
    department = models.CharField(max_length=100, blank=True)
    organization = models.CharField(max_length=200, blank=True)
    account = TenantForeignKey("accounts.Account", models.SET_NULL, null=True, blank=True, related_name="people")
    address = models.TextField(blank=True)
    date_of_birth = models.DateField(null=True, blank=True)
    do_not_call = models.BooleanField(default=False)
    language = models.CharField(max_length=20, blank=True)
    linkedin_url = models.URLField(max_length=300, blank=True)
    twitter_url = models.URLField(max_length=300, blank=True)
    description = models.TextField(blank=True)

    class Meta(Record.Meta):
        db_table = "contacts"
        indexes = [
            models.Index(fields=["org", "last_name", "id"], condition=LIVE, name="contacts_by_last_name"),
            models.Index(fields=["org", "email"], condition=LIVE, name="contacts_by_email"),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()
