from common.records.views import RecordViewSet

from .models import Team
from .serializers import TeamSerializer


class TeamViewSet(RecordViewSet):
    queryset = Team.objects.all()
    serializer_class = TeamSerializer
    example = {"name": "Field sales", "description": "Visits customers."}
    filterset_fields = ["name", "members", "lead"]
    more_orders = ["name", "created_at"]
