"""Who calls, and in which organization: sets ``request.profile`` and works inside its scope.

Under /admin/ the session says who; everywhere else under the API a bearer token or an API key does, and the ``org`` header
(or, without it, the token) says where. A request that may change something is one transaction: an error leaves nothing behind.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from common.api.errors import json_or_page
from common.people.callers import find_caller
from common.people.models import Org
from common.people.workspaces import session_profile
from common.tenancy import all_orgs, current, no_scope, org_scope

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
SESSION_PATHS = ("/admin/", "/app/")
ONLY_READS = "This API key may only read."


class GetProfileAndOrg:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.profile = request.bearer_user = request.bearer_claims = request.bearer_error = request.api_key = None
        with self.scope_of(request):
            if request.method in SAFE_METHODS:
                return self.get_response(request)
            if request.api_key and not request.api_key.may_write:
                return json_or_page(request, 403, ONLY_READS)
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
        caller = find_caller(header, request.headers.get("org"))
        request.profile, request.bearer_claims, request.bearer_error = caller.profile, caller.claims, caller.error
        request.bearer_user, request.api_key = caller.user, caller.key


def named_org(request: HttpRequest) -> Org | None:
    """The org that platform staff have chosen to work in, by the address of the page (``?org=<id>``)."""
    try:
        return Org.objects.filter(pk=UUID(request.GET.get("org", ""))).first()
    except ValueError:
        return None
