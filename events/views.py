from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import Q
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api.filters import apply_filters
from common.api.parameters import ETAG, IF_MATCH, documented, filters_of
from common.calendar.busy import busy
from common.calendar.ranges import RANGE_PAGE, Key, Page, range_of
from common.calendar.zones import zone_of
from common.records.views import RecordViewSet

from . import services
from .models import ONCE, CalendarFeed, Event, Occurrence
from .serializers import (
    ChangeSerializer,
    ConflictRow,
    EventSerializer,
    FeedSerializer,
    OccurrenceRow,
    OccurrenceSerializer,
    ResponseSerializer,
)
from .times import LONGEST

#: How far ahead conflicts of a series are looked for.
CONFLICTS_WITHIN, MAX_CONFLICTS = timedelta(days=90), 100
DEMO = {"title": "Demo of the sea kayak", "event_type": "Demo", "start": "2026-12-01T09:00:00Z", "end": "2026-12-01T10:00:00Z",
        "participants": [{"email": "ada@engines.example"}], "reminders": [15]}  # fmt: skip


class EventViewSet(RecordViewSet):
    queryset = Event.objects.all()
    serializer_class = EventSerializer
    mails_people = True
    tool_names: ClassVar[dict[str, str]] = {
        "occurrences": "occurrences_of_{many}",
        "respond": "answer_invitation_to_{one}",
    }
    also_called = ["meeting", "appointment", "invitation", "calendar"]
    example = DEMO
    filterset_fields = ["title", "event_type", "status", "start", "end", "all_day", "location", "recurrence", "series",
                        *Event.record_types()]  # fmt: skip

    def validated(self, serializer_class: Any) -> dict[str, Any]:
        serializer = serializer_class(data=self.request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def perform_destroy(self, instance: Any) -> None:
        super().perform_destroy(instance)
        services.binned(event=instance)

    @extend_schema(request=None)
    @documented(ETAG)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: Any = None) -> Response:
        """Bring an event back from the bin, and invite again."""
        super().restore(request, pk)
        services.restored(event=Event.objects.get(pk=pk))
        return self.written(pk)

    @extend_schema(responses=OccurrenceRow(many=True))
    @documented(filters_of, *RANGE_PAGE)
    @action(detail=False, filter_backends=[])
    def occurrences(self, request: Request) -> Response:
        """Each time that an event takes place in a range, those of series worked out, by their start."""
        self.require("view")
        after, before = range_of(request, zone_of(self.profile.org))
        events = apply_filters(
            self.visible(), self.filters_asked(), request.query_params, self.profile, ("from", "to", "limit", "cursor")
        )
        page = Page.of(request)
        since = max(after, page.last[0]) if page.last else after
        singles = events.filter(ONCE, page.after("event"), start__gte=after - LONGEST, start__lt=before, end__gt=after)
        singles = singles.order_by("start", "id")[: page.limit + 1]
        series = events.filter(~ONCE, Q(ends_by=None) | Q(ends_by__gt=since), start__lt=before).order_by()
        once = [entry_of(Occurrence(event, event.start, event.start, event.end)) for event in singles]
        again = (map(entry_of, event.occurrences(since, before)) for event in series.prefetch_related("changes"))
        return Response(page.cut(request, once, *again))

    @documented(IF_MATCH, ETAG)
    @extend_schema(
        request=ChangeSerializer,
        examples=[
            OpenApiExample(
                "Half an hour later, from then on",
                {"occurrence": "2026-12-07T09:00:00Z", "scope": "following", "start": "2026-12-07T09:30:00Z"},
                request_only=True,
            )
        ],
    )
    @action(detail=True, methods=["post"], url_path="change-occurrence", url_name="change-occurrence")
    def change_occurrence_of(self, request: Request, pk: Any = None) -> Response:
        """Change one occurrence of a recurring event, that and all following, or all. Answers with the event it then is of."""
        event = self.get_object_for("edit")
        values = self.validated(ChangeSerializer)
        scope, occurrence = values.pop("scope"), values.pop("occurrence")
        if scope == "following" and occurrence == event.start or not event.recurrence:
            scope = "all"
        change = {"one": services.change_one, "following": services.change_following, "all": services.change_all}[scope]
        return self.written(change(event=event, occurrence=occurrence, values=values).pk)

    @documented(IF_MATCH, ETAG)
    @extend_schema(
        request=OccurrenceSerializer,
        examples=[OpenApiExample("One", {"occurrence": "2026-12-07T09:00:00Z"}, request_only=True)],
    )
    @action(detail=True, methods=["post"], url_path="cancel-occurrence", url_name="cancel-occurrence")
    def cancel_occurrence_of(self, request: Request, pk: Any = None) -> Response:
        """Cancel one occurrence of a recurring event, that and all following, or all; those invited are told."""
        event = self.get_object_for("edit")
        values = self.validated(OccurrenceSerializer)
        if values["scope"] == "all":
            services.check_occurrence(event, values["occurrence"])
            services.cancel(event=event)
        else:
            services.cancel(event=event, occurrence=values["occurrence"], following=values["scope"] == "following")
        return self.written(pk)

    @documented(ETAG)
    @extend_schema(request=ResponseSerializer)
    @action(detail=True, methods=["post"])
    def respond(self, request: Request, pk: Any = None) -> Response:
        """Answer an invitation to an event: accepted, tentative or declined."""
        event = self.visible().select_for_update(of=("self",)).filter(pk=pk).first()
        if event is None:
            raise Http404
        participant = event.participants.filter(Q(profile=self.profile.pk) | Q(email=self.profile.user.email)).first()
        if participant is None:
            raise PermissionDenied("You are not invited to this.")
        services.respond(participant=participant, response=self.validated(ResponseSerializer)["response"])
        return self.written(pk)

    @extend_schema(summary="Who is busy with something else", responses=ConflictRow(many=True))
    @action(detail=True, filter_backends=[])
    def conflicts(self, request: Request, pk: Any = None) -> Response:
        """When colleagues who take part are busy with something else: of the next 90 days, or while the event lasts."""
        event = self.visible().filter(pk=pk).first()
        if event is None:
            raise Http404
        if self.profile.is_client:
            raise PermissionDenied("When colleagues are busy is among them.")
        after = max(event.start, timezone.now()) if event.recurrence else event.start
        before = after + CONFLICTS_WITHIN if event.recurrence else event.end
        people = [person.pk for person in event.people()]
        taken = busy(people, after, before, but=event.pk)
        rows = [
            {"profile": person, "occurrence": occurrence.original, "start": start, "end": end}
            for occurrence in event.occurrences(after, before)
            for person, spans in taken.items()
            for start, end in spans
            if start < occurrence.end and end > occurrence.start
        ]
        return Response({"results": rows[:MAX_CONFLICTS]})


