from copy import copy
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject
from rest_framework import serializers

from common.records.about import AboutSerializer
from common.records.serializers import StagedSerializer, Strict

from .models import ChecklistItem, Task
from .services import check_parent, settle, write_checklist


class ChecklistItemSerializer(Strict):
    id = serializers.UUIDField(required=False, help_text="Of an item that is there already")
    text = serializers.CharField(max_length=200)
    done = serializers.BooleanField(required=False)


class ChecklistField(serializers.ListField):
    """The lines of a task's checklist, in their order; what is sent replaces them."""

    expression = ArraySubquery(
        ChecklistItem._default_manager.filter(task=OuterRef("pk"))
        .order_by("position", "id")
        .values(item=JSONObject(id="id", text="text", done="done"))
    )

    def __init__(self, **kwargs: Any):
        super().__init__(**{"child": ChecklistItemSerializer(), "max_length": 100, "required": False, **kwargs})


class TickSerializer(Strict):
    item = serializers.UUIDField(help_text="The id of an item of the task's checklist")
    done = serializers.BooleanField(default=True)


class TaskSerializer(AboutSerializer, StagedSerializer):
    aliases = {"lead_id": "lead"}
    checklist = ChecklistField()

    class Meta(StagedSerializer.Meta):
        model = Task
        fields = [
            *StagedSerializer.Meta.fields,
            "title",
            "priority",
            "due_date",
            "description",
            "contacts",
            "parent",
            "checklist",
            "reminder",
            "recurrence",
            "follows",
            "completed_at",
            *Task.record_types(),
        ]

    def validate_parent(self, parent: Task | None) -> Task | None:
        if parent is not None:
            check_parent(task=self.instance, parent=parent)
        return parent

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        values = super().validate(values)
        given = {name: values[name] for name in ("recurrence", "due_date") if name in values}
        if not given:
            return values
        task = copy(self.instance) if self.instance else Task()
        for name, value in given.items():
            setattr(task, name, value)
        task.clean()
        return values | {"recurrence": task.recurrence}

    def create(self, values: dict[str, Any]) -> Any:
        checklist = values.pop("checklist", [])
        task = super().create(values)
        return self.settled(task, checklist)

    def update(self, instance: Any, values: dict[str, Any]) -> Any:
        checklist = values.pop("checklist", None)
        if "reminder" in values:
            instance.remind_at = values["reminder"]  # a new one is sent even where its moment is over
        return self.settled(super().update(instance, values), checklist)

    @staticmethod
    def settled(task: Task, checklist: list[dict[str, Any]] | None) -> Task:
        if checklist is not None:
            write_checklist(task=task, items=checklist)
        settle(task=task)
        return task
