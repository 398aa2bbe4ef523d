"""The one place that knows for whom the current work is done: no one, a person in an org, or all orgs."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

_UNSAFE = re.compile(r"[^A-Za-z0-9._:-]")


class NoOrgScope(RuntimeError):
    """Rows of an organization were touched outside ``org_scope``."""


class ScopeError(RuntimeError):
    """A scope was entered where it may not be."""


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """Who works, where, and through what. ``enter_sql`` is sent to PostgreSQL before the first statement of a transaction."""

    org_id: UUID | None = None
    profile_id: UUID | None = None
    user_id: UUID | None = None
    source: str = "system"
    request_id: str = ""
    platform: bool = False
    enter_sql: str = field(init=False, default="")
    #: The org as text, as SQL takes it.
    org: str = field(init=False, default="")
    #: The same for a statement that only reads, outside a transaction.
    read_sql: str = field(init=False, default="")

    def __post_init__(self) -> None:
        actor = f"{self.profile_id or ''} {self.user_id or ''} {self.source} {self.request_id}"
        org = str(self.org_id or "")
        enter = f"SELECT app_enter('{org}', '{actor}');"
        if self.platform:
            enter = f"SET LOCAL ROLE crm_platform;{enter}"
        object.__setattr__(self, "org", org)
        object.__setattr__(self, "enter_sql", enter)
        object.__setattr__(self, "read_sql", enter if self.platform else f"SELECT app_enter('{org}');")


NOBODY = Scope()
_scope: ContextVar[Scope] = ContextVar("scope", default=NOBODY)

current = _scope.get


def current_org_id() -> UUID:
    """The org of the scope. Raises NoOrgScope when there is none, or when there are all of them."""
    if (org_id := _scope.get().org_id) is None:
        raise NoOrgScope("Open org_scope(org) first: this needs one organization.")
    return org_id


def current_profile_id() -> UUID | None:
    return _scope.get().profile_id


@contextmanager
def _entered(scope: Scope) -> Iterator[Scope]:
    token = _scope.set(scope)
    try:
        yield scope
    finally:
        _scope.reset(token)


def org_scope(org: Any, *, user_id: UUID | None = None, source: str = "", request_id: str = "") -> Any:
    """Work inside one org. ``org`` is a Profile (who then is the actor), an Org, or an org's id; scopes nest."""
    outer = _scope.get()
    org_id = getattr(org, "org_id", None) or getattr(org, "pk", org)
    is_profile = hasattr(org, "org_id")
    same_org = outer.org_id == org_id
    return _entered(
        Scope(
            org_id=org_id if isinstance(org_id, UUID) else UUID(str(org_id)),
            profile_id=org.pk if is_profile else (outer.profile_id if same_org else None),
            user_id=org.user_id if is_profile else (user_id or outer.user_id),
            source=_UNSAFE.sub("", source) or outer.source,
            request_id=_UNSAFE.sub("", request_id)[:64] or outer.request_id,
        )
    )


@contextmanager
def all_orgs(*, user_id: UUID | None = None, source: str = "", request_id: str = "") -> Iterator[Scope]:
    """Work over every org, as the platform role: for the platform's own staff, sign-in and migrations.

    One transaction has one database identity, so this cannot be entered inside an org's transaction.
    """
    outer = _scope.get()
    blocks = connection.atomic_blocks
    if outer.org_id and blocks and not blocks[-1]._from_testcase:  # type: ignore[attr-defined]
        raise ScopeError("all_orgs() cannot be entered inside a transaction of one organization.")
    scope = Scope(
        user_id=user_id or outer.user_id,
        source=_UNSAFE.sub("", source) or outer.source,
        request_id=_UNSAFE.sub("", request_id)[:64] or outer.request_id,
        platform=True,
    )
    with _entered(scope):
        yield scope


def no_scope() -> Any:
    """Work without any org: what belongs to one is out of reach until a scope is entered."""
    outer = _scope.get()
    return _entered(Scope(source=outer.source, request_id=outer.request_id))
