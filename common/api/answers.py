"""What all endpoints answer with, as OpenAPI describes it: the list envelope, and the one error shape."""

from typing import Any

import inflection
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent

from .errors import CODES
from .pages import COUNT_CAP

#: When each refusal comes, its message in the example, and the headers that it has.
REFUSALS: dict[int, tuple[str, str, dict[str, str]]] = {
    400: ("A value, a field or a parameter is not valid. `details` names each.", "name: This field is required.", {}),
    401: (
        "There is no valid access token.",
        "A bearer token is needed: Authorization: Bearer <token>.",
        {"WWW-Authenticate": "Bearer"},
    ),
    403: ("Your role does not allow it, or you are not a member of the organization.", "You may not do this.", {}),
    404: ("There is no such record, as far as you may see.", "Not found.", {}),
    409: ("A record with these values exists already.", "A record with these values exists already.", {}),
    412: ("The record is not in the version of If-Match any more.", "The record was changed since you read it.", {}),
    413: ("The body is too large.", "The request is too large.", {}),
    415: ("The body is of another media type.", 'Unsupported media type "text/plain" in request.', {}),
    429: ("Too many tries. Wait for `Retry-After` seconds.", "Request was throttled.", {"Retry-After": "Seconds to wait"}),
    503: (
        "The database is not reachable.",
        "The database is not reachable. Try again in a moment.",
        {"Retry-After": "Seconds to wait"},
    ),
}
THROTTLED = REFUSALS[429][0]
ERROR = {
    "type": "object",
    "description": "What every refusal looks like, whatever went wrong.",
    "properties": {
        "error": {"type": "string", "description": "What went wrong, for people"},
        "code": {"type": "string", "enum": sorted({*CODES.values(), "error"}), "description": "What went wrong, for programs"},
        "details": {
            "type": "object",
            "additionalProperties": {},
            "description": "The messages for each field or parameter that is at fault",
        },
        "request_id": {"type": "string", "description": "Names the request to whoever runs the platform"},
    },
    "required": ["error", "code", "details", "request_id"],
}
REQUEST_ID = "b1946ac92492d2347c6235b4d2611184"


def refusal(registry: ComponentRegistry, code: int, text: str | None = None) -> dict[str, Any]:
    """The answer of a status: a component of the document, or with ``text`` one of the operation's own."""
    registry.register_on_missing(ResolvedComponent("Error", ResolvedComponent.SCHEMA, ERROR, "Error"))
    usual, message, headers = REFUSALS[code]
    details = {"name": ["This field is required."]} if code == 400 else {}
    value = {"error": message, "code": CODES[code], "details": details, "request_id": REQUEST_ID}
    media_type = {"schema": {"$ref": "#/components/schemas/Error"}}
    if text and text != usual:
        return {"description": text, "content": {"application/json": media_type}}
    answer = {
        "description": usual,
        "content": {"application/json": {**media_type, "example": value}},
        "headers": {name: {"schema": {"type": "string"}, "description": about} for name, about in headers.items()},
    }
    component = ResolvedComponent(inflection.camelize(CODES[code]), ResolvedComponent.RESPONSE, answer, code)
    registry.register_on_missing(component)
    return component.ref


class Envelope:
    """The list envelope, where drf-spectacular asks a paginator for it."""

    def get_paginated_response_schema(self, rows: Any) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "properties": {
                "count": {
                    "type": "integer",
                    "minimum": 0,
                    "maximum": COUNT_CAP,
                    "description": f"{COUNT_CAP:,} means more than {COUNT_CAP - 1:,}. Absent with `cursor` or `count=none`.",
                    "example": 1,
                },
                "next": {**link, "description": "The next page", "example": None},
                "previous": {**link, "description": "The page before", "example": None},
                "results": rows,
            },
            "required": ["next", "previous", "results"],
        }


SAMPLES = {"uuid": "0192d3c0-5a00-7d3e-8f5b-3c1e2a4b6d80", "date-time": "2026-05-04T09:30:00.000000Z", "date": "2026-05-04"}


def sample(schema: dict[str, Any]) -> Any:
    """A value that fits a property, for examples: nothing where that is allowed."""
    if "default" in schema:
        return schema["default"]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "string")
    if isinstance(kind, list):
        return None
    if schema.get("format") in SAMPLES:
        return SAMPLES[schema["format"]]
    least = schema.get("minimum", 0)
    return {"array": [], "object": {}, "integer": least, "number": least, "boolean": False}.get(kind, "")
