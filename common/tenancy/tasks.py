"""Celery tasks run in the scope of whoever sent them: org and actor travel in the message's headers."""

from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from celery import Task, current_task
from django.db import close_old_connections

from .scope import NOBODY, Scope, _entered, all_orgs, current, no_scope

HEADER = "atrium_scope"


class OrgTask(Task):
    """The base of every task. Sent inside an org_scope it runs inside it; sent outside, it has none."""

    def apply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> Any:
        options["headers"] = {HEADER: to_carry(), **(options.get("headers") or {})}
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
        carried = carried_by(self.request)
        if not carried:
            return _entered(current()) if inside else no_scope()
        if carried["platform"]:
            return all_orgs(user_id=carried["user_id"] or None, source=carried["source"], request_id=carried["request_id"])
        ids = {name: UUID(carried[name]) for name in ("org_id", "profile_id", "user_id") if carried[name]}
        return _entered(Scope(**ids, source=carried["source"], request_id=carried["request_id"]))  # type: ignore[arg-type]


def to_carry() -> dict[str, Any]:
    """The scope, as a header. A chain goes on after its task's scope has ended: then it is the one that the task came with."""
    scope = current()
    if scope is NOBODY and current_task and (came_with := carried_by(current_task.request)):
        return came_with
    names = ("org_id", "profile_id", "user_id", "source", "request_id")
    return {name: str(getattr(scope, name) or "") for name in names} | {"platform": scope.platform}


def carried_by(request: Any) -> Any:
    return (request.headers or {}).get(HEADER) or getattr(request, HEADER, None)
