"""The assistant's endpoints: talk to it, see what it did, confirm and undo."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Sum
from django.db.models.functions import Coalesce
from django.http import Http404
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api.errors import body as error_body
from common.people.authentication import IsMember, IsOrgAdmin
from common.records.tenant_views import ReadViewSet

from . import engine
from .calls import cancel, confirm
from .loop import first_of_month, monthly_limit, spent_this_month
from .models import ToolCall, Turn
from .serializers import (
    MAX_MESSAGE,
    CallSerializer,
    ClearedSerializer,
    MessageSerializer,
    PreferencesSerializer,
    SettingsSerializer,
    StatusSerializer,
    TakenSerializer,
    ToolSerializer,
    UsageSerializer,
)
from .tasks import answer_turn
from .tools import ToolError, tools_for
from .undo import undo

TASK_ID = OpenApiParameter("task_id", UUID, "path", description="Of the message sent")
WAITING = {"PENDING": "Task is waiting to be processed...", "PROCESSING": "Processing your message..."}


def as_api_error(error: ToolError) -> APIException:
    wrapped = APIException(error.message)
    wrapped.status_code = error.code
    return wrapped


class ChatView(APIView):
    """Send the assistant a message. The answer is polled by the id that comes back."""

    permission_classes = [IsMember]

    @extend_schema(
        request=MessageSerializer,
        responses=TakenSerializer,
        examples=[OpenApiExample("Ask", {"message": "Show me all leads from Acme Corp"}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        message = request.data.get("message") if isinstance(request.data, dict) else None
        if not isinstance(message, str) or not message.strip():
            return refused("Message is required")
        if len(message) > MAX_MESSAGE:
            return refused(f"Message is too long: at most {MAX_MESSAGE:,} characters")
        if "\x00" in message:
            return refused("Null characters are not allowed")
        turn = engine.start(request._request.profile, message.strip())
        transaction.on_commit(lambda: answer_turn.delay(str(turn.pk)), robust=True)
        return Response(
            TakenSerializer({"task_id": turn.pk, "status": "processing", "message": "Message received, processing..."}).data
        )


def refused(message: str) -> Response:
    return Response(error_body(400, message, {"message": [message]}), status=status.HTTP_400_BAD_REQUEST)


class ChatStatusView(APIView):
    """How far the answer to a message is."""

    queryset = Turn.objects.all()
    permission_classes = [IsMember]

    @extend_schema(responses=StatusSerializer, parameters=[TASK_ID])
    def get(self, request: Request, task_id: UUID) -> Response:
        return Response(status_of(own_turn(request._request.profile, task_id)))


def own_turn(profile: Any, task_id: Any) -> Turn:
    turn = Turn.objects.filter(pk=task_id, profile=profile).first()
    if turn is None:
        raise Http404
    return turn


def status_of(turn: Turn) -> dict[str, Any]:
    if turn.state == Turn.State.SUCCESS:
        return {"state": turn.state, "result": {name: value for name, value in turn.result.items() if name != "question"}}
    if turn.state == Turn.State.FAILURE:
        return {"state": turn.state, "error": turn.error, "status": "Task failed"}
    return {"state": turn.state, "status": WAITING[turn.state]}


class ChatClearView(APIView):
    """Forget the conversation, and drop what it proposed."""

    permission_classes = [IsMember]

    @extend_schema(request=None, responses=ClearedSerializer)
    def post(self, request: Request) -> Response:
        request.data  # noqa: B018 -- what is no JSON is refused here as everywhere
        engine.clear(request._request.profile)
        return Response({"status": "success", "message": "Conversation context cleared"})


class CallViewSet(ReadViewSet):
    """What the assistant and MCP clients did: one's own calls; an admin sees everybody's. Proposals are confirmed here."""

    http_method_names = ["get", "post", "head", "options"]
    queryset = ToolCall.objects.all()
    serializer_class = CallSerializer
    module = "assistant"
    filterset_fields = ["name", "kind", "status", "channel", "turn", "profile"]
    default_order = ["-id"]

    def require(self, action: str) -> None:
        """Everybody may look at what was done in their own name."""

    def visible(self, action: str = "view") -> Any:
        calls = ToolCall.objects.all()
        return calls if self.profile.is_admin else calls.filter(profile=self.profile)

    def sees_all(self) -> bool:
        return bool(self.profile.is_admin)

    def own(self, pk: Any) -> ToolCall:
        call = ToolCall.objects.filter(profile=self.profile, pk=pk).first()
        if call is None:
            raise Http404
        return call

    @extend_schema(request=None, responses={409: "It was answered already, or the record was changed since."})
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: Any = None) -> Response:
        """Do what was proposed."""
        try:
            return self.written(confirm(self.profile, self.own(pk).pk).pk)
        except ToolError as error:
            refusal = self.handle_exception(as_api_error(error))
            refusal.keep_changes = True  # type: ignore[attr-defined]  # the proposal shows what it would change now
            return refusal

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: Any = None) -> Response:
        """Drop a proposal."""
        cancel(self.profile, [self.own(pk)])
        return self.written(pk)

    @extend_schema(request=None, responses={409: "There is nothing to undo, or it was changed again since."})
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: Any = None) -> Response:
        """Take back what a call changed."""
        try:
            taken = undo(self.profile, self.own(pk))
        except ToolError as error:
            raise as_api_error(error) from error
        return self.written(taken.arguments["call"])


class ToolsView(APIView):
    """The tools that the caller's role allows."""

    permission_classes = [IsMember]

    @extend_schema(responses=ToolSerializer(many=True))
    def get(self, request: Request) -> Response:
        return Response(ToolSerializer(tools_for(request._request.profile), many=True).data)


class UsageView(APIView):
    """What the organization's language model cost this month."""

    permission_classes = [IsOrgAdmin]

    @extend_schema(responses=UsageSerializer)
    def get(self, request: Request) -> Response:
        sums = {name: Coalesce(Sum(name), 0) for name in ("input_tokens", "output_tokens")}
        totals = Turn.objects.filter(created_at__gte=first_of_month()).aggregate(turns=Count("id"), **sums)
        return Response(UsageSerializer({**totals, "cost": spent_this_month(), "monthly_limit": monthly_limit()}).data)


class OneRowView(APIView):
    """A row of settings that exists at most once: defaults until it is first changed."""

    permission_classes = [IsMember]
    serializer_class: Any

    def where(self) -> dict[str, Any]:
        return {}

    def get(self, request: Request) -> Response:
        model = self.serializer_class.Meta.model
        return Response(self.serializer_class(model.objects.filter(**self.where()).first() or model()).data)

    def patch(self, request: Request) -> Response:
        model = self.serializer_class.Meta.model
        row = model.objects.select_for_update(of=("self",)).filter(**self.where()).first() or model.objects.create(**self.where())
        serializer = self.serializer_class(row, data=request.data, partial=True, context={"profile": request._request.profile})
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data)


class SettingsView(OneRowView):
    """How the organization's assistant works."""

    permission_classes = [IsOrgAdmin]
    serializer_class = SettingsSerializer


class PreferencesView(OneRowView):
    """How the assistant works for oneself."""

    serializer_class = PreferencesSerializer

    def where(self) -> dict[str, Any]:
        return {"profile": self.request._request.profile}
