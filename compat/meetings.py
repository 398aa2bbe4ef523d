"""The chatbot's meetings: events by the names that its clients use."""

from datetime import timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import validate_email
from django.db.models import OuterRef, Value
from django.db.models.functions import Coalesce, NullIf
from django.urls import path
from rest_framework import serializers

from events.models import Participant
from events.serializers import MAX_PARTICIPANTS, EventSerializer
from events.views import EventViewSet

#: How long a meeting lasts of which only the beginning is known.
USUAL = timedelta(hours=1)


class PeopleField(serializers.ListField):
    """Addresses, or names of people who have none."""

    expression = ArraySubquery(
        Participant._default_manager.filter(event=OuterRef("pk"))
        .order_by("id")
        .values(text=Coalesce(NullIf("email", Value("")), "name"))
    )

    def __init__(self, **kwargs: Any):
        child = serializers.CharField(max_length=200)
        super().__init__(**{"child": child, "max_length": MAX_PARTICIPANTS, "required": False, **kwargs})

    def to_internal_value(self, data: Any) -> list[dict[str, Any]]:
        return [person(text) for text in super().to_internal_value(data)]


def person(text: str) -> dict[str, Any]:
    """One who takes part, by an address or a name."""
    nobody = {"profile": None, "contact": None, "lead": None}
    try:
        validate_email(text)
    except DjangoValidationError:
        return {**nobody, "name": text, "email": ""}
    return {**nobody, "name": "", "email": text.lower()}


class MeetingSerializer(EventSerializer):
    """A meeting: what it is called, when it begins, who comes, and what there is to note."""

    date = serializers.DateTimeField(source="start")
    participants: Any = PeopleField()
    notes = serializers.CharField(source="description", required=False, allow_blank=True, max_length=100_000)
    send_mail: Any = None

    class Meta(EventSerializer.Meta):
        fields = ["id", "title", "date", "participants", "notes", "created_at", "updated_at"]

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if self.instance is None:
            values["end"] = values["start"] + USUAL
        return super().validate(values)


class MeetingViewSet(EventViewSet):
    serializer_class = MeetingSerializer
    example = {
        "title": "Demo",
        "date": "2026-12-01T09:00:00Z",
        "participants": ["ada@engines.example"],
        "notes": "Bring the paddle.",
    }


urlpatterns = [
    path("meetings/", MeetingViewSet.as_view({"get": "list", "post": "create"}), name="meetings"),
    path(
        "meetings/<uuid:pk>/",
        MeetingViewSet.as_view({"get": "retrieve", "put": "update", "patch": "update", "delete": "destroy"}),
        name="meeting",
    ),
]
