"""Admin pages of people: an organization's members, invitations and roles; for platform staff, accounts and organizations."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import admin as auth_pages
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from rest_framework.exceptions import APIException

from common.activity.lines import NOTHING
from common.admin_base import StaffAdmin, TenantAdmin
from common.admin_fields import TenantForm
from common.admin_lists import RowFilter
from common.records.models import MODULES

from . import attempts, services
from .models import Invitation, Org, OutgoingMail, Profile, Role, Session, User
from .permissions import ACTIONS, PROTECTED, SYSTEM_ROLES, permission_errors
from .services import request_password_reset
from .tokens import end_sessions


def said(error: APIException) -> list[str]:
    """What a service's refusal says, for a form."""
    detail = error.detail
    parts = detail.values() if isinstance(detail, dict) else [detail]
    return [str(text) for part in parts for text in (part if isinstance(part, list) else [part])]


class ProfileForm(TenantForm):
    def clean(self) -> Any:
        """An org keeps at least one active admin."""
        values = super().clean()
        role = self.cleaned_data.get("role")
        stays_admin = bool(role and role.is_admin and self.cleaned_data.get("is_active"))
        if role and not stays_admin:
            try:
                services.check_some_admin_left(self.instance)
            except APIException as error:
                raise ValidationError(said(error)) from error
        return values


class ProfileAdmin(TenantAdmin):
    """Members. They come by invitation, stay as a name in history, and own their accounts themselves."""

    section = "People"
    icon = "badge"
    form = ProfileForm
    list_display = ["name", "email", "role", "title", "is_active"]
    list_filter = [("role", RowFilter), "is_active"]
    search_fields = ["user__name", "user__email", "title"]
    readonly_fields = ["name", "email"]

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).select_related("user", "role", "org")

    def get_fields(self, request: Any, obj: Any = None) -> list[str]:
        return ["name", "email", "role", "title", "phone", "is_active"]

    def has_add_permission(self, request: Any) -> bool:
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    @admin.display(description="Name")
    def name(self, profile: Profile) -> str:
        return str(profile.user)

    @admin.display(description="E-mail")
    def email(self, profile: Profile) -> str:
        return profile.user.email


class InvitationForm(TenantForm):
    request: Any

    class Meta:
        help_texts = {"email": "A mail with a link is sent there. Whoever opens it joins as a member when they accept."}

    def validate_unique(self) -> None:
        """Inviting someone again replaces the earlier offer."""

    def clean_email(self) -> str:
        email = self.cleaned_data["email"]
        try:
            attempts.check(self.request, "invite", email)
        except APIException as error:
            raise ValidationError(said(error)) from error
        return email


class InvitationAdmin(TenantAdmin):
    """Offers to join. The mail is sent by adding one; withdrawing it is deleting it."""

    section = "People"
    icon = "mail"
    form = InvitationForm
    list_display = ["email", "role", "state", "created_by", "expires_at"]
    list_select_related = ("role", "created_by__user")
    search_fields = ["email"]

    def has_add_permission(self, request: Any) -> bool:
        """An invitation is somebody's of the org; platform staff are nobody there."""
        return super().has_add_permission(request) and request.profile is not None

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: Any, obj: Any = None) -> list[str]:
        return ["email", "role", "state", "expires_at", "accepted_at"] if obj else ["email", "role"]

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), "state"]

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.request = request
        return form

    def get_changeform_initial_data(self, request: Any) -> dict[str, Any]:
        return {"role": Role.objects.get(is_system=True, name="user")}

    @admin.display(description="State")
    def state(self, invitation: Invitation) -> str:
        if invitation.accepted_at:
            return "accepted"
        return "open" if invitation.expires_at > timezone.now() else "expired"

    def save_model(self, request: Any, obj: Invitation, form: Any, change: bool) -> None:
        made = services.invite(email=obj.email, role=obj.role, invited_by=request.profile)
        obj.__dict__.update(made.__dict__)


class RoleForm(TenantForm):
    class Meta:
        help_texts = {
            "permissions": 'For example {"leads": {"view": "all", "create": "all", "edit": "own"}}. '
            f"Modules: * (all others), {', '.join(sorted({*MODULES, *PROTECTED}))}. "
            f"Actions: {', '.join(ACTIONS)}. Scopes: own, team, all."
        }

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        if name.strip().lower() in SYSTEM_ROLES:
            raise ValidationError("A system role has this name.")
        return name

    def clean_permissions(self) -> dict[str, Any]:
        permissions = self.cleaned_data["permissions"]
        if wrong := permission_errors(permissions, {*MODULES, *PROTECTED}):
            raise ValidationError(wrong)
        return permissions


