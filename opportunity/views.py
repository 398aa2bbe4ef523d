from common.records.staged_views import StagedViewSet

from .models import Opportunity
from .serializers import OpportunitySerializer


class OpportunityViewSet(StagedViewSet):
    queryset = Opportunity.objects.all()
    serializer_class = OpportunitySerializer
    also_called = ["deal"]
    example = {"name": "Two engines", "amount": "5000.00", "currency": "GBP", "probability": 40, "status": "Qualification"}
    filterset_fields = ["name", "account", "account__name", "contacts", "amount", "currency", "probability", "lead_source",
                        "closed_on", "close_reason"]  # fmt: skip
