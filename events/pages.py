"""What needs no sign-in: the page on which those who are invited answer, and the feeds that calendar programs read."""

from datetime import timedelta

import icalendar
from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe
from rest_framework.exceptions import ValidationError

from common.calendar.scheduled import Scheduled
from common.links import opened
from common.people.authentication import find_member
from common.people.models import Org, Profile
from common.people.pages import show_mailed
from common.records.models import MODULES
from common.tenancy import current_org_id, org_scope

from . import mails, services
from .ics import calendar_of, entry_of, series_of
from .models import CalendarFeed, Event, Participant

#: What a feed holds: what is not over for longer than this, and how much of each kind.
KEPT, MOST = timedelta(days=90), 2000


@require_http_methods(["GET", "HEAD", "POST"])
def meeting(request: HttpRequest, token: str) -> HttpResponse:
    """The page of one participant. Only its buttons answer: programs that look at mails follow their links."""
    org_id, participant_id = mails.read_token(token)
    if not Org.objects.filter(pk=org_id, is_active=True).exists():
        raise Http404
    with org_scope(org_id, source="link"), transaction.atomic():
        rows = Participant.objects.select_related("event__created_by__user", "event__org")
        participant = rows.select_for_update(of=("self",)).filter(pk=participant_id).first()
        if participant is None:
            raise Http404
        if request.method == "POST":
            return answer(request, participant, token)
        event = participant.event
        when = mails.when(event, event.start, event.end)
        return show_mailed(
            request,
            "meeting.html",
            participant=participant,
            event=event,
            when=when,
            repeats=mails.rules.in_words(event.recurrence) if event.recurrence else "",
            is_cancelled=bool(event.deleted_at) or event.status == Event.Status.CANCELLED,
        )


def answer(request: HttpRequest, participant: Participant, token: str) -> HttpResponse:
    response = request.POST.get("response", "")
    if response in ("accepted", "tentative", "declined"):
        try:
            services.respond(participant=participant, response=response)
            messages.success(request, "Thank you: your answer was sent.")
        except ValidationError:
            pass  # the page says why
    return redirect("meeting-page", token=token)


def entries(profile: Profile) -> list[icalendar.Event]:
    """What is on a person's calendar besides events."""
    found = []
    for model in MODULES.values():
        if issubclass(model, Scheduled) and (rows := model.for_feed(timezone.now() - KEPT)) is not None:
            held = rows.visible_to(profile).filter(pk__in=model.ids_held_by([profile.pk]))
            found += [entry_of(row) for row in held[:MOST]]
    return found


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """The calendar of one person: events, what they plan to do with customers, and tasks on the day they are due."""
    with opened(token.removesuffix(".ics"), source="feed") as token_hash:
        found = CalendarFeed.objects.filter(token_hash=token_hash).values_list("profile__user_id", flat=True).first()
        profile = find_member(found, current_org_id()) if found else None
        if profile is None:
            raise Http404
        mine = Event.objects.filter(pk__in=Event.ids_held_by([profile.pk])).exclude(status=Event.Status.CANCELLED)
        kept = mine.filter(Q(ends_by=None) | Q(ends_by__gt=timezone.now() - KEPT)).order_by("-start", "-id")[:MOST]
        events = kept.select_related("org", "created_by__user").prefetch_related("changes", "participants")
        components = [part for event in events for part in series_of(event, event.participants.all())]
        content = calendar_of([*components, *entries(profile)], name=f"{profile.user} – {profile.org}")
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response.headers["Cache-Control"], response.headers["Referrer-Policy"] = "private, no-store", "no-referrer"
    return response
