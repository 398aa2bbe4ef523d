"""Who calls, and in which organization: sets ``request.profile`` and works inside its scope.

Under /admin/ the session says who; everywhere else under the API a bearer token does, and the ``org`` header (or, without
it, the token) says where. A request that may change something is one transaction: an error leaves nothing behind.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from common.people.authentication import find_member
from common.people.models import Org, User
from common.people.tokens import BadToken, read_token
from common.people.workspaces import session_profile
from common.tenancy import all_orgs, current, no_scope, org_scope

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
SESSION_PATHS = ("/admin/", "/app/")


class GetProfileAndOrg:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.profile = request.bearer_user = request.bearer_claims = request.bearer_error = None
        with self.scope_of(request):
            if request.method in SAFE_METHODS:
                return self.get_response(request)
            with transaction.atomic():
                response = self.get_response(request)
                if response.status_code >= 400 and not getattr(response, "keep_changes", False):
                    transaction.set_rollback(True)
            return response

    def scope_of(self, request: Any) -> AbstractContextManager[Any]:
        request_id = current().request_id
        if request.path_info.startswith(SESSION_PATHS):
            return self.scope_of_session(request, request_id)
        header = request.headers.get("Authorization", "")
        if header:
            self.read_bearer(request, header)
        if request.profile:
            return org_scope(request.profile, source="api", request_id=request_id)
        return no_scope()

    def scope_of_session(self, request: Any, request_id: str) -> AbstractContextManager[Any]:
        source = "admin" if request.path_info.startswith("/admin/") else "site"
        user = get_user(request)
        if not user.is_authenticated:
            return no_scope()
        if source == "admin" and user.is_superuser:
            if org := named_org(request):
                return org_scope(org, user_id=user.pk, source=source, request_id=request_id)
            return all_orgs(user_id=user.pk, source=source, request_id=request_id)
        request.profile = session_profile(request, user)
        return org_scope(request.profile, source=source, request_id=request_id) if request.profile else no_scope()

    def read_bearer(self, request: Any, header: str) -> None:
        kind, _, token = header.partition(" ")
        try:
            if kind.lower() != "bearer" or not token.strip():
                raise BadToken("Expected: Authorization: Bearer <token>.")
            claims = read_token(token.strip(), "access")
        except BadToken as error:
            request.bearer_error = str(error)
            return
        request.bearer_claims = claims
        org_id = wanted_org(request, claims["org"])
        profile = find_member(claims["sub"], org_id, claims["sid"]) if org_id else None
        if profile:
            request.profile, request.bearer_user = profile, profile.user
        else:
            request.bearer_user = signed_in_user(claims)
            if request.bearer_user is None:
                request.bearer_error = "The session has ended. Sign in again."


def wanted_org(request: HttpRequest, from_token: UUID | None) -> UUID | None:
    """The org of the header, or of the token. None for a header that is not an id: nobody is a member of that."""
    if (header := request.headers.get("org")) is None:
        return from_token
    try:
        return UUID(header.strip())
    except ValueError:
        return None


def named_org(request: HttpRequest) -> Org | None:
    """The org that platform staff have chosen to work in, by the address of the page (``?org=<id>``)."""
    try:
        return Org.objects.filter(pk=UUID(request.GET.get("org", ""))).first()
    except ValueError:
        return None


def signed_in_user(claims: dict[str, Any]) -> User | None:
    """The user of a token whose session has not ended, for what needs no org."""
    return User.objects.filter(pk=claims["sub"], is_active=True, sessions__pk=claims["sid"], sessions__ended_at=None).first()
