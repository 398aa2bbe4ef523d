"""Every answer carries X-Request-ID, and so does every log line and every change that the request makes."""

import re
import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from common.tenancy.scope import Scope, _entered

WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestId:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if WELL_FORMED.fullmatch(given) else uuid.uuid4().hex
        request.request_id = request_id
        with _entered(Scope(request_id=request_id)):
            response = self.get_response(request)
        response.headers["X-Request-ID"] = request_id
        return response
