"""Endpoints of one's signature, and of how an organization sends and receives mail."""

from typing import Any

from django.core.exceptions import PermissionDenied
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.people.authentication import IsMember

from .models import Email, MailSettings, Signature
from .serializers import MailSettingsSerializer, SignatureSerializer


class WriterView(APIView):
    """For who may write mails at all."""

    permission_classes = [IsMember]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.profile.scope_for(Email.module, "create") == "none":
            raise PermissionDenied("Your role may not write emails.")

    @property
    def profile(self) -> Any:
        return self.request._request.profile  # type: ignore[attr-defined]

    def changed(self, serializer: Any) -> Response:
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data)


class SignatureView(WriterView):
    """What stands below one's own mails."""

    @extend_schema(summary="Get one's signature", responses=SignatureSerializer)
    def get(self, request: Request) -> Response:
        return Response(SignatureSerializer(Signature.objects.filter(profile=self.profile).first() or Signature()).data)

    @extend_schema(
        summary="Change one's signature",
        request=SignatureSerializer,
        responses=SignatureSerializer,
        examples=[OpenApiExample("A signature", {"html": "<p><b>Ada Byron</b><br>Engines Ltd</p>"}, request_only=True)],
    )
    def patch(self, request: Request) -> Response:
        row, _ = Signature.objects.select_for_update(of=("self",)).get_or_create(profile=self.profile)
        return self.changed(SignatureSerializer(row, data=request.data, partial=True))

    put = patch


class MailSettingsView(WriterView):
    """How the organization sends and receives mail. Admins may change it."""

    @extend_schema(summary="Get the mail settings", responses=MailSettingsSerializer)
    def get(self, request: Request) -> Response:
        return Response(MailSettingsSerializer(MailSettings.current()).data)

    @extend_schema(
        summary="Change the mail settings",
        description="For admins.",
        request=MailSettingsSerializer,
        responses=MailSettingsSerializer,
        examples=[
            OpenApiExample("No tracking", {"with_tracking": False, "reply_address": "sales@ours.example"}, request_only=True)
        ],
    )
    def patch(self, request: Request) -> Response:
        self.require_admin()
        return self.changed(MailSettingsSerializer(self.locked(), data=request.data, partial=True))

    put = patch

    def require_admin(self) -> None:
        if self.profile.scope_for("organization", "edit") != "all":
            raise PermissionDenied("Your role may not edit the organization.")

    def locked(self) -> MailSettings:
        return MailSettings.objects.select_for_update(of=("self",)).get_or_create()[0]
