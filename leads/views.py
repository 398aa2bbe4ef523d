from common.records.staged_views import StagedViewSet

from .models import Lead
from .serializers import LeadSerializer


class LeadViewSet(StagedViewSet):
    queryset = Lead.objects.all()
    serializer_class = LeadSerializer
    filterset_fields = ["name", "company", "email", "phone", "value", "currency", "source", "title", "probability",
                        "close_date", "converted_at", "converted_contact__email"]  # fmt: skip
