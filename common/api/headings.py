"""Which operations the documentation shows, in which order, and under which headings."""

import re
from typing import Any

from common.records.models import MODULES

PLAIN = re.compile(r"(/api/v1)?/[\w-]+/({pk}/)?")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NAMES = {"auth": "Sign-up and sign-in", "api-keys": "API keys", "org": "Organization", "root": "Lightweight CRM"}
FIRST = {"auth": "Accounts, tokens and passwords."}
#: What stands after the modules of records, in this order.
AFTER = {
    "comments": "Single comments; those of a record stand with its module.",
    "attachments": "Single files; those of a record stand with its module.",
    "tags": "The organization's tags.",
    "pipelines": "The ways of leads and opportunities, and their stages.",
    "users": "Members of the organization, and invitations.",
    "roles": "What members may do.",
    "api-keys": "What programs and assistants sign in with.",
    "profile": "One's own profile.",
    "org": "The organization that one works in.",
    "root": "The lead endpoints of the Lightweight CRM, with its shapes and error messages.",
}


def tag_of(module: str, token: str) -> str:
    """The heading under which an operation stands: its module, or the first word of its path."""
    name = module or token
    return NAMES.get(name, name.replace("-", " ").replace("_", " ").capitalize())


def module_of(path: str) -> str:
    """The first word of a versioned path; nothing for the dialects at the root."""
    return path.removeprefix("/api/v1/").split("/")[0]


def each_path_once(endpoints: Any) -> Any:
    """/api/ is the same URL set as /api/v1/: it is shown once. A module's list and detail come before what else it has."""
    shown = [entry for entry in endpoints if not entry[0].startswith("/api/") or entry[0].startswith("/api/v1/")]
    places: dict[str, int] = {}
    for path, *_ in shown:
        for part in (path, module_of(path)):
            places.setdefault(part, len(places))
    return sorted(
        shown,
        key=lambda entry: (
            places[module_of(entry[0])],
            not PLAIN.fullmatch(entry[0]),
            places[entry[0]],
            METHODS.index(entry[2]),
        ),
    )


def describe_tags(result: Any, generator: Any, request: Any, public: bool) -> Any:
    """The headings in a sensible order: sign-up first, then the records, then what belongs to the organization."""
    texts = {**FIRST, **{name: MODULES[name].__doc__ for name in sorted(MODULES)}, **AFTER}
    used = {tag for methods in result["paths"].values() for operation in methods.values() for tag in operation["tags"]}
    described = {tag_of(name, ""): text for name, text in texts.items()}
    known = [{"name": tag, "description": text} for tag, text in described.items() if tag in used]
    result["tags"] = known + [{"name": tag} for tag in sorted(used - set(described))]
    return result


def share_parameters(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Each parameter once, among the components: the document is half as long, and Swagger UI opens sooner."""
    names: dict[str, str] = {}
    shared = result["components"].setdefault("parameters", {})
    for operation in (one for methods in result["paths"].values() for one in methods.values()):
        for number, parameter in enumerate(operation.get("parameters", [])):
            name = names.setdefault(repr(parameter), f"{re.sub(r'[^A-Za-z0-9_]', '', parameter['name'])}.{len(names)}")
            shared[name] = parameter
            operation["parameters"][number] = {"$ref": f"#/components/parameters/{name}"}
    return result
