"""The endpoints of starter packs, for an organization's admins."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.people.authentication import IsMember

from .packs import PACKS, apply_pack, remove_sample_data
from .serializers import Strict


class PackSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    description = serializers.CharField()


class ApplySerializer(Strict):
    sample_data = serializers.BooleanField(default=False, help_text="With records to try things on")


class MadeSerializer(serializers.Serializer[Any]):
    """How much of each kind was made."""

    pipelines = serializers.IntegerField()
    roles = serializers.IntegerField()
    objects = serializers.IntegerField()
    custom_fields = serializers.IntegerField()
    email_templates = serializers.IntegerField()
    records = serializers.IntegerField()


class OrganizationsView(APIView):
    permission_classes = [IsMember]

    def require(self, action: str, request: Request) -> None:
        profile: Any = request._request.profile  # type: ignore[attr-defined]
        if profile.scope_for("organization", action) != "all":
            raise PermissionDenied(f"Your role may not {action} the organization.")


class PacksView(OrganizationsView):
    """What an organization can begin with."""

    @extend_schema(summary="List starter packs", responses=PackSerializer(many=True))
    def get(self, request: Request) -> Response:
        self.require("view", request)
        return Response([{name: getattr(pack, name) for name in ("name", "label", "description")} for pack in PACKS.values()])


class ApplyPackView(OrganizationsView):
    """Add what the organization lacks of a starter pack. Again, it adds nothing."""

    @extend_schema(
        summary="Apply a starter pack",
        parameters=[OpenApiParameter("name", str, "path", description="Of the pack")],
        request=ApplySerializer,
        responses=MadeSerializer,
        examples=[OpenApiExample("With samples", {"sample_data": True}, request_only=True)],
    )
    def post(self, request: Request, name: str) -> Response:
        if name not in PACKS:
            raise Http404
        self.require("edit", request)
        serializer = ApplySerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response(apply_pack(PACKS[name], **serializer.validated_data))


class SampleDataView(OrganizationsView):
    """Delete the sample records of all starter packs, for good, and their mail templates that nobody has used or changed."""

    @extend_schema(
        summary="Remove sample data",
        request=None,
        responses={200: {"type": "object", "properties": {"records": {"type": "integer"}}}},
    )
    def delete(self, request: Request) -> Response:
        self.require("edit", request)
        return Response({"records": remove_sample_data()})
