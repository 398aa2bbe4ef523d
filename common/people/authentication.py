"""Who calls: the middleware has read the bearer token; here Django REST Framework learns of it."""

from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.permissions import BasePermission

from common.tenancy import org_scope

from .models import Org, Profile, Role, User

_MODELS = (Profile, User, Org, Role)
_FIELDS = [[field.attname for field in model._meta.concrete_fields] for model in _MODELS]
_COLUMNS = ", ".join(f'{model._meta.db_table}."{field.column}"' for model in _MODELS for field in model._meta.concrete_fields)
_MEMBER = f"""
    SELECT {_COLUMNS} FROM profiles
    JOIN users ON users.id = profiles.user_id AND users.is_active
    JOIN orgs ON orgs.id = profiles.org_id AND orgs.is_active
    JOIN roles ON roles.id = profiles.role_id AND roles.org_id = %(org)s
    WHERE profiles.user_id = %(user)s AND profiles.org_id = %(org)s AND profiles.is_active
"""  # noqa: S608 -- column names of our own models
_WITH_SESSION = _MEMBER + " AND EXISTS (SELECT FROM sessions WHERE id = %(session)s AND user_id = %(user)s AND ended_at IS NULL)"


def find_member(user_id: UUID, org_id: UUID, session_id: UUID | None = None) -> Profile | None:
    """The active profile of a user in an active org, with user, org and role, in one statement on every request.

    With ``session_id``, only while that session has not ended.
    """
    with org_scope(org_id), connection.cursor() as cursor:
        values = {"user": str(user_id), "org": str(org_id), "session": str(session_id)}
        cursor.execute(_WITH_SESSION if session_id else _MEMBER, values)
        row = cursor.fetchone()
    if row is None:
        return None
    instances, start = [], 0
    for model, fields in zip(_MODELS, _FIELDS):
        instances.append(model.from_db("default", fields, row[start : start + len(fields)]))
        start += len(fields)
    profile, profile.user, profile.org, profile.role = instances
    profile.role.permissions = orjson.loads(profile.role.permissions)  # a raw row has it as text
    return profile


class BearerAuthentication(BaseAuthentication):
    """Hands over whom the middleware found, or its reason for finding no one."""

    def authenticate(self, request: Any) -> tuple[Any, Any] | None:
        django_request = request._request
        if error := django_request.bearer_error:
            raise AuthenticationFailed(error)
        return (django_request.bearer_user, django_request.bearer_claims) if django_request.bearer_user else None

    def authenticate_header(self, request: Any) -> str:
        return "Bearer"


class IsSignedIn(BasePermission):
    """A valid token, whether or not it has an org."""

    def has_permission(self, request: Any, view: Any) -> bool:
        if request.user is None:
            raise NotAuthenticated("A bearer token is needed: Authorization: Bearer <token>.")
        return True


class IsMember(IsSignedIn):
    """A member of the org that the request is for. What they may do there, each view asks of their role."""

    def has_permission(self, request: Any, view: Any) -> bool:
        super().has_permission(request, view)
        if request._request.profile is None:
            raise PermissionDenied("You are not a member of this organization.")
        return True


class IsOrgAdmin(IsMember):
    def has_permission(self, request: Any, view: Any) -> bool:
        super().has_permission(request, view)
        if not request._request.profile.is_admin:
            raise PermissionDenied("Only an admin of the organization may do this.")
        return True
