from copy import copy
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef
from django.db.models.functions import JSONObject
from rest_framework import serializers

from common.calendar import rules
from common.records.about import AboutSerializer
from common.records.projection import UTCText
from common.records.serializers import DOES_NOT_EXIST, RecordSerializer, Strict, visible

from . import services
from .models import Event, Participant

MAX_PARTICIPANTS = 100
MAX_MINUTES = 4 * 7 * 24 * 60
#: Whom a participant can be, beside an address.
PEOPLE = ("profile", "contact", "lead")


class ParticipantSerializer(Strict):
    """A colleague, a contact, a lead, or an address. Who answers, answers by the link that was mailed to them."""

    id = serializers.UUIDField(read_only=True)
    profile = serializers.UUIDField(required=False, allow_null=True)
    contact = serializers.UUIDField(required=False, allow_null=True)
    lead = serializers.UUIDField(required=False, allow_null=True)
    name = serializers.CharField(required=False, allow_blank=True, max_length=200)
    email = serializers.EmailField(required=False, allow_blank=True)
    response = serializers.ChoiceField(choices=Participant.Response.choices, read_only=True)
    responded_at = serializers.DateTimeField(read_only=True, allow_null=True)

    def to_internal_value(self, data: Any) -> Any:
        """What a reader got may be sent back: answers are not taken from it."""
        if isinstance(data, dict):
            data = {name: value for name, value in data.items() if name not in ("id", "response", "responded_at")}
        return super().to_internal_value(data)


class ParticipantsField(serializers.ListField):
    """Who takes part in an event; what is sent replaces them. Those who stay keep their answer."""

    expression = ArraySubquery(
        Participant._default_manager.filter(event=OuterRef("pk"))
        .order_by("id")
        .values(
            person=JSONObject(
                **{name: name for name in ("id", "name", "email", "response")},
                **{name: f"{name}_id" for name in PEOPLE},
                responded_at=UTCText(F("responded_at")),
            )
        )
    )

    def __init__(self, **kwargs: Any):
        super().__init__(**{"child": ParticipantSerializer(), "max_length": MAX_PARTICIPANTS, "required": False, **kwargs})

    def to_internal_value(self, data: Any) -> list[dict[str, Any]]:
        """``{profile, contact, lead, name, email}`` of each, with the rows that the ids name."""
        people = super().to_internal_value(data)
        for kind in PEOPLE:
            model: Any = Participant._meta.get_field(kind).related_model
            ids = {person[kind] for person in people if person.get(kind)}
            rows = visible(model, self.context["profile"]).filter(pk__in=ids)
            found = {row.pk: row for row in (rows.select_related("user") if kind == "profile" else rows)} if ids else {}
            for number, person in enumerate(people):
                if person.get(kind) and person[kind] not in found:
                    raise serializers.ValidationError({str(number): {kind: [DOES_NOT_EXIST.format(pk_value=person[kind])]}})
                person[kind] = found.get(person.get(kind))
        return [complete(number, person) for number, person in enumerate(people)]


def complete(number: int, person: dict[str, Any]) -> dict[str, Any]:
    """With name and address of the person that an id names."""
    named = [person[kind] for kind in PEOPLE if person[kind]]
    if len(named) > 1:
        raise serializers.ValidationError({str(number): ["Only one of profile, contact and lead."]})
    who = getattr(named[0], "user", named[0]) if named else None
    name = person.get("name") or (str(who) if who else "")
    email = (person.get("email") or (who.email if who else "")).strip().lower()
    if not name and not email:
        raise serializers.ValidationError({str(number): ["Name a profile, a contact, a lead or an address."]})
    return {**{kind: person[kind] for kind in PEOPLE}, "name": name[:200], "email": email}


class EventSerializer(AboutSerializer, RecordSerializer):
    participants = ParticipantsField()
    send_mail = serializers.BooleanField(
        write_only=True, required=False, help_text="False: mail nobody. Without it, those who are invited are told"
    )

    class Meta(RecordSerializer.Meta):
        model = Event
        fields = [
            *RecordSerializer.Meta.fields,
            "title",
            "event_type",
            "status",
            "start",
            "end",
            "all_day",
            "timezone",
            "recurrence",
            "location",
            "description",
            "reminders",
            "participants",
            "send_mail",
            "series",
            *Event.record_types(),
        ]
        extra_kwargs = {
            "reminders": {"max_length": 5, "child": serializers.IntegerField(min_value=0, max_value=MAX_MINUTES)},
        }

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        """With the times in order; and with those columns that follow from them."""
        values = super().validate(values)
        given = {name: values[name] for name in (*services.WHEN, "status", "reminders") if name in values}
        if self.instance is not None and not given:
            return values
        event = copy(self.instance) if self.instance else Event()
        event.timezone = event.timezone or self.context["profile"].org.timezone
        if not given.get("timezone", True):
            del given["timezone"]
        services.apply_to(event, given)
        return values | {
            name: getattr(event, name) for name in ("start", "end", "timezone", "recurrence", "ends_by", "remind_at")
        }

    def create(self, values: dict[str, Any]) -> Any:
        people, tell = values.pop("participants", []), values.pop("send_mail", True)
        event = super().create(values)
        services.follow_up(event=event, people=people, tell=tell)
        return event

    def update(self, instance: Any, values: dict[str, Any]) -> Any:
        people, tell = values.pop("participants", None), values.pop("send_mail", True)
        before = services.snapshot(instance)
        event = super().update(instance, values)
        services.follow_up(event=event, before=before, people=people, tell=tell)
        return event


class OccurrenceSerializer(Strict):
    """Which occurrence of a series, and how many with it."""

    occurrence = serializers.DateTimeField(help_text="When it would begin by the rule, as `occurrences` says")
    scope = serializers.ChoiceField(
        choices=["one", "following", "all"], default="one", help_text="It alone, it and all that follow, or all of the series"
    )


class ChangeSerializer(OccurrenceSerializer):
    start = serializers.DateTimeField(required=False)
    end = serializers.DateTimeField(required=False)
    title = serializers.CharField(required=False, max_length=200)
    location = serializers.CharField(required=False, allow_blank=True, max_length=300)
    description = serializers.CharField(required=False, allow_blank=True, max_length=100_000)
    recurrence = serializers.CharField(required=False, max_length=500, help_text="Not of one alone")

    def validate_recurrence(self, rule: str) -> str:
        return rules.checked(rule)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if "recurrence" in values and values["scope"] == "one":
            raise serializers.ValidationError({"recurrence": ["One occurrence has no rule of its own."]})
        return values


class ResponseSerializer(Strict):
    response = serializers.ChoiceField(choices=["accepted", "tentative", "declined"])


class OccurrenceRow(serializers.Serializer[Any]):
    event = serializers.UUIDField()
    occurrence = serializers.DateTimeField(help_text="When it would begin by the rule; names it in changes")
    title = serializers.CharField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    all_day = serializers.BooleanField()
    timezone = serializers.CharField()
    status = serializers.CharField()
    location = serializers.CharField()
    event_type = serializers.CharField()
    recurring = serializers.BooleanField()
    changed = serializers.BooleanField(help_text="Differs from the others of its series")


class ConflictRow(serializers.Serializer[Any]):
    profile = serializers.UUIDField()
    occurrence = serializers.DateTimeField(help_text="Of this event")
    start = serializers.DateTimeField(help_text="When the person is busy with something else")
    end = serializers.DateTimeField()


class FeedSerializer(serializers.Serializer[Any]):
    url = serializers.CharField(help_text="Shown once, for a calendar program. Whoever knows it can read your events")
    created_at = serializers.DateTimeField()
