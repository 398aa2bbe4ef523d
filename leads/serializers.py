from typing import Any

from rest_framework import serializers

from common.people.models import Profile
from common.records.serializers import ReferenceField, StagedSerializer

from .models import Lead


class LeadSerializer(StagedSerializer):
    value = serializers.DecimalField(
        max_digits=14, decimal_places=2, min_value=0, required=False, allow_null=True, coerce_to_string=False
    )

    class Meta(StagedSerializer.Meta):
        model = Lead
        fields = [
            *StagedSerializer.Meta.fields,
            "name",
            "company",
            "email",
            "phone",
            "value",
            "currency",
            "notes",
            "source",
            "website",
            "title",
            "address",
            "probability",
            "close_date",
            "converted_at",
            "converted_account",
            "converted_contact",
            "converted_opportunity",
        ]


class AssignSerializer(serializers.Serializer[Any]):
    """The person who takes over; whoever had the lead before no longer has it."""

    assigned_to = ReferenceField(target=Profile)


class BulkAssignSerializer(AssignSerializer):
    leads = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=200)


class AssignedSerializer(serializers.Serializer[Any]):
    assigned = serializers.IntegerField(help_text="How many leads were handed over")


class ConvertSerializer(serializers.Serializer[Any]):
    """What to make of the lead. An account or contact that is named is used; otherwise one is found or made."""

    account = ReferenceField(target=Lead._meta.get_field("converted_account").related_model, required=False)
    contact = ReferenceField(target=Lead._meta.get_field("converted_contact").related_model, required=False)
    create_opportunity = serializers.BooleanField(default=True)
    opportunity_name = serializers.CharField(max_length=200, required=False)
