"""The activity stream as lines that people read: who changed what of which row, with names where it stores ids."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db.models import OuterRef, QuerySet, Subquery

from common.base import TenantModel
from common.people.models import Profile, User

from .models import Activity

LONGEST = 80  # characters of a value
NOTHING = "—"
WORDS = {
    "create": "created",
    "update": "changed",
    "delete": "moved to the bin",
    "restore": "restored",
    "purge": "deleted for good",
}


@dataclass
class Change:
    field: str
    before: str
    after: str


@dataclass
class Line:
    at: datetime
    who: str
    action: str
    source: str
    request_id: str
    changes: list[Change]
    kind: str
    record: str = ""
    url: str = ""


def tracked_model(record_type: str) -> Any:
    """The model whose rows the stream calls ``record_type``; None where there is none any more."""
    for model in apps.get_models():
        if issubclass(model, TenantModel) and model._meta.model_name == record_type:
            return model
    return None


def kind_of(record_type: str) -> str:
    """What people call the rows that the stream calls ``record_type``: "API key" for "apikey"."""
    model = tracked_model(record_type)
    return str(model._meta.verbose_name) if model else record_type


def history_rows(obj: Any) -> QuerySet[Activity]:
    rows = Activity.objects.filter(record_type=obj._meta.model_name, record_id=obj.pk)
    return with_names(rows).order_by("-id")


def with_names(rows: QuerySet[Activity]) -> QuerySet[Activity]:
    """Rows that know the names of who acted: as ``actor_name`` a member's, as ``account_name`` anyone's."""
    member = Profile.objects.filter(pk=OuterRef("actor_id")).values("user__name")
    account = User.objects.filter(pk=OuterRef("user_id")).values("email")
    return rows.annotate(actor_name=Subquery(member), account_name=Subquery(account))


def who(row: Any, request: Any) -> str:
    """Who acted. Members of an org are not told which of the platform's staff it was."""
    if row.actor_id:
        return row.actor_name or "Someone who left"
    if row.user_id and row.source == "admin":
        return row.account_name or "Platform staff" if request.user.is_superuser else "Platform staff"
    return "Atrium"


def lines_of(site: Any, request: Any, model: Any, rows: Iterable[Any]) -> list[Line]:
    """The history of one row of ``model``, newest first to the microsecond (ids of one millisecond are in any order)."""
    rows = sorted(rows, key=lambda row: row.at, reverse=True)
    hidden = site.get_model_admin(model).unseen
    names = names_in(site, request, model, rows)
    return [
        Line(
            at=row.at,
            who=who(row, request),
            action=WORDS.get(row.action, row.action),
            source=row.source,
            request_id=row.request_id,
            changes=[change for column, change in changes_of(model, row, names) if column not in hidden],
            kind=kind_of(row.record_type),
        )
        for row in rows
    ]


def changes_of(model: Any, row: Any, names: dict[str, str]) -> Iterable[tuple[str, Change]]:
    for column, (before, after) in row.changes.items():
        field = field_of(model, column)
        if field is None or is_tenant_or_plain(field):
            label = str(getattr(field, "verbose_name", column)).replace("_", " ")
            yield column, Change(label, shown(before, names), shown(after, names))


def field_of(model: Any, column: str) -> Any:
    """The field behind a column, or a many-to-many field by its name."""
    for field in (*model._meta.fields, *model._meta.many_to_many):
        if column in (field.column, field.name):
            return field
    return None


def is_tenant_or_plain(field: Any) -> bool:
    """Whether a field is a value or a reference inside the org; accounts are not shown by id."""
    return not field.is_relation or issubclass(field.related_model, TenantModel)


def shown(value: Any, names: dict[str, str]) -> str:
    if value is None or value == "":
        return NOTHING
    text = names.get(str(value), str(value))
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def names_in(site: Any, request: Any, model: Any, rows: list[Any]) -> dict[str, str]:
    """The names of the rows that changes refer to by id, in one statement for each kind."""
    ids: dict[Any, set[str]] = {}
    for row in rows:
        for column, values in row.changes.items():
            field = field_of(model, column)
            if field is not None and field.is_relation and is_tenant_or_plain(field):
                ids.setdefault(field.related_model, set()).update(value for value in values if value)
    names: dict[str, str] = {}
    for target, wanted in ids.items():
        found = site.get_model_admin(target).get_queryset(request).filter(pk__in=wanted)
        names |= {str(row.pk): str(row) for row in found}
    return names


def with_records(site: Any, request: Any, rows: list[Any]) -> list[Any]:
    """Give each row of the stream ``record`` (a name) and ``record_url``, in one statement for each kind of record."""
    by_type: dict[str, set[Any]] = {}
    for row in rows:
        by_type.setdefault(row.record_type, set()).add(row.record_id)
    found: dict[tuple[str, Any], Any] = {}
    for record_type, ids in by_type.items():
        model = tracked_model(record_type)
        if model is not None and site.is_registered(model):
            records = site.get_model_admin(model).get_queryset(request).filter(pk__in=ids)
            found |= {(record_type, record.pk): record for record in records}
    for row in rows:
        record = found.get((row.record_type, row.record_id))
        row.record = str(record) if record else ""
        row.record_url = site.get_model_admin(type(record)).url_of(record) if record else ""
    return rows


def recent(site: Any, request: Any, count: int = 8) -> list[Line]:
    """The newest changes of the scope, whatever they are of."""
    newest = sorted(with_names(Activity.objects.order_by("-id"))[:count], key=lambda row: row.at, reverse=True)
    rows = with_records(site, request, newest)
    return [
        Line(
            row.at,
            who(row, request),
            WORDS.get(row.action, row.action),
            row.source,
            row.request_id,
            [],
            row.record_type,
            row.record,
            row.record_url,
        )
        for row in rows
    ]
