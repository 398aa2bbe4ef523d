"""A record's history, read from the activity stream."""

from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from rest_framework import serializers
from rest_framework.request import Request

from common.api.filters import apply_filters
from common.api.pages import PARAMETERS, Order, paginate
from common.people.models import Profile

from .models import Activity


class Actor(serializers.Serializer[Any]):
    id = serializers.UUIDField(allow_null=True)
    name = serializers.CharField()


class HistoryEntry(serializers.Serializer[Any]):
    """One change. ``changes`` maps a field to its value before and after."""

    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    action = serializers.ChoiceField(choices=["create", "update", "delete", "restore", "purge"])
    actor = Actor(allow_null=True)
    source = serializers.ChoiceField(choices=["api", "admin", "assistant", "import", "site", "system"])  # type: ignore[assignment]
    request_id = serializers.CharField()
    changes = serializers.DictField(child=serializers.ListField())


def history_of(request: Request, model: Any, record_id: Any) -> dict[str, Any]:
    """A page of changes of one record, newest first."""
    apply_filters(Activity.objects, {}, request.query_params, None, PARAMETERS)
    rows = Activity.objects.filter(record_id=record_id, record_type=model._meta.model_name)
    envelope = paginate(request, rows, Order(Activity, ["-id"]), _read)
    envelope["results"] = entries(model, envelope["results"])
    return envelope


def _read(queryset: Any, names: list[str]) -> list[tuple[Any, ...]]:
    return [(row, *(getattr(row, name) for name in names)) for row in queryset]


def entries(model: Any, rows: list[Activity]) -> list[dict[str, Any]]:
    """Rows of the stream as people read them: field names, not columns; names of actors and stages, not only ids."""
    actors = dict(Profile.objects.filter(pk__in={row.actor_id for row in rows if row.actor_id}).values_list("pk", "user__name"))
    labels = stage_names(model, rows)
    columns = {field.column: field.name for field in model._meta.fields}
    return [
        {
            "id": row.pk,
            "at": row.at,
            "action": row.action,
            "actor": _actor(row, actors),
            "source": row.source,
            "request_id": row.request_id,
            "changes": dict(_named(row.changes, columns, labels)),
        }
        for row in rows
    ]


def _actor(row: Activity, names: dict[Any, str]) -> dict[str, Any] | None:
    if row.actor_id:
        return {"id": row.actor_id, "name": names.get(row.actor_id) or "Someone who left"}
    return {"id": None, "name": "Platform staff"} if row.user_id and row.source == "admin" else None


def _named(changes: dict[str, Any], columns: dict[str, str], labels: dict[str, str]) -> Any:
    for column, (before, after) in changes.items():
        if column == "stage_id" and labels:
            yield "status", [labels.get(before), labels.get(after)]
        yield columns.get(column, column), [before, after]


def stage_names(model: Any, rows: list[Activity]) -> dict[str, str]:
    try:
        stages: type[models.Model] = model._meta.get_field("stage").related_model
    except FieldDoesNotExist:
        return {}
    ids = {value for row in rows for value in row.changes.get("stage_id", []) if value}
    return {str(pk): name for pk, name in stages._default_manager.filter(pk__in=ids).values_list("pk", "name")} if ids else {}
