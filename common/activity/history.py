"""A record's history, read from the activity stream."""

from typing import Any

import orjson
from django.db.models import OuterRef, Subquery, UUIDField
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast
from rest_framework import serializers
from rest_framework.request import Request

from common.api.filters import apply_filters
from common.api.pages import PARAMETERS, Order, paginate
from common.people.models import Profile
from common.records.models import Stage, StagedRecord
from common.records.projection import Computed, read_rows
from common.records.serializers import ProjectedSerializer

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


def stage_name(side: int) -> Subquery:
    """The name of the stage in which a change found a record (0) or put it (1)."""
    stage_id = KeyTextTransform(side, KeyTransform("stage_id", OuterRef("changes")))
    return Subquery(Stage.objects.filter(pk=Cast(stage_id, UUIDField())).values("name"))


class ChangeSerializer(ProjectedSerializer):
    """A line of the stream and the names that ``entry_of`` needs to tell it to people."""

    actor_name = Computed(Subquery(Profile.objects.filter(pk=OuterRef("actor_id")).values("user__name")))
    left = Computed(stage_name(0))
    entered = Computed(stage_name(1))

    class Meta:
        model = Activity
        fields = ["id", "at", "action", "actor_id", "user_id", "source", "request_id", "changes", "actor_name", "left", "entered"]

    @classmethod
    def names_for(cls, model: Any) -> tuple[str, ...]:
        """The fields to read of changes of ``model``."""
        return cls.names() if issubclass(model, StagedRecord) else cls.names()[:-2]


def history_of(request: Request, model: Any, record_id: Any) -> dict[str, Any]:
    """A page of changes of one record, newest first."""
    apply_filters(Activity.objects, {}, request.query_params, None, PARAMETERS)
    rows = Activity.objects.filter(record_id=record_id, record_type=model._meta.model_name)
    names = ChangeSerializer.names_for(model)
    envelope = paginate(
        request, rows, Order(Activity, ["-id"]), lambda page, extra: read_rows(page, ChangeSerializer, names, *extra)
    )
    envelope["results"] = [entry_of(model, orjson.loads(orjson.dumps(row))) for row in envelope["results"]]
    return envelope


def entry_of(model: Any, row: dict[str, Any]) -> dict[str, Any]:
    """A line of the stream as people read it: field names, not columns; names of actors and stages, not only ids."""
    columns = {field.column: field.name for field in model._meta.fields}
    changes = {columns.get(column, column): change for column, change in row["changes"].items()}
    if "stage_id" in row["changes"] and issubclass(model, StagedRecord):
        changes["status"] = [row["left"], row["entered"]]
    shown = {name: row[name] for name in ("id", "at", "action", "source", "request_id")}
    return shown | {"actor": actor_of(row), "changes": changes}


def actor_of(row: dict[str, Any]) -> dict[str, Any] | None:
    if row["actor_id"]:
        return {"id": row["actor_id"], "name": row["actor_name"] or "Someone who left"}
    return {"id": None, "name": "Platform staff"} if row["user_id"] and row["source"] == "admin" else None
