"""API keys: what a program carries in place of a person's session, for one profile in its org."""

import base64
import binascii
import secrets
from datetime import timedelta
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from common.base import BaseModel
from common.tenancy import org_scope
from common.tenancy.fields import TenantForeignKey
from common.tenancy.statement import Statement

from .authentication import find_member
from .models import Org, Profile
from .tokens import BAD, BadToken, digest

START = "atr_"
SHOWN = len(START) + 8
RANDOM_BYTES = 24
REMEMBER_USE = timedelta(minutes=1)


class Scope(models.TextChoices):
    READ = "read"
    WRITE = "write"


def read_only() -> list[str]:
    return [Scope.READ.value]


class ApiKey(BaseModel):
    """Acts as its profile, never further: what the role loses, the key loses. Revoked ones are kept for the record."""

    hidden_columns = ("token_hash", "last_used_at")

    profile = TenantForeignKey(Profile, models.CASCADE, related_name="api_keys", editable=False)
    name = models.CharField(max_length=100)
    scopes = ArrayField(models.TextField(choices=Scope.choices), default=read_only)
    prefix = models.CharField(max_length=SHOWN, editable=False, help_text="The key's first characters, to know it by")
    token_hash = models.CharField(max_length=64, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False, help_text="To the minute")

    class Meta:
        db_table = "api_keys"
        verbose_name = "API key"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["org", "token_hash"], name="api_keys_once"),
            models.CheckConstraint(condition=Q(scopes__in=[["read"], ["read", "write"]]), name="api_keys_scopes"),
        ]
        indexes = [models.Index(fields=["org", "created_at", "id"], name="api_keys_newest")]

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> str:
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= timezone.now() else "active"

    @property
    def may_write(self) -> bool:
        return Scope.WRITE in self.scopes

    def revoke(self) -> None:
        if self.revoked_at is None:
            self.revoked_at = timezone.now()
            self.save(update_fields=["revoked_at", "updated_at", "updated_by"])


def new_key(org: Org) -> dict[str, str]:
    """A key and what is stored of it. It ends with its org's id, so that it is looked up inside that org."""
    key = START + base64.urlsafe_b64encode(secrets.token_bytes(RANDOM_BYTES) + org.pk.bytes).decode().rstrip("=")
    return {"key": key, "prefix": key[:SHOWN], "token_hash": digest(key)}


def org_of(key: str) -> UUID:
    """The org that a key says it is of. Raises BadToken."""
    try:
        decoded = base64.b64decode(key.removeprefix(START) + "==", altchars=b"-_", validate=True)
        return UUID(bytes=decoded[RANDOM_BYTES:])
    except (binascii.Error, ValueError) as error:
        raise BadToken(BAD) from error


COLUMNS = ("id", "scopes", "expires_at", "revoked_at", "last_used_at")
#: Whose a key is, and the columns that using it takes.
BY_HASH = Statement(
    lambda token_hash: ApiKey._default_manager.filter(token_hash=token_hash).order_by().values_list("profile__user_id", *COLUMNS),
    token_hash="the hash of a key",  # noqa: S106
)


def use_key(text: str) -> ApiKey:
    """The key, with its profile. Raises BadToken, saying the same whatever is wrong with it."""
    org_id = org_of(text)
    with org_scope(org_id):
        for user_id, *values in BY_HASH.rows(token_hash=digest(text)):
            key = ApiKey(**dict(zip(COLUMNS, values, strict=True)))
            if key.state == "active" and (profile := find_member(user_id, org_id)):
                key.profile = profile
                note_use(key)
                return key
    raise BadToken(BAD)


def note_use(key: ApiKey) -> None:
    """Write down that a key is in use, once a minute."""
    before = timezone.now() - REMEMBER_USE
    if key.last_used_at is None or key.last_used_at < before:
        unnoted = Q(last_used_at=None) | Q(last_used_at__lt=before)
        ApiKey.objects.filter(unnoted, pk=key.pk).update(last_used_at=timezone.now())
