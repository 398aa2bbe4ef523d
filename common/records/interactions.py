"""Interactions: calls, meetings, notes and messages, logged on a record of any type."""

from .hanging import HangingViewSet
from .models import Interaction
from .projection import Computed
from .serializers import ProjectedSerializer


class InteractionSerializer(ProjectedSerializer):
    """What was said or done with somebody. ``occurred_at`` is now where nothing else is said."""

    author = Computed("created_by__user__name", allow_null=True)

    class Meta:
        model = Interaction
        fields = ["id", "created_at", "updated_at", "created_by", "author", "type", "direction", "subject", "notes",
                  "occurred_at", "duration"]  # fmt: skip
        extra_kwargs = {"occurred_at": {"required": False}}


class InteractionViewSet(HangingViewSet):
    http_method_names = ["get", "put", "patch", "delete", "head", "options"]
    queryset = Interaction.objects.all()
    serializer_class = InteractionSerializer
    module = "interactions"
    with_tools = True
    example = {"type": "call", "direction": "outbound", "subject": "Asked about the boat", "duration": 15}
    filterset_fields = ["type", "direction", "occurred_at"]
