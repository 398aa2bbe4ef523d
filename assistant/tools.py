"""The tools of the assistant and of MCP: what each record's viewset does, called in process by name.

Nothing is described twice: a module's tools, their arguments and their permissions are its viewset's own.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
from django.core.handlers.wsgi import WSGIRequest
from django.db import transaction
from django.urls import get_resolver
from rest_framework.views import APIView

from common.api.errors import NOT_FOUND
from common.records.views import VIEWSETS

from .schemas import object_of, schema_of

ID = {"type": "string", "format": "uuid", "description": "The record's id, as a search gave it"}
MAX_FOUND, FOUND = 50, 10
KINDS = ("read", "write", "delete", "bulk")
#: Actions that are no tools: files are not for models, and the board is what searching by status gives.
LEFT_OUT = ("attachment", "board", "bin", "summary", "history")
#: What a row is called for models, where it is not "<action>_<record>".
NAMES = {
    "comment": "comment_on_{one}",
    "log_interaction": "log_interaction_on_{one}",
    "move": "update_{one}_status",
}
#: What hangs something on a record that one may see, and what models are told of it: those endpoints list, too.
HANGS = {"comment": "Comment on a record.", "log_interaction": "Log a call, meeting, mail, note or message on a record."}


class ToolError(Exception):
    """A refusal, in words for people. ``details`` names the arguments at fault."""

    def __init__(self, message: str, details: Any = None, code: int = 400):
        super().__init__(message)
        self.message, self.details, self.code = message, details or {}, code


@dataclass(frozen=True)
class Tool:
    """``kind`` is read, write, delete or bulk; ``action`` what the caller's role must allow on ``module``."""

    name: str
    description: str
    module: str
    kind: str
    parameters: dict[str, Any] = field(repr=False)
    record: str = ""
    action: str = "view"
    view_action: str = ""
    method: str = "get"

    @property
    def viewset(self) -> Any:
        return VIEWSETS[self.record]


def all_tools() -> dict[str, Tool]:
    """Every tool, by its name."""
    get_resolver().url_patterns  # noqa: B018 -- imports the viewsets, in a worker too
    return _tools_of(tuple(VIEWSETS.values()))


@cache
def _tools_of(viewsets: tuple[Any, ...]) -> dict[str, Tool]:
    return {tool.name: tool for viewset in viewsets for tool in tools_of(viewset)}


def tools_for(profile: Any, modules: Any = None) -> list[Tool]:
    """The tools that a person's role allows at all, of ``modules`` or of every one."""
    return [
        tool
        for tool in all_tools().values()
        if (modules is None or tool.module in modules) and profile.scope_for(tool.module, tool.action) != "none"
    ]


def tools_of(viewset: Any) -> Iterator[Tool]:
    """The tools of one module."""
    model = viewset.queryset.model
    one, many, record = str(model._meta.verbose_name), str(model._meta.verbose_name_plural), model._meta.model_name
    names = {"one": one.replace(" ", "_"), "many": many.replace(" ", "_")}
    base: dict[str, Any] = {"module": model.module, "record": record}
    serializer = viewset.serializer_class.prototype()
    by_id = object_of({"id": ID}, ["id"])
    change = schema_of(serializer, partial=True)
    yield Tool(f"search_{names['many']}", f"Find {many} by words and filters.", kind="read", parameters=search_schema(viewset),
               view_action="list", **base)  # fmt: skip
    yield Tool(f"summarize_{names['many']}", f"Count {many}, and sum their numbers, in all or by group.", kind="read",
               parameters=summary_schema(viewset), view_action="summary", **base)  # fmt: skip
    yield Tool(f"get_{names['one']}", f"All fields of one {one}.", kind="read", parameters=by_id, view_action="retrieve", **base)
    yield Tool(f"{names['one']}_history", f"Who changed what of one {one}, newest first.", kind="read", parameters=by_id,
               view_action="history", **base)  # fmt: skip
    yield Tool(f"create_{names['one']}", f"Add a {one}.", kind="write", parameters=schema_of(serializer), action="create",
               view_action="create", method="post", **base)  # fmt: skip
    yield Tool(f"update_{names['one']}_data", f"Change fields of one {one}: only those that are given.", kind="write",
               parameters=object_of({"id": ID, **change["properties"]}, ["id"]), action="edit", view_action="partial_update",
               method="patch", **base)  # fmt: skip
    yield Tool(f"delete_{names['one']}", f"Move one {one} to the bin.", kind="delete", parameters=by_id, action="delete",
               view_action="destroy", method="delete", **base)  # fmt: skip
    for action in viewset.get_extra_actions():
        method = next((method for method in ("post", "put", "patch") if method in action.mapping), None)
        if method and action.__name__ not in LEFT_OUT:
            yield tool_of_action(viewset, action, method, names, base)


def tool_of_action(viewset: Any, action: Any, method: str, names: dict[str, str], base: dict[str, Any]) -> Tool:
    """What a service offers, behind an endpoint of its own."""
    of_one = action.detail or "pk" in action.url_path
    name = NAMES.get(action.__name__, f"{action.__name__}_{{{'one' if of_one else 'many'}}}").format(**names)
    schema = request_schema(viewset, action, method)
    if of_one:
        schema = object_of({"id": ID, **schema["properties"]}, ["id", *schema["required"]])
    needed = {"restore": "delete", **dict.fromkeys(HANGS, "view")}.get(action.__name__, "edit")
    about = action.kwargs.get("description") or (action.__doc__ or "").strip().split("\n")[0]
    about = HANGS.get(action.__name__, about)
    kind = "write" if of_one else "bulk"
    return Tool(name, about, kind=kind, parameters=schema, action=needed, view_action=action.__name__, method=method, **base)


