"""The CRM chatbot's tickets: cases under their words."""

from typing import Any

from django.urls import path
from rest_framework import serializers

from cases.models import Case
from cases.models.cases import Priority
from cases.serializers import CaseSerializer
from cases.views import CaseViewSet
from common.records.models import Stage

#: What chatbots call priorities and stages, where an organization has no stage of that name.
PRIORITIES = {"medium": "Normal", "critical": "Urgent"}
KINDS = {
    "open": Stage.Kind.OPEN,
    "in progress": Stage.Kind.OPEN,
    "pending": Stage.Kind.WAITING,
    "resolved": Stage.Kind.WON,
    "closed": Stage.Kind.WON,
}


class TicketSerializer(CaseSerializer):
    """A case: `subject` is its name, `status` its stage."""

    subject = serializers.CharField(source="name", max_length=200)

    class Meta(CaseSerializer.Meta):
        fields = ["id", "number", "subject", "description", "priority", "status", "created_at", "updated_at"]

    def to_internal_value(self, data: Any) -> Any:
        """Words in any case, and those that the chatbot used."""
        if isinstance(data, dict):
            data = {**data, **{name: called(data[name]) for name, called in WORDS.items() if isinstance(data.get(name), str)}}
        return super().to_internal_value(data)


def priority_called(word: str) -> str:
    known = {**PRIORITIES, **{str(value).lower(): str(value) for value in Priority}}
    return known.get(word.strip().lower(), word)


def stage_called(word: str) -> str:
    """The name of a stage of the default pipeline: as it is called, or the first of the kind that the word means."""
    stages = list(Stage.objects.filter(pipeline__module=Case.module, pipeline__is_default=True).order_by("position", "id"))
    kind = KINDS.get(word.strip().lower().replace("_", " "))
    if kind is None or word.strip().lower() in [stage.name.lower() for stage in stages]:
        return word
    return next((stage.name for stage in stages if stage.kind == kind), word)


WORDS = {"priority": priority_called, "status": stage_called}


class TicketViewSet(CaseViewSet):
    serializer_class = TicketSerializer
    example = {"subject": "The seat is loose", "description": "Since Monday.", "priority": "High", "status": "New"}


urlpatterns = [
    path("tickets/", TicketViewSet.as_view({"get": "list", "post": "create"}), name="tickets"),
    path(
        "tickets/<uuid:pk>/",
        TicketViewSet.as_view({"get": "retrieve", "put": "update", "patch": "update", "delete": "destroy"}),
        name="ticket",
    ),
]
