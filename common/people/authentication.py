"""Who calls: the middleware has read the bearer token; here Django REST Framework learns of it."""

from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, models
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission

from common.tenancy import org_scope

from .models import Org, Profile, Role, User

NOT_A_MEMBER = "You are not a member of this organization."
NO_SESSION = "An API key cannot do this. Sign in."

_MODELS: tuple[Any, ...] = (Profile, User, Org, Role)
#: What few requests look at is read when they do.
_LATER = ("created_at", "updated_at", "created_by_id", "updated_by_id", "description", "password")


def _columns(model: Any) -> list[tuple[str, Any]]:
    """The fields of a model with what turns their JSON into a value (nothing, where it is one already)."""
    plain = (models.CharField, models.BooleanField, models.JSONField)
    fields = [field for field in model._meta.concrete_fields if field.attname not in _LATER]
    return [(field.attname, None if isinstance(field, plain) else field.to_python) for field in fields]


_COLUMNS = [(model, _columns(model), [name for name, _ in _columns(model)]) for model in _MODELS]


def find_member(user_id: UUID, org_id: UUID, session_id: UUID | None = None) -> Profile | None:
    """The active profile of a user in an active org, with user, org and role, in one statement on every request.

    With ``session_id``, only while that session has not ended.
    """
    with org_scope(org_id), connection.cursor() as cursor:
        session = str(session_id) if session_id else None
        cursor.execute("SELECT app_member(%s::uuid, %s::uuid, %s::uuid)", [str(org_id), str(user_id), session])
        (found,) = cursor.fetchone()
    if found is None:
        return None
    profile, profile.user, profile.org, profile.role = (
        model.from_db("default", names, values) for (model, _, names), values in zip(_COLUMNS, _values(found), strict=True)
    )
    return profile


@lru_cache(maxsize=2_000)
def _values(found: str) -> list[list[Any]]:
    """What app_member() has found, as values of the models' fields. The same text always means the same."""
    return [
        [convert(row[name]) if convert else row[name] for name, convert in columns]
        for (_, columns, _), row in zip(_COLUMNS, orjson.loads(found), strict=True)
    ]


class BearerAuthentication(BaseAuthentication):
    """Hands over whom the middleware found, or its reason for finding no one."""

    def authenticate(self, request: Any) -> tuple[Any, Any] | None:
        django_request = request._request
        if error := django_request.bearer_error:
            raise AuthenticationFailed(error)
        if key := getattr(django_request, "api_key", None):
            return key.profile.user, key
        return (django_request.bearer_user, django_request.bearer_claims) if django_request.bearer_user else None

    def authenticate_header(self, request: Any) -> str:
        return "Bearer"


class IsSignedIn(BasePermission):
    """A valid token, whether or not it has an org; but an ``org`` header has to name one of the caller's.

    An API key is for its org: of the account behind it, it may only read.
    """

    def has_permission(self, request: Any, view: Any) -> bool:
        demand_caller(request)
        if request._request.api_key and request.method not in SAFE_METHODS:
            raise PermissionDenied(NO_SESSION)
        return True


class IsMember(IsSignedIn):
    """A member of the org that the request is for. What they may do there, each view asks of their role."""

    def has_permission(self, request: Any, view: Any) -> bool:
        demand_caller(request)
        if request._request.profile is None:
            raise PermissionDenied(NOT_A_MEMBER)
        return True


class IsOrgAdmin(IsMember):
    """An admin of the org that the request is for."""

    def has_permission(self, request: Any, view: Any) -> bool:
        super().has_permission(request, view)
        if not request._request.profile.is_admin:
            raise PermissionDenied("Only an admin of the organization may do this.")
        return True


def demand_caller(request: Any) -> None:
    if request.user is None:
        raise NotAuthenticated("A bearer token is needed: Authorization: Bearer <token>.")
    if request._request.profile is None and "org" in request.headers:
        raise PermissionDenied(NOT_A_MEMBER)
