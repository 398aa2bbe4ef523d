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
from rest_framework.parsers import MultiPartParser

from common.api.errors import NOT_FOUND
from common.records.everything import SearchView
from common.records.tenant_views import TOOLED
from common.records.views import VIEWSETS

from .arguments import FOUND, ID, MAX_FOUND, gives_files, query_schema, request_schema, standard_schema
from .schemas import object_of

KINDS = ("read", "write", "delete", "bulk")
#: Actions that are no tools of their own: the board is what searching by status gives. Nor are files: they are not for models.
LEFT_OUT = ("board", "bin", "summary", "history")
#: What a tool is called for models, where it is not "<action>_<record>"; a viewset's ``tool_names`` go first.
NAMES = {
    "comment": "comment_on_{one}",
    "log_interaction": "log_interaction_on_{one}",
    "move": "update_{one}_status",
}
#: What hangs something on a record that one may see, and what models are told of it: those endpoints list, too.
HANGS = {
    "comment": "Comment on {one}.",
    "log_interaction": "Log a call, meeting, mail, note or message on the timeline of {one}.",
}
#: What every viewset does, where it does it: (name, what models are told, kind, what a role must allow, action, method).
STANDARD = (
    ("search_{many}", "Find {plural} by words and filters.", "read", "view", "list", "get"),
    ("summarize_{many}", "Count {plural}, and sum their numbers, in all or by group.", "read", "view", "summary", "get"),
    ("get_{one}", "All fields of one {single}.", "read", "view", "retrieve", "get"),
    ("{one}_history", "Who changed what of one {single}, newest first.", "read", "view", "history", "get"),
    ("create_{one}", "Add {a_single}.", "write", "create", "create", "post"),
    (
        "update_{one}_data",
        "Change fields of one {single}: only those that are given.",
        "write",
        "edit",
        "partial_update",
        "patch",
    ),
    ("delete_{one}", "{delete} one {single}{bin}.", "delete", "delete", "destroy", "delete"),
)


class ToolError(Exception):
    """A refusal, in words for people. ``details`` names the arguments at fault."""

    def __init__(self, message: str, details: Any = None, code: int = 400):
        super().__init__(message)
        self.message, self.details, self.code = message, details or {}, code


@dataclass(frozen=True)
class Tool:
    """``kind`` is read, write, delete or bulk; ``action`` what the caller's role must allow on ``module``.

    ``record`` is the model's name; "" where a tool is of no record type.
    """

    name: str
    description: str
    module: str
    kind: str
    parameters: dict[str, Any] = field(repr=False)
    viewset: Any = field(repr=False)
    record: str = ""
    action: str = "view"
    view_action: str = ""
    method: str = "get"

    def is_for(self, profile: Any) -> bool:
        """Whether a person's role allows it at all."""
        return not self.module or self.viewset.is_everyones or profile.scope_for(self.module, self.action) != "none"


def all_tools() -> dict[str, Tool]:
    """Every tool, by its name."""
    get_resolver().url_patterns  # noqa: B018 -- imports the viewsets, in a worker too
    return _tools_of((*VIEWSETS.values(), *TOOLED))


@cache
def _tools_of(viewsets: tuple[Any, ...]) -> dict[str, Tool]:
    tools = [*search_tools(), *(tool for viewset in viewsets for tool in tools_of(viewset))]
    return {tool.name: tool for tool in tools}


def tools_for(profile: Any, modules: Any = None) -> list[Tool]:
    """The tools that a person's role allows at all, of ``modules`` and of no module, or of every one."""
    return [tool for tool in all_tools().values() if (modules is None or tool.module in ("", *modules)) and tool.is_for(profile)]


def search_tools() -> Iterator[Tool]:
    """Search over everything, for who does not know what kind of record it is."""
    about = "Find records of every type at once, by words: when it is not said what kind of record a name belongs to."
    yield Tool("search_everything", about, "", "read", query_schema(SearchView, SearchView.get), SearchView)


def tools_of(viewset: Any) -> Iterator[Tool]:
    """The tools of one module."""
    model = viewset.queryset.model
    single, plural = str(model._meta.verbose_name), str(model._meta.verbose_name_plural)
    names = {"one": single.replace(" ", "_"), "many": plural.replace(" ", "_"), "single": single, "plural": plural}
    names["a_single"] = f"{'an' if single[0] in 'aeio' else 'a'} {single}"
    names |= {"delete": "Move", "bin": " to the bin"} if hasattr(model, "deleted_at") else {"delete": "Delete", "bin": ""}
    base: dict[str, Any] = {"module": viewset.module_name(), "record": model._meta.model_name, "viewset": viewset}
    for name, about, kind, needed, action, method in STANDARD:
        if getattr(viewset, action, None) and method in viewset.http_method_names:
            yield Tool(name.format(**names), about.format(**names), kind=kind, parameters=standard_schema(viewset, action),
                       action=needed, view_action=action, method=method, **base)  # fmt: skip
    for action in viewset.get_extra_actions():
        is_none = action.__name__ in LEFT_OUT or viewset.tool_names.get(action.__name__) == "" or gives_files(viewset, action)
        if not is_none and (tool := tool_of_action(viewset, action, names, base)):
            yield tool


def tool_of_action(viewset: Any, action: Any, names: dict[str, str], base: dict[str, Any]) -> Tool | None:
    """What a service or a view of its own offers, behind an endpoint of its own; None where it takes files."""
    method = next((method for method in ("post", "put", "patch") if method in action.mapping), "get")
    if method != "get" and action.kwargs.get("parser_classes") == [MultiPartParser]:
        method = "get"
    if method not in action.mapping or (method == "get" and action.__name__ == "attachment"):
        return None  # a record's files are in its timeline
    of_one = action.detail or "pk" in action.url_path
    which = "one" if of_one else "many"
    usual = f"{{{which}}}_{action.__name__}" if method == "get" else f"{action.__name__}_{{{which}}}"
    name = (NAMES | viewset.tool_names).get(action.__name__, usual)
    schema = query_schema(viewset, action) if method == "get" else request_schema(viewset, action, method)
    if of_one:
        schema = object_of({"id": ID, **schema["properties"]}, ["id", *schema["required"]])
    needed = {"restore": "delete", **dict.fromkeys(HANGS, "view")}.get(action.__name__, "edit")
    about = action.kwargs.get("description") or (action.__doc__ or "").strip().split("\n")[0]
    about = HANGS[action.__name__].format(one=names["a_single"]) if action.__name__ in HANGS else about
    kind = "read" if method == "get" else "write" if of_one else "bulk"
    return Tool(name.format(**names), about, kind=kind, parameters=schema, action="view" if kind == "read" else needed,
                view_action=action.__name__, method=method, **base)  # fmt: skip


def call_tool(profile: Any, name: str, arguments: Any) -> Any:
    """Run a tool for a person, inside the scope of their org. Returns what JSON can say; raises ToolError.

    A refused call leaves nothing behind.
    """
    tool = all_tools().get(name)
    if tool is None:
        raise ToolError(f'There is no tool "{name[:100]}".')
    if not tool.is_for(profile):
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
    if not action:
        return viewset.as_view()  # type: ignore[no-any-return]
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
