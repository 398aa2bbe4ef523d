from functools import cache
from typing import Any

from django.db import models
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.filters import Filter
from common.api.parameters import ETAG, IF_MATCH, documented
from common.calendar.zones import today_in, zone_of
from common.records.staged_views import StagedViewSet

from . import services
from .models import Task
from .serializers import TaskSerializer, TickSerializer


class OverdueFilter(Filter):
    """Open, and due before today where the organization is."""

    target: Any = models.BooleanField()

    def apply(self, queryset: Any, value: Any, profile: Any) -> Any:
        overdue = models.Q(due_date__lt=today_in(zone_of(profile.org)), completed_at=None)
        return queryset.filter(overdue if value else ~overdue)


class DueBeforeFilter(Filter):
    """By day; of a time, its day counts."""

    def parse(self, raw: str) -> Any:
        return super().parse(raw.split("T")[0])

    def apply(self, queryset: Any, value: Any, profile: Any) -> Any:
        return queryset.filter(due_date__lt=value)


class TaskViewSet(StagedViewSet):
    queryset = Task.objects.all()
    serializer_class = TaskSerializer
    also_called = ["to-do", "todo", "reminder", "follow-up", "checklist"]
    example = {"title": "Call Ada back", "priority": "High", "due_date": "2026-12-01", "status": "New",
               "checklist": [{"text": "Find her number"}]}  # fmt: skip
    filterset_fields = ["title", "priority", "due_date", "reminder", "completed_at", "recurrence", "contacts", "parent",
                        *Task.record_types()]  # fmt: skip

    @classmethod
    @cache
    def filters(cls) -> dict[str, Filter]:
        due, lead = (Task._meta.get_field(name) for name in ("due_date", "lead"))
        more = [OverdueFilter("overdue", due, ""), DueBeforeFilter("due_before", due, ""), Filter("lead_id", lead, "")]
        return super().filters() | {entry.name: entry for entry in more}

    def perform_move(self, record: Task, values: dict[str, Any]) -> None:
        super().perform_move(record, values)
        services.settle(task=record)

    @documented(IF_MATCH, ETAG)
    @extend_schema(request=TickSerializer)
    @action(detail=True, methods=["post"])
    def tick(self, request: Request, pk: Any = None) -> Response:
        """Tick an item of a task's checklist, or (`done` false) take the tick away."""
        task = self.get_object_for("edit")
        serializer = TickSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        services.tick(task=task, item_id=serializer.validated_data["item"], done=serializer.validated_data["done"])
        return self.written(pk)
