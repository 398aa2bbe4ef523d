"""The Content-Security-Policy of each page: nothing from elsewhere, no inline script but where a tool needs it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

STRICT = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
ENDS = "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
#: The admin's Alpine.js evaluates its attributes and sets styles; Swagger UI and ReDoc set styles, ReDoc starts a worker.
ADMIN = STRICT.replace("script-src 'self'", "script-src 'self' 'unsafe-eval' 'unsafe-inline'").replace(
    "style-src 'self'", "style-src 'self' 'unsafe-inline'"
)
DOCS = STRICT.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'") + "worker-src 'self' blob:; "
POLICIES = {"/admin/": ADMIN, "/swagger-ui/": DOCS, "/docs/": DOCS, "/api/schema/": DOCS}


def policy_for(path: str) -> str:
    return next((policy for start, policy in POLICIES.items() if path.startswith(start)), STRICT) + ENDS


class ContentSecurityPolicy:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", policy_for(request.path_info))
        return response
