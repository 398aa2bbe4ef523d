"""Record types that an organization makes for itself, such as Student."""

from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import OuterRef, Value
from django.db.models.functions import Concat

from common.base import BaseModel
from common.custom_fields.models import CustomField
from common.records.models import LIVE, Record
from common.tenancy.fields import TenantForeignKey


class CustomObject(BaseModel):
    """A type of records, made by an organization. What its records hold are custom fields."""

    key = models.CharField(max_length=60, validators=[RegexValidator(r"^[a-z][a-z0-9_]*$", "Small letters, digits and _.")])
    name = models.CharField(max_length=100)
    name_plural = models.CharField(max_length=100)

    class Meta:
        db_table = "custom_objects"
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["org", "key"], name="custom_objects_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def module(self) -> str:
        """The name of its records in custom fields and saved views."""
        return f"objects/{self.key}"


class CustomRecord(Record):
    """A record of a type of the organization's own."""

    module = "objects"
    search_columns = ("name",)

    object = TenantForeignKey(CustomObject, models.PROTECT, related_name="records")
    name = models.CharField(max_length=200)

    class Meta(Record.Meta):
        db_table = "custom_records"
        indexes = [models.Index(fields=["org", "object", "-created_at", "-id"], condition=LIVE, name="custom_records_of_object")]

    @classmethod
    def archived_fields(cls) -> Any:
        module = Concat(Value("objects/"), OuterRef("object__key"))
        return CustomField.objects.filter(module=module, is_archived=True).order_by()
