"""Admin pages of events. Who is invited is told of a change, as over the API."""

from django.contrib import admin

from common.admin_base import PartInline, ShownInline
from common.records.admin import RecordAdmin

from .models import Event, OccurrenceChange, Participant
from .views import EventViewSet


class ParticipantInline(PartInline):
    """A colleague, a contact, a lead or an address; those who stay keep their answer."""

    model = Participant
    parent_viewset = EventViewSet
    part = "participants"
    fields = ["profile", "contact", "lead", "name", "email", "response"]
    readonly_fields = ["response"]
    widths = {"name": "9rem", "email": "13rem"}


class ChangeInline(ShownInline):
    model = OccurrenceChange
    fields = ["occurrence", "cancelled", "start", "end", "title", "location"]
    verbose_name_plural = "changed occurrences"


class EventAdmin(RecordAdmin):
    section = "Work"
    icon = "event"
    inlines = [ParticipantInline, ChangeInline]
    list_display = ["__str__", "start", "end", "event_type", "status", "location"]


admin.site.unregister(Event)
admin.site.register(Event, EventAdmin)
