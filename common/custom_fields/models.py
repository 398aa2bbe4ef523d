"""Fields that an organization adds to its records, and the index over what they hold."""

from django.core.validators import RegexValidator
from django.db import models

from common.base import BaseModel, TenantModel


class CustomField(BaseModel):
    """A field of one module's records. What it holds is in each record's ``custom_fields``, under ``key``."""

    class Type(models.TextChoices):
        TEXT = "text"
        NUMBER = "number"
        MONEY = "money"
        DATE = "date"
        CHOICE = "choice"
        MULTI_CHOICE = "multi_choice"
        BOOLEAN = "boolean"
        URL = "url"
        RELATION = "relation"

    module = models.CharField(max_length=80, help_text="leads, say; objects/<key> for a type of the organization's own")
    key = models.CharField(max_length=60, validators=[RegexValidator(r"^[a-z][a-z0-9_]*$", "Small letters, digits and _.")])
    label = models.CharField(max_length=100)
    type = models.CharField(max_length=12, choices=Type.choices)
    options = models.JSONField(default=list, blank=True, help_text="What there is to choose from")
    target = models.CharField(max_length=80, blank=True, help_text="The module that a relation leads to")
    required = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)
    help_text = models.CharField(max_length=200, blank=True)
    is_archived = models.BooleanField(default=False, editable=False)

    class Meta:
        db_table = "custom_fields"
        ordering = ["module", "position", "id"]
        constraints = [models.UniqueConstraint(fields=["org", "module", "key"], name="custom_fields_once")]

    def __str__(self) -> str:
        return self.label


class CustomValue(TenantModel):
    """What a record has in one of its custom fields, for filters. A trigger on each record's table keeps it."""

    tracked = False

    module = models.CharField(max_length=60)
    key = models.CharField(max_length=60)
    record_id = models.UUIDField()
    value = models.CharField(max_length=200, help_text="As text, cut off")
    number = models.FloatField(null=True, help_text="As a number, where it is one")

    class Meta:
        db_table = "custom_values"
        indexes = [
            models.Index(fields=["org", "module", "key", "value", "record_id"], name="custom_values_by_text"),
            models.Index(
                fields=["org", "module", "key", "number", "record_id"],
                condition=models.Q(number__isnull=False),
                name="custom_values_by_number",
            ),
            models.Index(fields=["org", "record_id", "key"], name="custom_values_of_record"),
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.value}"
