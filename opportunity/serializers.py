from decimal import Decimal

from django.db import models
from django.db.models import F
from django.db.models.functions import Cast, Coalesce, Round

from common.records.projection import Computed
from common.records.serializers import StagedSerializer

from .models import Opportunity

PERCENT = models.DecimalField(max_digits=14, decimal_places=2)


class OpportunitySerializer(StagedSerializer):
    expected_revenue = Computed(
        Cast(Round(F("amount") * Coalesce(F("probability"), 0) / Decimal(100), 2), models.TextField()), PERCENT, allow_null=True
    )

    class Meta(StagedSerializer.Meta):
        model = Opportunity
        fields = [
            *StagedSerializer.Meta.fields,
            "name",
            "account",
            "contacts",
            "amount",
            "currency",
            "probability",
            "expected_revenue",
            "lead_source",
            "description",
            "closed_on",
            "close_reason",
        ]
