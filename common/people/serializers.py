"""What people send and see of sign-up, sign-in, profiles, roles and organizations."""

import zoneinfo
from typing import Any

from django.db.models import OuterRef, Subquery
from rest_framework import serializers

from common.records.models import MODULES
from common.records.projection import Computed
from common.records.serializers import BASE_FIELDS, PhoneField, ProjectedSerializer, ReferenceField

from .models import Org, Profile, Role, User
from .permissions import ROLE_ALIASES, permission_errors

OTHER_MODULES = {"comments", "attachments", "pipelines", "tags", "users", "roles", "organization"}


class Password(serializers.CharField):
    def __init__(self, **kwargs: Any):
        super().__init__(**{"max_length": 128, "write_only": True, "trim_whitespace": False, **kwargs})
        self.style = {"input_type": "password"}


class RegisterSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField()
    password = Password()
    name = serializers.CharField(max_length=150)
    org_name = serializers.CharField(max_length=150, required=False, allow_blank=True)


class LoginSerializer(serializers.Serializer[Any]):
    email = serializers.CharField(max_length=254)
    password = Password()


class RefreshSerializer(serializers.Serializer[Any]):
    refresh_token = serializers.CharField(max_length=4000)


class SwitchOrgSerializer(serializers.Serializer[Any]):
    org = serializers.UUIDField()


class ForgotSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField()


class ResetSerializer(serializers.Serializer[Any]):
    token = serializers.CharField(max_length=400)
    password = Password()


class ChangePasswordSerializer(serializers.Serializer[Any]):
    old_password = Password()
    password = Password()


class TokenSerializer(serializers.Serializer[Any]):
    token = serializers.CharField(max_length=400)


class AcceptSerializer(TokenSerializer):
    password = Password(required=False, allow_blank=True)
    name = serializers.CharField(max_length=150, required=False, allow_blank=True)


class UserSerializer(serializers.ModelSerializer[User]):
    email_verified = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ["id", "email", "name", "email_verified", "is_superuser"]

    def get_email_verified(self, user: User) -> bool:
        return user.email_verified_at is not None


class OrgBriefSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    role = serializers.CharField()


class TokenPairSerializer(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    token_type = serializers.CharField()


class OrgSerializer(serializers.ModelSerializer[Org]):
    currency = serializers.RegexField(r"^[A-Z]{3}$", help_text="ISO 4217")

    class Meta:
        model = Org
        fields = ["id", "name", "slug", "currency", "timezone", "created_at"]
        read_only_fields = ["id", "slug", "created_at"]

    def validate_timezone(self, name: str) -> str:
        if name not in zoneinfo.available_timezones():
            raise serializers.ValidationError("Not a time zone, e.g. Europe/Berlin.")
        return name


class RoleField(ReferenceField):
    """A role, by id or by name (also by the names that earlier systems use)."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str):
            name = ROLE_ALIASES.get(data.strip().lower(), data.strip())
            if role := Role.objects.filter(name__iexact=name).first() if "\x00" not in name else None:
                return role
        return super().to_internal_value(data)


def of_user(column: str) -> Computed:
    return Computed(Subquery(User.objects.filter(pk=OuterRef("user_id")).values(column)))


class ProfileSerializer(ProjectedSerializer):
    """A member of the org. ``role`` is given by name or id; the account's own name and address are its owner's."""

    name = of_user("name")
    email = of_user("email")
    role = RoleField(target=Role)
    role_name = Computed(Subquery(Role._default_manager.filter(pk=OuterRef("role_id")).values("name")))

    class Meta:
        model = Profile
        fields = [*BASE_FIELDS, "user", "name", "email", "role", "role_name", "title", "phone", "is_active"]
        read_only_fields = ["user"]


class InviteSerializer(serializers.Serializer[Any]):
    """An invitation, by mail. The answer is the same whether or not the address has an account."""

    email = serializers.EmailField()
    role = RoleField(target=Role, required=False)


class OwnProfileSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=150, required=False)
    title = serializers.CharField(max_length=100, required=False, allow_blank=True)
    phone = PhoneField(max_length=40, required=False, allow_blank=True)


class RoleSerializer(ProjectedSerializer):
    """``permissions``: {module: {action: scope}}, e.g. {"leads": {"view": "all", "edit": "own"}}; "*" means the others."""

    class Meta:
        model = Role
        fields = [*BASE_FIELDS, "name", "description", "is_system", "permissions"]
        read_only_fields = ["is_system"]

    def validate_permissions(self, permissions: Any) -> Any:
        if error := permission_errors(permissions, {*MODULES, *OTHER_MODULES}):
            raise serializers.ValidationError(error)
        return permissions
