"""The language of permissions: module -> action -> scope."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

ACTIONS = ("view", "create", "edit", "delete")
SCOPES = ("none", "own", "team", "all")
Permissions = dict[str, dict[str, str]]

EVERYTHING = dict.fromkeys(ACTIONS, "all")
LOOK = {"view": "all"}

#: Everyone may look at these; to do more a role has to name them, since "*" does not stand for them. Nobody owns them.
PROTECTED = (
    "users", "roles", "organization", "teams", "pipelines", "tags", "api-keys", "support", "custom-fields", "custom-objects",
)  # fmt: skip
#: But of these everyone has their own.
PERSONAL = {"api-keys": dict.fromkeys(ACTIONS, "own")}
#: Modules whose records all colleagues share, as ``BaseRecord.catalogue`` declares: who may view any may view all.
CATALOGUES: set[str] = set()


@dataclass(frozen=True)
class SystemRole:
    description: str
    permissions: Permissions


SYSTEM_ROLES = {
    "admin": SystemRole(
        "Does everything, and manages the organization.", {"*": EVERYTHING, **dict.fromkeys(PROTECTED, EVERYTHING)}
    ),
    "manager": SystemRole(
        "Sees all records; changes those of their teams.",
        {
            "*": {"view": "all", "create": "all", "edit": "team", "delete": "team"},
            "tags": EVERYTHING,
            "pipelines": EVERYTHING,
            "support": EVERYTHING,
        },
    ),
    "user": SystemRole(
        "Works on the records they made or are assigned to.",
        {"*": dict.fromkeys(ACTIONS, "own"), "tags": {"view": "all", "create": "all"}},
    ),
    "client": SystemRole(
        "Sees only what names them as a contact, and what is published.",
        {**dict.fromkeys(PROTECTED, {}), **dict.fromkeys(("articles", "cases", "events", "invoices"), {"view": "own"})},
    ),
}

#: Names that earlier systems use for the same role.
ROLE_ALIASES = {"agent": "user", "counselor": "user", "member": "user"}


def scope_of(permissions: Permissions, module: str, action: str) -> str:
    otherwise = PERSONAL.get(module, LOOK) if module in PROTECTED else permissions.get("*", {})
    return permissions.get(module, otherwise).get(action, "none")


def resolved(permissions: Permissions, modules: Iterable[str]) -> Permissions:
    """What ``permissions`` come to, for each module by its name."""
    return {module: {action: scope_of(permissions, module, action) for action in ACTIONS} for module in sorted(modules)}


def excess(permissions: Permissions, limit: Permissions) -> str | None:
    """The first "module.action" in which ``permissions`` reach further than ``limit``, or None."""
    modules = {*permissions, *limit, *PROTECTED, "*"}
    allowed = resolved(limit, modules)
    for module, actions in resolved(permissions, modules).items():
        for action, scope in actions.items():
            if SCOPES.index(scope) > SCOPES.index(allowed[module][action]):
                return f"{module}.{action}"
    return None


def permission_errors(permissions: Any, modules: set[str]) -> str | None:
    """What is wrong with a role's permissions, or None."""
    if not isinstance(permissions, dict):
        return "Expected an object: {module: {action: scope}}."
    for module, actions in permissions.items():
        if module != "*" and module not in modules:
            return f'"{module}" is not a module. Modules: *, {", ".join(sorted(modules))}.'
        if not isinstance(actions, dict):
            return f'"{module}": expected an object: {{action: scope}}.'
        scopes = ("none", "own", "all") if module in PERSONAL else ("none", "all") if module in PROTECTED else SCOPES
        for action, scope in actions.items():
            if action not in ACTIONS:
                return f'"{module}": "{action}" is not an action. Actions: {", ".join(ACTIONS)}.'
            if scope not in scopes:
                return f'"{module}.{action}": "{scope}" is not a scope. Scopes: {", ".join(scopes)}.'
    return None


def may_invite(profile: Any) -> bool:
    """Whoever may make members."""
    return bool(profile.scope_for("users", "create") != "none")
