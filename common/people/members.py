"""Endpoints of an organization's own people: members, roles, one's own profile, and the organization itself."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api.answers import THROTTLED
from common.api.errors import Conflict
from common.records.projection import read_rows
from common.records.tenant_views import TenantViewSet

from . import attempts, services
from .answers import InvitationSerializer
from .authentication import IsMember
from .models import Invitation, Profile, Role
from .permissions import excess, may_invite
from .serializers import (
    InviteSerializer,
    OpenInvitationSerializer,
    OrgSerializer,
    OwnProfileSerializer,
    ProfileSerializer,
    RoleSerializer,
)

LAST_ADMIN = "The organization needs at least one other active admin first."
ROLE_CHANGE = OpenApiExample("Another role", {"role": "manager"}, request_only=True)


@extend_schema_view(
    list=extend_schema(summary="List members"),
    retrieve=extend_schema(summary="Get a member"),
    update=extend_schema(summary="Change a member", responses={409: LAST_ADMIN}, examples=[ROLE_CHANGE]),
    partial_update=extend_schema(summary="Change fields of a member", responses={409: LAST_ADMIN}, examples=[ROLE_CHANGE]),
    destroy=extend_schema(
        summary="Remove a member",
        description="They stay as a name in history, and can be made active again.",
        responses={409: LAST_ADMIN},
    ),
)
class UserViewSet(TenantViewSet):
    """Members of the organization. Admins invite, change and remove them; accounts stay their owners'."""

    queryset = Profile.objects.all()
    serializer_class = ProfileSerializer
    module = "users"
    filterset_fields = ["role", "is_active", "user"]
    default_order = ["created_at"]
    more_orders = ["created_at"]

    @extend_schema(
        request=InviteSerializer,
        responses={201: InvitationSerializer, 429: THROTTLED},
        examples=[OpenApiExample("As a user", {"email": "grace@example.com", "role": "user"}, request_only=True)],
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Invite someone by mail. They become a member when they accept."""
        self.require("create")
        serializer = InviteSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        attempts.check(request, "invite", values["email"])
        role = values.get("role") or Role.objects.get(is_system=True, name="user")
        invitation = services.invite(email=values["email"], role=role, invited_by=self.profile)
        body = {"id": invitation.pk, "email": invitation.email, "role": role.name, "expires_at": invitation.expires_at}
        return Response(body, status=status.HTTP_201_CREATED)

    def check_may(self, action: str, instance: Profile) -> None:
        super().check_may(action, instance)
        if not self.profile.reaches(instance.role):
            raise PermissionDenied(f"You may not {action} someone whose role may do more than your own.")

    def perform_update(self, serializer: Any) -> None:
        profile, values = serializer.instance, serializer.validated_data
        role = values.get("role", profile.role)
        services.check_may_grant(role, self.profile)
        if role != profile.role or not values.get("is_active", True):
            services.check_some_admin_left(profile)
        serializer.save()

    def perform_destroy(self, instance: Profile) -> None:
        """A member who is removed stays as a name in history, and can be made active again."""
        services.check_some_admin_left(instance)
        instance.is_active = False
        instance.save(update_fields=["is_active", "updated_at", "updated_by"])


class MayInvite(IsMember):
    def has_permission(self, request: Any, view: Any) -> bool:
        super().has_permission(request, view)
        if not may_invite(request._request.profile):
            raise PermissionDenied("Your role may not invite members.")
        return True


@extend_schema_view(
    list=extend_schema(
        summary="List open invitations",
        description="Those that nobody has accepted, the expired ones among them. For whoever may invite.",
    ),
    destroy=extend_schema(summary="Revoke an invitation", description="Its link is dead at once."),
)
class InvitationViewSet(TenantViewSet):
    """Invitations that nobody has accepted yet, for those who may invite."""

    http_method_names = ["get", "delete", "head", "options"]
    permission_classes = [MayInvite]
    queryset = Invitation.objects.all()
    serializer_class = OpenInvitationSerializer
    module = "users"
    filterset_fields = ["email", "role", "expires_at"]
    default_order = ["-created_at"]
    more_orders = ["created_at", "expires_at", "email"]

    def require(self, action: str) -> None:
        """Nothing beyond inviting."""

    def visible(self, action: str = "view") -> Any:
        return Invitation.objects.filter(accepted_at=None)

    def sees_all(self) -> bool:
        return False

    def check_may(self, action: str, instance: Invitation) -> None:
        if not self.profile.reaches(instance.role):
            raise PermissionDenied("You may not revoke an invitation to a role that may do more than your own.")


SYSTEM_ROLE = "It is one of the system's roles, or another role has this name."


@extend_schema_view(
    update=extend_schema(responses={409: SYSTEM_ROLE}),
    partial_update=extend_schema(responses={409: SYSTEM_ROLE}),
    destroy=extend_schema(responses={409: "It is one of the system's roles, or members have it."}),
)
class RoleViewSet(TenantViewSet):
    """Roles of the organization: the four of the system, which cannot be changed, and its own."""

    queryset = Role.objects.all()
    serializer_class = RoleSerializer
    module = "roles"
    example = {"name": "Caller", "permissions": {"leads": {"view": "team", "edit": "own"}}}
    filterset_fields = ["name", "is_system"]
    default_order = ["name"]
    more_orders = ["name"]

    def check_may(self, action: str, instance: Role) -> None:
        super().check_may(action, instance)
        if instance.is_system:
            raise Conflict("System roles cannot be changed. Make a role of your own.")
        if not self.profile.reaches(instance):
            raise PermissionDenied(f"You may not {action} a role that may do more than your own.")

    def perform_create(self, serializer: Any) -> Any:
        self.check_reach(serializer.validated_data)
        return super().perform_create(serializer)

    def perform_update(self, serializer: Any) -> None:
        self.check_reach(serializer.validated_data)
        super().perform_update(serializer)

    def check_reach(self, values: dict[str, Any]) -> None:
        """Nobody makes a role, be it their own, that may do more than theirs."""
        if self.profile.is_admin or "permissions" not in values:
            return
        if beyond := excess(values["permissions"], self.profile.role.effective_permissions):
            raise ValidationError({"permissions": [f"You cannot give more than your own role has: {beyond}."]})


class OwnProfileView(APIView):
    """One's own profile in the organization."""

    permission_classes = [IsMember]

    @extend_schema(responses=ProfileSerializer)
    def get(self, request: Request) -> Response:
        return Response(own_profile(request._request.profile))

    @extend_schema(
        summary="Change one's own profile",
        request=OwnProfileSerializer,
        responses=ProfileSerializer,
        examples=[OpenApiExample("A title", {"title": "Head of sales"}, request_only=True)],
    )
    def patch(self, request: Request) -> Response:
        serializer = OwnProfileSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        values, profile = serializer.validated_data, request._request.profile
        if "name" in values:
            profile.user.name = values.pop("name")
            profile.user.save(update_fields=["name"])
        for name, value in values.items():
            setattr(profile, name, value)
        profile.save(update_fields=[*values, "updated_at", "updated_by"])
        return Response(own_profile(profile))

    put = patch


def own_profile(profile: Profile) -> Any:
    return read_rows(Profile.objects.filter(pk=profile.pk), ProfileSerializer, ProfileSerializer.names())[0][0]


class OrgView(APIView):
    """The organization that the request is in. Admins may change it."""

    permission_classes = [IsMember]

    @extend_schema(responses=OrgSerializer)
    def get(self, request: Request) -> Response:
        return Response(OrgSerializer(request._request.profile.org).data)

    @extend_schema(
        summary="Change the organization",
        description="For its admins.",
        request=OrgSerializer,
        responses=OrgSerializer,
        examples=[OpenApiExample("Currency and time", {"currency": "EUR", "timezone": "Europe/Berlin"}, request_only=True)],
    )
    def patch(self, request: Request) -> Response:
        profile = request._request.profile
        if profile.scope_for("organization", "edit") != "all":
            raise PermissionDenied("Your role may not edit the organization.")
        serializer = OrgSerializer(profile.org, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data)

    put = patch
