"""What each tool takes, as JSON Schema: read off its endpoint, as the documentation is."""

from typing import Any

from drf_spectacular.plumbing import build_basic_type
from rest_framework.views import APIView

from common.records.views import VIEWSETS

from .schemas import object_of, schema_of

ID = {"type": "string", "format": "uuid", "description": "The record's id, as a search gave it"}
VIEW = {"type": "string", "format": "uuid", "description": "A saved view, whose filters then hold too"}
MAX_FOUND, FOUND = 50, 10


def standard_schema(viewset: Any, action: str) -> dict[str, Any]:
    if action in ("list", "summary"):
        return search_schema(viewset) if action == "list" else summary_schema(viewset)
    serializer = viewset.serializer_class.prototype()
    if action == "create":
        return schema_of(serializer)
    change = schema_of(serializer, partial=True)["properties"] if action == "partial_update" else {}
    return object_of({"id": ID, **change}, ["id"])


def documentation_of(viewset: Any, action: Any, method: str) -> Any:
    """What is declared of an endpoint for the documentation."""
    kwargs = getattr(action, "kwargs", {})
    view = viewset()
    view.request, view.format_kwarg, view.action, view.kwargs = None, None, action.__name__, {}
    for name, value in kwargs.items():
        if name != "schema":
            setattr(view, name, value)
    schema: Any = kwargs["schema"]() if "schema" in kwargs else APIView.schema
    schema.view, schema.method, schema.path, schema.path_prefix = view, method.upper(), "/", ""
    return schema


def gives_files(viewset: Any, action: Any) -> bool:
    answers = documentation_of(viewset, action, "get").get_response_serializers() if "get" in action.mapping else None
    return isinstance(answers, dict) and any(isinstance(code, tuple) for code in answers)


def request_schema(viewset: Any, action: Any, method: str) -> dict[str, Any]:
    """What an endpoint takes in its body."""
    serializer = documentation_of(viewset, action, method).get_request_serializer()
    if serializer is None or serializer is viewset.serializer_class:
        return object_of({})
    return schema_of(serializer(context={"prototype": True}) if isinstance(serializer, type) else serializer)


def query_schema(viewset: Any, action: Any) -> dict[str, Any]:
    """What an endpoint takes in its query string, with a module's filters in one object."""
    filters = viewset.filters() if hasattr(viewset, "filters") else {}
    given = documentation_of(viewset, action, "get").get_override_parameters()
    given = [entry for entry in given if entry.location == entry.QUERY]
    schema = {entry.name: parameter_schema(entry) for entry in given if entry.name not in filters}
    more = {"filters": filters_schema(viewset)} if len(schema) < len(given) else {}
    return object_of(schema | more, [entry.name for entry in given if entry.required])


def parameter_schema(entry: Any) -> dict[str, Any]:
    schema = dict(entry.type if isinstance(entry.type, dict) else build_basic_type(entry.type) or {"type": "string"})
    schema |= {"enum": list(entry.enum)} if entry.enum else {}
    schema = {"type": "array", "items": schema} if entry.many else schema
    return schema | ({"description": entry.description} if entry.description else {})


def search_schema(viewset: Any) -> dict[str, Any]:
    orders = sorted(viewset.orders())
    words = {"search": {"type": "string", "description": "Words, or their beginnings, that must all occur"}}
    sorting = {"ordering": {"type": "string", "enum": [*orders, *(f"-{name}" for name in orders)]}}
    return object_of(
        {
            **(words if viewset.with_search else {}),
            "filters": filters_schema(viewset),
            **({"view": VIEW} if viewset in VIEWSETS.values() else {}),
            **(sorting if orders else {}),
            "limit": {"type": "integer", "minimum": 1, "maximum": MAX_FOUND, "default": FOUND},
        }
    )


def summary_schema(viewset: Any) -> dict[str, Any]:
    return object_of(
        {
            "search": {"type": "string"},
            "filters": filters_schema(viewset),
            "view": VIEW,
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
