"""What people send and see of sign-up, sign-in, profiles, roles and organizations."""

import zoneinfo
from typing import Any

from django.db.models import Case, F, JSONField, Value, When
from rest_framework import serializers

from common.records.models import MODULES
from common.records.pack_data import PACKS
from common.records.projection import Computed
from common.records.serializers import BASE_FIELDS, NUL, CustomFields, PhoneField, ProjectedSerializer, ReferenceField, Strict

from .models import Invitation, Org, Profile, Role, User
from .permissions import PROTECTED, ROLE_ALIASES, SYSTEM_ROLES, permission_errors


class Password(serializers.CharField):
    def __init__(self, **kwargs: Any):
        super().__init__(**{"max_length": 128, "write_only": True, "trim_whitespace": False, **kwargs})
        self.style = {"input_type": "password"}


class Address(serializers.EmailField):
    def __init__(self, **kwargs: Any):
        super().__init__(**{"max_length": 254, **kwargs})


class RegisterSerializer(serializers.Serializer[Any]):
    """Other fields than these are ignored: earlier clients send some."""

    email = Address()
    password = Password()
    name = serializers.CharField(max_length=150)
    org_name = serializers.CharField(max_length=150, required=False, allow_blank=True)
    starter_pack = serializers.ChoiceField(choices=list(PACKS), required=False, help_text="What the organization begins with")


class LoginSerializer(Strict):
    email = serializers.CharField(max_length=254)
    password = Password()


class RefreshSerializer(Strict):
    refresh_token = serializers.CharField(max_length=4000)


class SwitchOrgSerializer(Strict):
    org = serializers.UUIDField()


class EmailSerializer(Strict):
    email = Address()


class ResetSerializer(Strict):
    token = serializers.CharField(max_length=1000)
    password = Password()


class ChangePasswordSerializer(Strict):
    old_password = Password()
    password = Password()


class TokenSerializer(Strict):
    token = serializers.CharField(max_length=1000)


class VerifySerializer(TokenSerializer):
    password = Password(
        required=False, allow_blank=True, help_text="A new one, needed only where the address makes you staff of the platform"
    )


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


class OrgSerializer(Strict, serializers.ModelSerializer[Org]):
    currency = serializers.RegexField(r"^[A-Z]{3}$", help_text="ISO 4217")

    class Meta:
        model = Org
        fields = ["id", "name", "slug", "currency", "timezone", "created_at"]
        read_only_fields = ["id", "slug", "created_at"]

    def validate_timezone(self, name: str) -> str:
        if name not in zoneinfo.available_timezones():
            raise serializers.ValidationError("Not a time zone, e.g. Europe/Berlin.")
        return name

    def update(self, org: Org, values: dict[str, Any]) -> Org:
        """Only what was sent is written: the platform may be closing the org at this moment."""
        for name, value in values.items():
            setattr(org, name, value)
        org.save(update_fields=list(values))
        return org


class RoleField(ReferenceField):
    """A role, by id or by name (also by the names that earlier systems use)."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str) and NUL not in data:
            name = data.strip()
            for known in filter(None, (name, ROLE_ALIASES.get(name.lower()))):
                if role := Role.objects.filter(name__iexact=known).first():
                    return role
        return super().to_internal_value(data)


class ProfileSerializer(ProjectedSerializer):
    """A member of the org. ``role`` is given by name or id; the account's own name and address are its owner's."""

    name = Computed("user__name")
    email = Computed("user__email")
    role = RoleField(target=Role)
    role_name = Computed("role__name")

    class Meta:
        model = Profile
        fields = [*BASE_FIELDS, "user", "name", "email", "role", "role_name", "title", "phone", "is_active"]
        read_only_fields = ["user"]


class InviteSerializer(Strict):
    """An invitation, by mail. The answer is the same whether or not the address has an account."""

    email = Address()
    role = RoleField(target=Role, required=False)


class OpenInvitationSerializer(ProjectedSerializer):
    role_name = Computed("role__name")

    class Meta:
        model = Invitation
        fields = [*BASE_FIELDS, "email", "role", "role_name", "expires_at"]


class OwnProfileSerializer(Strict):
    name = serializers.CharField(max_length=150, required=False)
    title = serializers.CharField(max_length=100, required=False, allow_blank=True)
    phone = PhoneField(max_length=40, required=False, allow_blank=True)


class PermissionsField(CustomFields):
    """A role's permissions. Those of the system's roles are in the code."""

    expression = Case(
        *(When(is_system=True, name=name, then=Value(role.permissions, JSONField())) for name, role in SYSTEM_ROLES.items()),
        default=F("permissions"),
        output_field=JSONField(),
    )


class RoleSerializer(ProjectedSerializer):
    """``permissions``: {module: {action: scope}}, e.g. {"leads": {"view": "all", "edit": "own"}}; "*" means the others."""

    permissions = PermissionsField(required=False)

    class Meta:
        model = Role
        fields = [*BASE_FIELDS, "name", "description", "is_system", "permissions"]
        read_only_fields = ["is_system"]

    def validate_permissions(self, permissions: Any) -> Any:
        if error := permission_errors(permissions, {*MODULES, *PROTECTED}):
            raise serializers.ValidationError(error)
        return permissions