class RoleAdmin(TenantAdmin):
    """Roles: the org's own, and the four of the system, which nobody changes."""

    section = "People"
    icon = "key"
    form = RoleForm
    list_display = ["name", "description", "is_system"]
    search_fields = ["name", "description"]
    readonly_fields = ["allows"]

    def get_fields(self, request: Any, obj: Any = None) -> list[str]:
        if obj and obj.is_system:
            return ["name", "description", "is_system", "allows"]
        return ["name", "description", "permissions"]

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return super().has_change_permission(request) and not (obj and obj.is_system)

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return super().has_delete_permission(request) and not (obj and obj.is_system)

    @admin.display(description="Permissions")
    def allows(self, role: Role) -> str:
        lines = [
            (f"{module}: {', '.join(f'{action} {scope}' for action, scope in actions.items()) or 'nothing'}",)
            for module, actions in role.effective_permissions.items()
        ]
        return format_html_join(SafeString("<br>"), "{}", lines)


# --- For platform staff


class OrgAdmin(StaffAdmin):
    """Organizations. They come by sign-up; one that is not active is out of reach for its members at once."""

    icon = "apartment"
    list_display = ["name", "slug", "is_active", "created_at"]
    list_filter = ["is_active"]
    search_fields = ["name", "slug"]
    fields = ["name", "slug", "is_active", "currency", "timezone", "created_at"]
    readonly_fields = ["slug", "created_at"]


class UserAdmin(StaffAdmin):
    """Accounts. Staff switch them off and make other staff; names and passwords are their owners'."""

    icon = "person"
    list_display = ["email", "name", "is_active", "is_superuser", "email_verified_at", "created_at"]
    list_filter = ["is_active", "is_superuser"]
    search_fields = ["email", "name"]
    fields = ["email", "name", "is_active", "is_superuser", "email_verified_at", "created_at"]
    readonly_fields = ["email", "name", "email_verified_at", "created_at"]
    actions = ["mail_reset", "end_all_sessions"]

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        """Nobody locks themselves out."""
        own = ["is_active", "is_superuser"] if obj == request.user else []
        return [*self.readonly_fields, *own]

    @admin.action(description="Mail a link to set a new password", permissions=["change"])
    def mail_reset(self, request: Any, queryset: Any) -> None:
        for user in queryset.filter(is_active=True):
            request_password_reset(user.email)
        messages.success(request, "The links are on their way.")

    @admin.action(description="End all sessions", permissions=["change"])
    def end_all_sessions(self, request: Any, queryset: Any) -> None:
        for user in queryset:
            end_sessions(user)
        messages.success(request, "Their devices have to sign in again.")


class SessionAdmin(StaffAdmin):
    icon = "devices"
    list_display = ["user", "created_at", "expires_at", "ended_at"]
    list_select_related = ["user"]
    ordering = ["-created_at"]
    fields = ["user", "created_at", "expires_at", "ended_at"]

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False


class OutgoingMailAdmin(StaffAdmin):
    """Mails, without their text: it holds links that are their reader's only."""

    icon = "outgoing_mail"
    list_display = ["to", "subject", "created_at", "attempts", "sent_at", "problem"]
    ordering = ["-id"]
    search_fields = ["to", "subject"]
    fields = ["to", "subject", "created_at", "attempts", "next_attempt_at", "sent_at", "error"]

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    @admin.display(description="Error")
    def problem(self, mail: OutgoingMail) -> str:
        return mail.error[:60] or NOTHING


admin.site.unregister(Group)
admin.site.register(Profile, ProfileAdmin)
admin.site.register(Invitation, InvitationAdmin)
admin.site.register(Role, RoleAdmin)
admin.site.register(Org, OrgAdmin)
admin.site.register(User, UserAdmin)
admin.site.register(Session, SessionAdmin)
admin.site.register(OutgoingMail, OutgoingMailAdmin)

__all__ = ["auth_pages"]  # which registers groups, so that they can be unregistered
