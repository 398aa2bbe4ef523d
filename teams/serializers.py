from common.records.serializers import BASE_FIELDS, ProjectedSerializer

from .models import Team


class TeamSerializer(ProjectedSerializer):
    class Meta:
        model = Team
        fields = [*BASE_FIELDS, "name", "description", "members", "lead"]
