"""People: organizations, the accounts that sign in, and who may do what in which organization."""

import uuid
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.validators import validate_slug
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from common.base import BaseModel
from common.tenancy.fields import TenantForeignKey, UUID7Field

from .permissions import CATALOGUES, SYSTEM_ROLES, excess, scope_of


class Org(models.Model):
    """A tenant. Small and seldom written: on a sharded database every node has a copy."""

    id = UUID7Field()
    name = models.CharField(max_length=150)
    slug = models.CharField(max_length=60, unique=True, validators=[validate_slug])
    is_active = models.BooleanField(default=True)
    currency = models.CharField(max_length=3, default="USD", help_text="ISO 4217")
    timezone = models.CharField(max_length=60, default="UTC")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "orgs"
        verbose_name = "organization"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def today(self) -> date:
        """The day that it is there."""
        return timezone.now().astimezone(ZoneInfo(self.timezone)).date()


def normalize_email(email: str) -> str:
    return email.strip().lower()


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_superuser=True, email_verified_at=timezone.now(), **fields)

    def get_by_natural_key(self, email: str | None) -> "User":
        return self.get(email=normalize_email(email or ""))


class User(AbstractBaseUser, PermissionsMixin):
    """An account that signs in, in any number of orgs. The e-mail address, in lower case, is its name."""

    last_login = None  # every sign-in would write to a table that has a copy on every shard

    id = UUID7Field()
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_active = models.BooleanField(default=True)
    email_verified_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []  # type: ignore[misc]

    class Meta:
        db_table = "users"
        ordering = ["email"]
        constraints = [models.CheckConstraint(condition=models.Q(email=Lower("email")), name="users_email_lower")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_staff(self) -> bool:
        """Staff of the platform, that is; an org's admin is one by role."""
        return self.is_superuser

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] or self.email


class Role(BaseModel):
    """What its holders may do: ``{module: {action: "own" | "team" | "all"}}``; module "*" stands for the others.

    System roles are rows too, so that profiles can point at them, but their permissions come from the code.
    """

    name = models.CharField(max_length=60)
    description = models.CharField(max_length=200, blank=True)
    is_system = models.BooleanField(default=False, editable=False)
    permissions = models.JSONField(default=dict, blank=True)

    class Meta:
        db_table = "roles"
        ordering = ["name"]
        constraints = [models.UniqueConstraint("org", Lower("name"), name="roles_name_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def effective_permissions(self) -> dict[str, dict[str, str]]:
        return SYSTEM_ROLES[self.name].permissions if self.is_system else self.permissions

    @property
    def is_admin(self) -> bool:
        return self.is_system and self.name == "admin"


class Profile(BaseModel):
    """A user in an org. An org's admin may change this, never the account behind it."""

    user = models.ForeignKey(User, models.CASCADE, related_name="profiles")
    role = TenantForeignKey(Role, models.PROTECT, related_name="profiles")
    title = models.CharField(max_length=100, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        db_table = "profiles"
        ordering = ["created_at"]
        constraints = [models.UniqueConstraint(fields=["user", "org"], name="profiles_once")]

    def __str__(self) -> str:
        return str(self.user)

    @property
    def is_admin(self) -> bool:
        return self.role.is_admin

    @property
    def is_client(self) -> bool:
        return self.role.is_system and self.role.name == "client"

    def scope_for(self, module: str, action: str) -> str:
        """How far this person may do ``action`` on records of ``module``: "none", "own", "team" or "all"."""
        scope = scope_of(self.role.effective_permissions, module, action)
        if action == "view" and module in CATALOGUES and scope != "none" and not self.is_client:
            return "all"
        return scope

    def reaches(self, role: Role) -> bool:
        """Whether this person may do all that ``role`` may: only such roles, and holders of such, may they change or give."""
        if self.is_admin or role.is_admin:
            return self.is_admin
        return excess(role.effective_permissions, self.role.effective_permissions) is None


class Invitation(BaseModel):
    """An offer to join the org, mailed to an address; whoever holds the token may accept it, once."""

    hidden_columns = ("token_hash",)

    email = models.EmailField()
    role = TenantForeignKey(Role, models.CASCADE, related_name="+")
    token_hash = models.CharField(max_length=64, editable=False)
    expires_at = models.DateTimeField(editable=False)
    accepted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        db_table = "invitations"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["org", "email"], condition=models.Q(accepted_at=None), name="invitations_one_open")
        ]

    def __str__(self) -> str:
        return self.email


class Session(models.Model):
    """A signed-in device. Its refresh token is replaced at each use: an old one seen again ends the session."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="sessions")
    refresh_id = models.UUIDField(default=uuid.uuid4)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "sessions"


class OutgoingMail(models.Model):
    """A mail of the platform, stored with the change that caused it, so that a dead worker loses none."""

    id = UUID7Field()
    to = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField()
    attachment = models.BinaryField(null=True, help_text="A PDF")
    attachment_name = models.CharField(max_length=100, blank=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        db_table = "outgoing_mails"
        indexes = [models.Index(fields=["next_attempt_at"], condition=models.Q(sent_at=None), name="outgoing_mails_due")]
