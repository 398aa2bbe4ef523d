"""One row of every tenant model, made from the model's own declaration, so that a new model is in every test at once."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.apps import apps
from django.core.files.base import ContentFile
from django.db import models
from django.utils import timezone

from common.activity.models import Activity
from common.base import ActorField, TenantModel
from common.people.models import Profile, User
from common.records.models import Record, StagedRecord
from common.records.serializers import find_stage
from common.tenancy import org_scope
from common.tenancy.constraints import OneOf
from common.tenancy.fields import TenantForeignKey

#: Values that a model needs where those by type of field would not do.
SPECIAL: dict[str, dict[str, Any]] = {
    "common.Pipeline": {"module": "leads"},
    "common.Notification": {"record_id": UUID(int=1)},
    "common.Role": {"permissions": {}},
    "common.CustomValue": {"record_id": UUID(int=1)},
    "common.NumberSeries": {"format": "{number}"},
    "opportunity.Goal": {"team": None, "ends_on": date(2026, 12, 31)},
    "invoices.Invoice": {"number": "", "recurring": None, "recurs_on": None},
    "invoices.InvoiceLine": {"price": Decimal(10)},
    "opportunity.OpportunityLine": {"price": Decimal(10)},
    "opportunity.TaxRate": {"percent": Decimal(19)},
    "common.CustomField": {"module": "leads", "key": "size", "type": "text", "options": []},
    "common.SavedView": {"module": "leads", "filters": {}, "fields": [], "ordering": "", "shared": True},
    "custom_objects.CustomObject": {"key": "student"},
    "events.Event": {
        "start": datetime(2027, 1, 1, 9, tzinfo=UTC),
        "end": datetime(2027, 1, 1, 10, tzinfo=UTC),
        "timezone": "Europe/Oslo",
        "recurrence": "FREQ=WEEKLY",
    },
    "tasks.Task": {"recurrence": "FREQ=WEEKLY"},
    "events.OccurrenceChange": {"start": None, "end": None},
    "common.Attachment": {"size": 4, "content_type": "text/plain"},
    "emails.Email": {"to": ["a@x.example"], "cc": [], "bcc": []},
    "cases.BusinessHours": {"week": {"mon": [["09:00", "17:00"]]}, "holidays": {}, "timezone": ""},
    "cases.CaseMerge": {"undone_at": timezone.now()},
    "cases.Survey": {"rating": 5},
}


def tenant_models() -> list[Any]:
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


def one_of_each(profile: Profile, marker: str) -> dict[Any, Any]:
    """A row of every tenant model in the org of ``profile``, who makes it. Every text that is long enough has ``marker``."""
    with org_scope(profile):
        return Maker(marker).everything()


def target_of(model: Any, name: str) -> Any:
    return model._meta.get_field(name).related_model


class Maker:
    def __init__(self, marker: str):
        self.marker = marker
        self.rows: dict[Any, Any] = {}
        self.started: set[Any] = set()

    def everything(self) -> dict[Any, Any]:
        for model in tenant_models():
            self.row(model)
        for row in self.rows.values():
            self.link(row)
        return self.rows

    def row(self, model: Any) -> Any:
        """The row of ``model``, made when it is first asked for; None while it is being made."""
        if model in self.rows or model in self.started:
            return self.rows.get(model)
        self.started.add(model)
        if model is Activity:  # the database writes it
            row = Activity.objects.filter(changes__icontains=self.marker).first() or Activity.objects.first()
        else:
            row = self.make(model)
        self.rows[model] = row
        return row

    def make(self, model: Any) -> Any:
        try:
            values = {field.attname: self.value(model, field) for field in model._meta.concrete_fields if self.is_ours(field)}
            row = model(**{name: value for name, value in values.items() if value is not None})
            row.save(force_insert=True)
        except Exception as error:
            raise AssertionError(f"No {model._meta.label} can be made for tests: add values to {__name__}.SPECIAL.") from error
        return row

    def is_ours(self, field: Any) -> bool:
        return not (field.primary_key or field.name == "org" or isinstance(field, ActorField) or self.is_other_arm(field))

    @staticmethod
    def is_other_arm(field: Any) -> bool:
        """Of references of which exactly one is set, all but the first that is to a record with an owner."""
        for one in field.model._meta.constraints:
            if isinstance(one, OneOf) and field.name in one.fields:
                return field.name != next(name for name in one.fields if issubclass(target_of(field.model, name), Record))
        return False

    def value(self, model: Any, field: Any) -> Any:
        special = SPECIAL.get(model._meta.label, {})
        if field.name in special:
            return special[field.name]
        if field.name == "stage" and issubclass(model, StagedRecord):
            return find_stage(model.module).pk
        if field.is_relation:
            return self.reference(field)
        if field.choices:
            return field.choices[0][0]
        return self.plain(field)

    def reference(self, field: Any) -> Any:
        if isinstance(field, TenantForeignKey):
            row = self.row(field.related_model)
            return row.pk if row else None
        if field.related_model is User:
            return User.objects.create_user(f"{self.marker}@{self.marker}.example", name=self.marker).pk
        return None

    def plain(self, field: Any) -> Any:
        if field.has_default() and not isinstance(field, models.JSONField):
            return None
        if isinstance(field, models.FileField):
            return ContentFile(self.marker.encode(), name="file.txt")
        if isinstance(field, models.DateTimeField):
            return None if field.null else timezone.now()
        by_type: list[tuple[Any, Any]] = [
            (models.EmailField, f"{self.marker}@{self.marker}.example"),
            (models.URLField, f"https://{self.marker}.example/"),
            ((models.CharField, models.TextField), self.text(field)),
            (models.JSONField, {"note": self.marker}),
            (models.DecimalField, Decimal("1234.50")),
            (models.IntegerField, 7),
            (models.DateField, date(2026, 1, 2)),
            (models.UUIDField, uuid4()),
        ]
        return next((value for kind, value in by_type if isinstance(field, kind)), None)

    def text(self, field: Any) -> str:
        return self.marker if field.max_length is None or field.max_length >= len(self.marker) else ""

    def link(self, row: Any) -> None:
        for field in row._meta.many_to_many:
            getattr(row, field.name).set([self.rows[field.related_model].pk])
