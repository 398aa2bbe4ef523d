"""The one error shape: ``{"error", "code", "details", "request_id"}``, whatever went wrong and wherever."""

import logging
import math
import re
import sys
from typing import Any

import orjson
from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error

from common.tenancy import current

logger = logging.getLogger(__name__)

NOT_FOUND = "Not found."
SERVER_ERROR = "Something went wrong on our side."
NOT_REACHABLE = "The database is not reachable. Try again in a moment."
CODES = {
    400: "invalid",
    401: "not_authenticated",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    412: "precondition_failed",
    413: "too_large",
    415: "unsupported_media_type",
    429: "throttled",
    500: "server_error",
    503: "unavailable",
}
#: What a constraint's refusal means to a client, by SQLSTATE (shards change the constraint's name, so it is not shown).
CONSTRAINTS = {
    "23505": (409, "A record with these values exists already."),
    "23503": (400, "A record that this one refers to does not exist, or is still in use."),
    "23514": (400, "A value is outside its allowed range."),
    "23502": (400, "A required value is missing."),
    "42501": (404, NOT_FOUND),
    "40001": (409, "Somebody changed this at the same moment. Try again."),
    "40P01": (409, "Somebody changed this at the same moment. Try again."),
}
API_PATH = re.compile(r"^/(api|leads|chat|test|schema)(/|$)")


class Conflict(exceptions.APIException):
    status_code = status.HTTP_409_CONFLICT
    default_detail = "This conflicts with the record's state."


class PreconditionFailed(exceptions.APIException):
    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = "The record was changed since you read it."


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The request is too large."


def body(code: int, message: str, details: Any = None) -> dict[str, Any]:
    return {"error": message, "code": CODES.get(code, "error"), "details": details or {}, "request_id": current().request_id}


def summary(details: Any) -> str:
    """One sentence out of a serializer's errors, naming the field."""
    if isinstance(details, dict) and details:
        field, messages = next(iter(details.items()))
        inner = summary(messages)
        return inner if field == "non_field_errors" else f"{field}: {inner}"
    if isinstance(details, (list, tuple)) and details:
        return summary(next((entry for entry in details if entry), ""))
    return str(details)


def _from_database(error: DatabaseError | InterfaceError) -> tuple[int, str]:
    code = getattr(error.__cause__, "pgcode", None) or ""
    if code in CONSTRAINTS:
        return CONSTRAINTS[code]
    if code.startswith("22"):
        return 400, "A value cannot be stored."
    lost = type(error) is DatabaseError and not code  # so psycopg2 calls it when the server goes away in the middle of an answer
    if lost or isinstance(error, (OperationalError, InterfaceError)):
        connection.close()
        return 503, NOT_REACHABLE
    logger.exception("database error")
    return 500, SERVER_ERROR


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Django REST Framework's hook. None leaves the error to server_error()."""
    headers = {}
    details: Any = None
    if isinstance(error, ValidationError):
        error = exceptions.ValidationError(as_serializer_error(error))
    if isinstance(error, exceptions.ValidationError):
        code, details = 400, error.detail
        details = details if isinstance(details, dict) else {"non_field_errors": details}
        message = summary(details)
    elif isinstance(error, exceptions.APIException):
        code, message = error.status_code, str(error.detail)
        if wait := getattr(error, "wait", None):
            headers["Retry-After"] = str(math.ceil(wait))
        if code == 401:
            headers["WWW-Authenticate"] = "Bearer"
    elif isinstance(error, Http404):
        code, message = 404, NOT_FOUND
    elif isinstance(error, PermissionDenied):
        code, message = 403, str(error) or "You may not do this."
    elif isinstance(error, RequestDataTooBig):
        code, message = 413, "The request is too large."
    elif isinstance(error, (DatabaseError, InterfaceError)):
        code, message = _from_database(error)
        if code == 503:
            headers["Retry-After"] = "1"
    else:
        return None
    if code == 405:
        headers["Allow"] = ", ".join(context["view"].allowed_methods)
    return Response(body(code, message, details), status=code, headers=headers)


def json_or_page(request: HttpRequest, code: int, message: str, details: Any = None) -> HttpResponse:
    """An error outside Django REST Framework: the one shape for programs, a page for people."""
    if API_PATH.match(request.path) or "application/json" in request.headers.get("Accept", ""):
        return HttpResponse(orjson.dumps(body(code, message, details)), status=code, content_type="application/json")
    return render(request, "error.html", {"code": code, "message": message, "request_id": current().request_id}, status=code)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return json_or_page(request, 413, "The request is too large.")
    return json_or_page(request, 400, "The request could not be understood.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return json_or_page(request, 403, str(exception) or "You may not do this.")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return json_or_page(request, 404, NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    """What nobody handled, outside Django REST Framework: at the commit, for one. A database that is away is no fault of ours."""
    error, code, message = sys.exc_info()[1], 500, SERVER_ERROR
    if isinstance(error, (DatabaseError, InterfaceError)):
        code, message = _from_database(error)
    response = json_or_page(request, code, message)
    if code == 503:
        response.headers["Retry-After"] = "1"
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return json_or_page(request, 403, "This form has expired. Go back, reload the page and try again.")
