from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.filters import apply_filters
from common.api.parameters import ETAG, IF_MATCH, documented, whole
from common.calendar.busy import busy, merged
from common.calendar.ranges import RANGE, RANGE_PAGE, Page, range_of
from common.calendar.rules import midnight
from common.calendar.zones import today_in, zone_of
from common.people.models import Profile
from common.records.serializers import DOES_NOT_EXIST
from common.records.views import RecordViewSet

from . import services
from .agenda import Wanted, entries
from .models import Plan
from .serializers import AgendaEntry, BusyRow, DoneSerializer, NextEntry, PlanSerializer

MAX_PEOPLE = 20
#: How far ahead "what next" looks.
AHEAD = timedelta(days=14)


class PlanViewSet(RecordViewSet):
    queryset = Plan.objects.all()
    serializer_class = PlanSerializer
    tool_names: ClassVar[dict[str, str]] = {
        "done": "complete_{one}",
        "agenda": "my_agenda",
        "what_next": "what_have_i_to_do_next",
        "free_busy": "when_are_people_busy",
    }
    shows_more = True  # whoever takes part may view it
    also_called = ["planned call", "planned meeting", "activity", "agenda", "plan"]
    said_as: ClassVar[dict[str, dict[str, str]]] = {"open": {"status": "planned"}}
    example = {"subject": "Call about the offer", "activity_type": "call", "start": "2026-12-01T09:00:00Z", "duration": 15,
               "reminders": [10]}  # fmt: skip
    filterset_fields = ["subject", "activity_type", "direction", "start", "status", "attendees", *Plan.record_types()]

    @documented(IF_MATCH, ETAG)
    @extend_schema(
        request=DoneSerializer,
        responses={409: "It is done already, or cancelled."},
        examples=[OpenApiExample("Done", {"notes": "Wants two, in June."}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def done(self, request: Request, pk: Any = None) -> Response:
        """Mark a planned call, meeting or to-do as done, and log it on the timeline of its record."""
        plan = self.get_object_for("edit")
        serializer = DoneSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        services.finish(plan=plan, **serializer.validated_data)
        return self.written(pk)

    @extend_schema(summary="Your agenda", responses=AgendaEntry(many=True))
    @documented(*RANGE_PAGE)
    @action(detail=False, filter_backends=[])
    def agenda(self, request: Request) -> Response:
        """Your plans, events and tasks between two moments, in one order; recurring events as often as they take place."""
        self.require("view")
        apply_filters(self.queryset, {}, request.query_params, self.profile, ("from", "to", "limit", "cursor"))
        zone, page = zone_of(self.profile.org), Page.of(request)
        return Response(page.cut(request, *entries(Wanted(self.profile, *range_of(request, zone), page, zone))))

    @extend_schema(responses=NextEntry(many=True))
    @documented(whole("limit", "How many", 1, 500, default=50))
    @action(detail=False, url_path="next", url_name="next", filter_backends=[])
    def what_next(self, request: Request) -> Response:
        """What you have to do next: what is overdue, the oldest first, and then the coming 14 days."""
        self.require("view")
        apply_filters(self.queryset, {}, request.query_params, self.profile, ("limit",))
        zone, now = zone_of(self.profile.org), timezone.now()
        page, today = Page.of(request), midnight(today_in(zone), zone)
        body = page.cut(request, *entries(Wanted(self.profile, now, now + AHEAD, page, zone, todo=True)))
        for entry in body["results"]:
            entry["overdue"] = entry["start"] < (today if entry["kind"] == "task" else now) and entry["kind"] != "event"
        return Response({"results": body["results"]})

    @extend_schema(responses=BusyRow(many=True))
    @documented(*RANGE, OpenApiParameter("profiles", description="Ids of colleagues, 20 at most; without it, you"))
    @action(detail=False, url_path="free-busy", url_name="free-busy", filter_backends=[])
    def free_busy(self, request: Request) -> Response:
        """When colleagues have no time. Only the times are told, not what it is."""
        self.require("view")
        apply_filters(self.queryset, {}, request.query_params, self.profile, ("from", "to", "profiles"))
        people = self.people_of(request.query_params.get("profiles"))
        found = busy(people, *range_of(request, zone_of(self.profile.org)))
        rows = [
            {"profile": person, "busy": [{"start": start, "end": end} for start, end in merged(found[person])]}
            for person in people
        ]
        return Response({"results": rows})

    def people_of(self, raw: str | None) -> list[UUID]:
        """The ids that a parameter lists. Raises ValidationError."""
        if not raw:
            return [self.profile.pk]
        try:
            ids = list(dict.fromkeys(UUID(text.strip()) for text in raw.split(",")))
        except ValueError as error:
            raise ValidationError({"profiles": ["Expected ids, with commas between them."]}) from error
        if len(ids) > MAX_PEOPLE:
            raise ValidationError({"profiles": [f"{MAX_PEOPLE} at most."]})
        known = set(Profile.objects.filter(pk__in=ids, is_active=True).values_list("pk", flat=True))
        if missing := [pk for pk in ids if pk not in known]:
            raise ValidationError({"profiles": [DOES_NOT_EXIST.format(pk_value=missing[0])]})
        return ids
