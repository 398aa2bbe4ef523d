"""Endpoints of one's own notifications, and of how one wishes to be notified."""

from typing import Any, ClassVar

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api.pages import capped_count
from common.people.authentication import IsMember
from common.records.serializers import DOES_NOT_EXIST
from common.records.tenant_views import ReadViewSet

from .models import Notification, NotificationSettings
from .serializers import (
    MarkedSerializer,
    NotificationSerializer,
    NotificationSettingsSerializer,
    ReadSerializer,
    UnreadSerializer,
)


@extend_schema_view(
    list=extend_schema(summary="List one's notifications", description="Newest first. Unread ones: `?read_at__isnull=true`."),
    retrieve=extend_schema(summary="Get a notification"),
)
class NotificationViewSet(ReadViewSet):
    """What the caller was told: each sees their own, whatever their role."""

    queryset = Notification.objects.all()
    serializer_class = NotificationSerializer
    module = "notifications"
    filterset_fields = ["kind", "read_at", "record_type", "record_id"]
    default_order = ["-id"]
    history = None  # they are not in the stream
    with_tools = is_everyones = True
    tool_names: ClassVar[dict[str, str]] = {
        "unread": "count_unread_notifications",
        "read_one": "mark_notification_as_read",
        "read": "mark_notifications_as_read",
        "read_all": "mark_all_notifications_as_read",
    }

    def visible(self, action: str = "view") -> Any:
        return Notification.objects.filter(recipient=self.profile)

    def sees_all(self) -> bool:
        return False

    def mark(self, **which: Any) -> int:
        return self.visible().filter(read_at=None, **which).update(read_at=timezone.now())

    @extend_schema(summary="Count unread notifications", responses=UnreadSerializer, filters=False)
    @action(detail=False)
    def unread(self, request: Request) -> Response:
        """How many the caller has not read."""
        return Response({"unread": capped_count(self.visible().filter(read_at=None))})

    @extend_schema(summary="Mark a notification as read", request=None)
    @action(detail=True, methods=["post"], url_path="read", url_name="read-one")
    def read_one(self, request: Request, pk: Any = None) -> Response:
        """Mark a notification as read."""
        self.mark(pk=pk)
        if not self.visible().filter(pk=pk).exists():
            raise Http404
        return self.written(pk)

    @extend_schema(summary="Mark notifications as read", request=ReadSerializer, responses=MarkedSerializer, filters=False)
    @action(detail=False, methods=["post"])
    def read(self, request: Request) -> Response:
        """Mark notifications as read, by their ids. Those of others do not exist."""
        serializer = ReadSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        ids = serializer.validated_data["notifications"]
        mine = set(self.visible().filter(pk__in=ids).values_list("pk", flat=True))
        if missing := [pk for pk in ids if pk not in mine]:
            raise ValidationError({"notifications": [DOES_NOT_EXIST.format(pk_value=missing[0])]})
        return Response({"marked": self.mark(pk__in=mine)})

    @extend_schema(summary="Mark all notifications as read", request=None, responses=MarkedSerializer, filters=False)
    @action(detail=False, methods=["post"], url_path="read-all")
    def read_all(self, request: Request) -> Response:
        """Mark all of the caller's notifications as read."""
        return Response({"marked": self.mark()})


class NotificationSettingsView(APIView):
    """How one wishes to be notified by mail."""

    permission_classes = [IsMember]

    @extend_schema(summary="Get one's notification settings", responses=NotificationSettingsSerializer)
    def get(self, request: Request) -> Response:
        return Response({"mail": NotificationSettings.chosen(self.stored(request).mail)})

    @extend_schema(
        summary="Change one's notification settings",
        request=NotificationSettingsSerializer,
        responses=NotificationSettingsSerializer,
        examples=[OpenApiExample("Less mail", {"mail": {"assigned": "daily", "due": "off"}}, request_only=True)],
    )
    def patch(self, request: Request) -> Response:
        serializer = NotificationSettingsSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        settings = self.stored(request, lock=True)
        settings.mail |= serializer.validated_data["mail"]
        settings.save()
        return Response({"mail": NotificationSettings.chosen(settings.mail)})

    put = patch

    def stored(self, request: Request, *, lock: bool = False) -> NotificationSettings:
        profile = request._request.profile
        if lock:
            return NotificationSettings.objects.select_for_update(of=("self",)).get_or_create(profile=profile)[0]
        return NotificationSettings.objects.filter(profile=profile).first() or NotificationSettings(profile=profile)
