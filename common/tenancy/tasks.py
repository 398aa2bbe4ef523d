"""Celery tasks run in the scope of whoever sent them: org and actor travel in the message's headers."""

from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from celery import Task
from django.db import close_old_connections

from .scope import Scope, _entered, all_orgs, current, no_scope

HEADER = "atrium_scope"


class OrgTask(Task):
    """The base of every task. Sent inside an org_scope it runs inside it; sent outside, it has none."""

    def apply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> Any:
        scope = current()
        names = ("org_id", "profile_id", "user_id", "source", "request_id")
        carried = {name: str(getattr(scope, name) or "") for name in names} | {"platform": scope.platform}
        options["headers"] = {HEADER: carried, **(options.get("headers") or {})}
        return super().apply_async(args, kwargs, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        inside = bool(self.request.called_directly or self.request.is_eager)
        if not inside:
            close_old_connections()
        try:
            with self._scope(inside):
                return super().__call__(*args, **kwargs)
        finally:
            if not inside:
                close_old_connections()

    def _scope(self, inside: bool) -> AbstractContextManager[Any]:
        carried = (self.request.headers or {}).get(HEADER) or getattr(self.request, HEADER, None)
        if not carried:
            return _entered(current()) if inside else no_scope()
        if carried["platform"]:
            return all_orgs(user_id=carried["user_id"] or None, source=carried["source"], request_id=carried["request_id"])
        ids = {name: UUID(carried[name]) for name in ("org_id", "profile_id", "user_id") if carried[name]}
        return _entered(Scope(**ids, source=carried["source"], request_id=carried["request_id"]))