def entry_of(occurrence: Occurrence) -> tuple[Key, dict[str, Any]]:
    """An occurrence as it is shown, with its place in the order."""
    event = occurrence.event
    same = ("all_day", "timezone", "status", "event_type")
    return (occurrence.start, "event", event.pk), {
        "event": event.pk,
        "occurrence": occurrence.original,
        "title": occurrence.get("title"),
        "start": occurrence.start,
        "end": occurrence.end,
        **{name: getattr(event, name) for name in same},
        "location": occurrence.get("location"),
        "recurring": bool(event.recurrence),
        "changed": occurrence.change is not None,
    }


class CalendarFeedView(APIView):
    """The private iCalendar address of the caller, for the calendar program of a phone or computer."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request._request.profile.scope_for("events", "create") == "none":
            raise PermissionDenied("Your role has no calendar.")
        request.data  # noqa: B018 -- a broken body is refused, though none is needed

    def feed(self, request: Request) -> CalendarFeed:
        feed = CalendarFeed.objects.filter(profile=request._request.profile).first()
        if feed is None:
            raise Http404
        return feed

    @extend_schema(responses=FeedSerializer)
    def get(self, request: Request) -> Response:
        """Whether there is one, and since when."""
        return Response({"url": None, "created_at": self.feed(request).created_at})

    @extend_schema(request=None, responses={201: FeedSerializer})
    def post(self, request: Request) -> Response:
        """Get a new address. It is shown this once; the one before is dead."""
        token = services.give_feed(profile=request._request.profile)
        url = f"{settings.DOMAIN_NAME}/calendar/{token}.ics"
        return Response({"url": url, "created_at": timezone.now()}, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def delete(self, request: Request) -> Response:
        """Revoke the address."""
        self.feed(request).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)