def request_schema(viewset: Any, action: Any, method: str) -> dict[str, Any]:
    """What an endpoint takes, by what is declared of it for the documentation."""
    view = viewset(request=None, format_kwarg=None, action=action.__name__, kwargs={})
    for name, value in action.kwargs.items():
        if name != "schema":
            setattr(view, name, value)
    schema: Any = action.kwargs["schema"]() if "schema" in action.kwargs else APIView.schema
    schema.view, schema.method, schema.path, schema.path_prefix = view, method.upper(), "/", ""
    serializer = schema.get_request_serializer()
    if serializer is None or serializer is viewset.serializer_class:
        return object_of({})
    return schema_of(serializer(context={"prototype": True}) if isinstance(serializer, type) else serializer)


def search_schema(viewset: Any) -> dict[str, Any]:
    orders = sorted(viewset.orders())
    return object_of(
        {
            "search": {"type": "string", "description": "Words, or their beginnings, that must all occur"},
            "filters": filters_schema(viewset),
            "ordering": {"type": "string", "enum": [*orders, *(f"-{name}" for name in orders)]},
            "limit": {"type": "integer", "minimum": 1, "maximum": MAX_FOUND, "default": FOUND},
        }
    )


def summary_schema(viewset: Any) -> dict[str, Any]:
    return object_of(
        {
            "search": {"type": "string"},
            "filters": filters_schema(viewset),
            "sum": {"type": "array", "items": {"type": "string", "enum": viewset.sums()}},
            "group_by": {"type": "string", "enum": list(viewset.groups())},
        }
    )


def filters_schema(viewset: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "description": "Exact values or ranges, as {name: value}. Names: " + ", ".join(viewset.filters()),
        "additionalProperties": {"type": ["string", "number", "boolean"]},
    }


def call_tool(profile: Any, name: str, arguments: Any) -> Any:
    """Run a tool for a person, inside the scope of their org. Returns what JSON can say; raises ToolError.

    A refused call leaves nothing behind.
    """
    tool = all_tools().get(name)
    if tool is None:
        raise ToolError(f'There is no tool "{name[:100]}".')
    if profile.scope_for(tool.module, tool.action) == "none":
        raise ToolError(f"Your role may not {tool.action} {tool.module}.")
    if not isinstance(arguments, dict):
        raise ToolError("The arguments must be a JSON object.")
    if unknown := sorted(map(str, arguments.keys() - tool.parameters["properties"].keys())):
        raise ToolError(f'{name} takes no "{unknown[0][:100]}".', {unknown[0]: ["Unknown argument."]})
    if missing := [key for key in tool.parameters["required"] if key not in arguments and key == "id"]:
        raise ToolError(f'{name} needs "{missing[0]}".', {missing[0]: ["This field is required."]})
    values = dict(arguments)
    pk = as_id(values.pop("id")) if "id" in tool.parameters["properties"] else None
    if tool.view_action == "list":
        values["limit"] = min(as_count(values.get("limit", FOUND)), MAX_FOUND)
    return run_action(profile, tool.viewset, tool.view_action, pk, values, method=tool.method)


METHODS = {"destroy": "delete", "partial_update": "patch", "restore": "post"}


def run_action(profile: Any, viewset: Any, action: str, pk: Any = None, values: Any = None, *, method: str = "") -> Any:
    """What a viewset's action answers, as over the API. Raises ToolError; a refusal leaves nothing behind."""
    method = method or METHODS[action]
    query = as_query(values or {}) if method == "get" else ""
    request = request_of(profile, method, query, None if method == "get" else values or {})
    with transaction.atomic():
        response = view_of(viewset, action, method)(request, **({"pk": pk} if pk else {})).render()
        if response.status_code >= 400:
            transaction.set_rollback(True)
    answer = orjson.loads(response.content) if response.content else {"done": True}
    if response.status_code >= 400:
        raise ToolError(str(answer.get("error", "Refused.")), answer.get("details"), response.status_code)
    return answer


@cache
def view_of(viewset: Any, action: str, method: str) -> Callable[..., Any]:
    return viewset.as_view({method: action}, **getattr(getattr(viewset, action), "kwargs", {}))  # type: ignore[no-any-return]


def as_count(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ToolError("limit must be a whole number from 1.", {"limit": ["A whole number from 1 is required."]})
    return value


def as_id(value: Any) -> UUID:
    try:
        return UUID(str(value))
    except ValueError:
        raise ToolError(NOT_FOUND, {"id": ["Not an id."]}, 404) from None


def as_query(values: dict[str, Any]) -> str:
    filters = values.pop("filters", None) or {}
    if not isinstance(filters, dict):
        raise ToolError("filters must be an object of names and values.")
    if isinstance(values.get("sum"), list):
        values["sum"] = ",".join(map(str, values["sum"]))
    parameters = {**filters, **values}
    return urlencode({name: text_of(value) for name, value in parameters.items() if value is not None})


def text_of(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(text_of, value)) if isinstance(value, list) else str(value)


def request_of(profile: Any, method: str, query: str, body: Any) -> Any:
    """A request as the middleware hands it to a view, with the caller known."""
    raw = b"" if body is None else orjson.dumps(body)
    request: Any = WSGIRequest(
        {
            "REQUEST_METHOD": method.upper(), "PATH_INFO": "/", "QUERY_STRING": query, "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(raw)), "SERVER_NAME": "assistant", "SERVER_PORT": "80", "wsgi.input": io.BytesIO(raw),
            "wsgi.url_scheme": "http", "HTTP_ACCEPT": "application/json",
        }
    )  # fmt: skip
    request.get_host = lambda: "assistant"  # nobody named it, so it need not be allowed
    request.profile, request.bearer_user = profile, profile.user
    request.bearer_claims, request.bearer_error, request.request_id = {}, None, ""
    return request
