"""Endpoints of an organization's own people: members, roles, one's own profile, and the organization itself."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api.errors import Conflict
from common.records.projection import read_rows
from common.records.views import TenantViewSet

from . import attempts, services
from .authentication import IsMember
from .models import Profile, Role
from .permissions import ACTIONS, SCOPES, SYSTEM_ROLES, scope_of
from .serializers import InviteSerializer, OrgSerializer, OwnProfileSerializer, ProfileSerializer, RoleSerializer


class UserViewSet(TenantViewSet):
    """Members of the organization. Admins invite, change and remove them; accounts stay their owners'."""

    queryset = Profile.objects.all()
    serializer_class = ProfileSerializer
    module = "users"
    filterset_fields = ["role", "is_active", "user"]
    default_order = ["created_at"]
    more_orders = ["created_at"]

    @extend_schema(request=InviteSerializer, responses={201: InviteSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Invite someone by mail. They become a member when they accept."""
        self.require("create")
        serializer = InviteSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        attempts.check(request, "invite", values["email"])
        role = values.get("role") or Role.objects.get(is_system=True, name="user")
        self.check_may_grant(role)
        invitation = services.invite(email=values["email"], role=role, invited_by=self.profile)
        body = {"id": invitation.pk, "email": invitation.email, "role": role.name, "expires_at": invitation.expires_at}
        return Response(body, status=status.HTTP_201_CREATED)

    def check_may_grant(self, role: Role) -> None:
        """Nobody gives a role away that may do more than they may themselves."""
        if not self.profile.is_admin and not no_more_than(role, self.profile.role):
            raise ValidationError({"role": ["You cannot give a role that may do more than your own."]})

    def perform_update(self, serializer: Any) -> None:
        profile, values = serializer.instance, serializer.validated_data
        if "role" in values:
            self.check_may_grant(values["role"])
        if values.get("is_active") is False or values.get("role", profile.role) != profile.role:
            services.check_some_admin_left(profile)
        serializer.save()

    def perform_destroy(self, instance: Profile) -> None:
        """A member who is removed stays as a name in history, and can be made active again."""
        services.check_some_admin_left(instance)
        instance.is_active = False
        instance.save(update_fields=["is_active", "updated_at", "updated_by"])


def no_more_than(role: Role, limit: Role) -> bool:
    """Whether ``role`` may do nothing that ``limit`` may not."""
    mine, theirs = limit.effective_permissions, role.effective_permissions
    return all(
        SCOPES.index(scope_of(theirs, module, action)) <= SCOPES.index(scope_of(mine, module, action))
        for module in {*mine, *theirs}
        for action in ACTIONS
    )


class RoleViewSet(TenantViewSet):
    """Roles of the organization: the four of the system, which cannot be changed, and its own."""

    queryset = Role.objects.all()
    serializer_class = RoleSerializer
    module = "roles"
    filterset_fields = ["name", "is_system"]
    default_order = ["name"]
    more_orders = ["name"]

    def check_may(self, action: str, instance: Role) -> None:
        super().check_may(action, instance)
        if instance.is_system:
            raise Conflict("System roles cannot be changed. Make a role of your own.")

    def perform_create(self, serializer: Any) -> Any:
        if serializer.validated_data["name"].lower() in SYSTEM_ROLES:
            raise Conflict("A system role has this name.")
        return super().perform_create(serializer)


class OwnProfileView(APIView):
    """One's own profile in the organization."""

    permission_classes = [IsMember]

    @extend_schema(responses=ProfileSerializer)
    def get(self, request: Request) -> Response:
        return Response(own_profile(request._request.profile))

    @extend_schema(request=OwnProfileSerializer, responses=ProfileSerializer)
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

    @extend_schema(request=OrgSerializer, responses=OrgSerializer)
    def patch(self, request: Request) -> Response:
        profile = request._request.profile
        if profile.scope_for("organization", "edit") != "all":
            self.permission_denied(request, "Only an admin of the organization may do this.")
        serializer = OrgSerializer(profile.org, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data)

    put = patch
