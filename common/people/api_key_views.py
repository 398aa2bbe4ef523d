"""Endpoints of API keys: one makes them, sees them once, and revokes them."""

from typing import Any

import orjson
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.parameters import ETAG, LOCATION, documented
from common.records.serializers import BASE_FIELDS, ProjectedSerializer
from common.records.tenant_views import TenantViewSet

from .api_keys import ApiKey, Scope, new_key

NO_KEYS_BY_KEY = "An API key cannot make API keys. Sign in."


class ApiKeySerializer(ProjectedSerializer):
    """A key as it is kept: by its first characters."""

    scopes = serializers.ListField(
        child=serializers.ChoiceField(Scope.choices), required=False, help_text="read, or read and write. Default: read"
    )

    class Meta:
        model = ApiKey
        fields = [*BASE_FIELDS, "profile", "name", "scopes", "prefix", "expires_at", "revoked_at", "last_used_at"]
        read_only_fields = ["profile", "prefix", "revoked_at", "last_used_at"]

    def validate_scopes(self, scopes: list[str]) -> list[str]:
        """Whoever may write may read."""
        return [Scope.READ, Scope.WRITE] if Scope.WRITE in scopes else [Scope.READ]

    def validate_expires_at(self, moment: Any) -> Any:
        if moment and moment <= timezone.now():
            raise serializers.ValidationError("This is past.")
        return moment


class NewApiKeySerializer(ApiKeySerializer):
    """A key that was just made. Only this answer shows it."""

    key = serializers.CharField(read_only=True)

    class Meta(ApiKeySerializer.Meta):
        fields = [*ApiKeySerializer.Meta.fields, "key"]


@extend_schema_view(
    list=extend_schema(summary="List API keys", description="One's own; an admin sees those of all members."),
    destroy=extend_schema(summary="Revoke an API key", description="It opens nothing from now on, and is kept for the record."),
)
class ApiKeyViewSet(TenantViewSet):
    http_method_names = ["get", "post", "delete", "head", "options"]
    queryset = ApiKey.objects.all()
    serializer_class = ApiKeySerializer
    module = "api-keys"
    filterset_fields = ["profile", "revoked_at", "expires_at"]
    default_order = ["-created_at"]

    def visible(self, action: str = "view") -> Any:
        rows = super().visible(action)
        return rows.filter(profile=self.profile) if self.profile.scope_for(self.module, action) == "own" else rows

    def sees_all(self) -> bool:
        return self.profile.scope_for(self.module, "view") == "all"

    @extend_schema(
        summary="Make an API key",
        description="The answer is the only one that has `key`: keep it as you would a password.",
        responses={201: NewApiKeySerializer},
        examples=[OpenApiExample("For an assistant", {"name": "Claude", "scopes": ["read", "write"]}, request_only=True)],
    )
    @documented(LOCATION, ETAG)
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if isinstance(request.auth, ApiKey):
            raise PermissionDenied(NO_KEYS_BY_KEY)
        response = super().create(request, *args, **kwargs)
        response.data = {**orjson.loads(orjson.dumps(response.data)), "key": self.made["key"]}
        return response

    def perform_create(self, serializer: Any) -> ApiKey:
        self.made = new_key(self.profile.org)
        stored = {name: value for name, value in self.made.items() if name != "key"}
        return serializer.save(profile=self.profile, **stored)

    def perform_destroy(self, instance: ApiKey) -> None:
        instance.revoke()
