"""The language of permissions: module -> action -> scope."""

from dataclasses import dataclass
from typing import Any

ACTIONS = ("view", "create", "edit", "delete")
SCOPES = ("none", "own", "team", "all")
Permissions = dict[str, dict[str, str]]

EVERYTHING = dict.fromkeys(ACTIONS, "all")
OWN = dict.fromkeys(ACTIONS, "own")
LOOK = {"view": "all"}

#: What no one needs to own: everybody works with the org's tags, stages, teams and people.
SHARED: Permissions = {"pipelines": LOOK, "teams": LOOK, "tags": {"view": "all", "create": "all"}}
#: Managing the organization: "*" does not stand for these, a role has to name them. Everyone may look.
PROTECTED = ("users", "roles", "organization")


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
            **SHARED,
            "tags": EVERYTHING,
            "pipelines": EVERYTHING,
        },
    ),
    "user": SystemRole("Works on the records they made or are assigned to.", {"*": OWN, **SHARED}),
    "client": SystemRole("Sees only what names them as a contact.", dict.fromkeys(PROTECTED, {})),
}

#: Names that earlier systems use for the same role.
ROLE_ALIASES = {"agent": "user", "counselor": "user", "member": "user"}


def scope_of(permissions: Permissions, module: str, action: str) -> str:
    otherwise = LOOK if module in PROTECTED else permissions.get("*", {})
    return permissions.get(module, otherwise).get(action, "none")


def permission_errors(permissions: Any, modules: set[str]) -> str | None:
    """What is wrong with a role's permissions, or None."""
    if not isinstance(permissions, dict):
        return "Expected an object: {module: {action: scope}}."
    for module, actions in permissions.items():
        if module != "*" and module not in modules:
            return f'"{module}" is not a module. Modules: *, {", ".join(sorted(modules))}.'
        if not isinstance(actions, dict):
            return f'"{module}": expected an object: {{action: scope}}.'
        for action, scope in actions.items():
            if action not in ACTIONS:
                return f'"{module}": "{action}" is not an action. Actions: {", ".join(ACTIONS)}.'
            if scope not in SCOPES:
                return f'"{module}.{action}": "{scope}" is not a scope. Scopes: {", ".join(SCOPES)}.'
    return None
