from copy import copy
from typing import Any

from rest_framework import serializers

from common.records.about import AboutSerializer
from common.records.serializers import RecordSerializer, Strict

from . import services
from .models import Plan

MAX_MINUTES = 4 * 7 * 24 * 60


#: What an agenda merges.
AGENDA_KINDS = [("event", "event"), ("plan", "plan"), ("task", "task")]


class PlanSerializer(AboutSerializer, RecordSerializer):
    class Meta(RecordSerializer.Meta):
        model = Plan
        fields = [
            *RecordSerializer.Meta.fields,
            "subject",
            "activity_type",
            "direction",
            "start",
            "duration",
            "status",
            "description",
            "reminders",
            "attendees",
            "interaction",
            *Plan.record_types(),
        ]
        extra_kwargs = {
            "duration": {"max_value": 31 * 24 * 60},
            "reminders": {"max_length": 5, "child": serializers.IntegerField(min_value=0, max_value=MAX_MINUTES)},
        }

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        """With the next reminder, which follows from the rest."""
        values = super().validate(values)
        if self.instance is not None and not values.keys() & {"start", "status", "reminders"}:
            return values
        plan = copy(self.instance) if self.instance else Plan()
        for name in values.keys() & {"start", "status", "reminders"}:
            setattr(plan, name, values[name])
        plan.derive()
        return values | {"remind_at": plan.remind_at}

    def create(self, values: dict[str, Any]) -> Any:
        return self.logged(super().create(values))

    def update(self, instance: Any, values: dict[str, Any]) -> Any:
        return self.logged(super().update(instance, values))

    @staticmethod
    def logged(plan: Plan) -> Plan:
        """Done by its status, it is on the timeline too."""
        if plan.status == Plan.Status.DONE and not plan.interaction_id:
            services.log(plan=plan)
            plan.save(update_fields=["interaction"])
        return plan


class DoneSerializer(Strict):
    notes = serializers.CharField(required=False, allow_blank=True, max_length=100_000, help_text="What came of it")
    occurred_at = serializers.DateTimeField(
        required=False, help_text="Without it, when it was planned, or now if that is earlier"
    )
    duration = serializers.IntegerField(required=False, min_value=0, max_value=31 * 24 * 60, help_text="Minutes")


class AgendaEntry(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=AGENDA_KINDS)
    id = serializers.UUIDField(help_text="Of the event, planned activity or task")
    occurrence = serializers.DateTimeField(allow_null=True, help_text="Of a recurring event: when it would begin by the rule")
    title = serializers.CharField()
    type = serializers.CharField(help_text="Of an event or plan its type, of a task its priority")
    status = serializers.CharField()
    done = serializers.BooleanField()
    start = serializers.DateTimeField(help_text="Of a task: the midnight of the day on which it is due")
    end = serializers.DateTimeField(allow_null=True)
    all_day = serializers.BooleanField()
    location = serializers.CharField()
    record_type = serializers.CharField(allow_null=True)
    record = serializers.UUIDField(allow_null=True)


class NextEntry(AgendaEntry):
    overdue = serializers.BooleanField()


class Span(serializers.Serializer[Any]):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class BusyRow(serializers.Serializer[Any]):
    profile = serializers.UUIDField()
    busy = Span(many=True)
