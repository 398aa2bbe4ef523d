"""One person's requests to the product, in process: the view alone, or all of Django with its middleware."""

import io
from typing import Any

import orjson
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.db import connection, transaction
from django.urls import resolve

from common.middleware.get_company import SAFE_METHODS, GetProfileAndOrg
from common.people.authentication import find_member
from common.people.tokens import _checked, read_token, start_session, token_pair

from .timing import Prepare

HOST = "testserver"


class Caller:
    """A signed-in person. Every call answers with the body, and raises when the status is not one of success."""

    def __init__(self, user_id: Any, org_id: Any):
        profile = find_member(user_id, org_id)
        assert profile is not None
        self.profile = profile
        self.session = start_session(profile.user)
        self.token = token_pair(self.session, profile.org)["access_token"]
        self.claims = read_token(self.token, "access")
        self.handler = WSGIHandler()
        self.middleware = GetProfileAndOrg(lambda request: None)  # type: ignore[arg-type,return-value]

    def environ(self, method: str, url: str, body: Any = None) -> dict[str, Any]:
        path, _, query = url.partition("?")
        raw = b"" if body is None else orjson.dumps(body)
        return {
            "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "SCRIPT_NAME": "", "SERVER_NAME": HOST,
            "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": HOST,
            "HTTP_AUTHORIZATION": f"Bearer {self.token}", "HTTP_ACCEPT": "application/json", "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(raw)), "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(raw),
            "wsgi.errors": io.StringIO(), "wsgi.multithread": False, "wsgi.multiprocess": True, "wsgi.run_once": False,
        }  # fmt: skip

    def view(self, method: str, url: str, body: Any = None) -> Any:
        """Calls the view with the profile already found; inside a transaction where the middleware would open one."""
        match = resolve(url.partition("?")[0])
        request: Any = WSGIRequest(self.environ(method, url, body))
        request.profile, request.bearer_user = self.profile, self.profile.user
        request.bearer_claims, request.bearer_error = self.claims, None

        def call() -> bytes:
            response = match.func(request, *match.args, **match.kwargs)
            response = response.render() if hasattr(response, "render") else response  # a file is ready
            if response.status_code >= 400:
                raise RuntimeError(f"{method} {url}: {response.status_code} {response.content[:500]!r}")
            return bytes(response.content)

        def in_transaction() -> bytes:
            with transaction.atomic():
                return call()

        return call if method in SAFE_METHODS else in_transaction

    def whole(self, method: str, url: str, body: Any = None) -> Any:
        """Calls the WSGI application, as a server would."""
        environ = self.environ(method, url, body)
        status: list[str] = []

        def call() -> bytes:
            response = self.handler(environ, lambda line, headers, error=None: status.append(line))
            content = b"".join(response)
            response.close()
            if status[0] >= "4":
                raise RuntimeError(f"{method} {url}: {status[0]} {content[:500]!r}")
            return content

        return call

    def who(self, *, forget_token: bool = False) -> Prepare:
        """What the middleware does to learn who calls and in which org, and to open the scope."""

        def prepare() -> Any:
            request: Any = WSGIRequest(self.environ("GET", "/api/v1/leads/"))
            request.profile = request.bearer_user = request.bearer_claims = request.bearer_error = None
            if forget_token:
                _checked.cache_clear()

            def call() -> None:
                with self.middleware.scope_of(request):
                    pass

            return call

        return prepare

    def statements(self, call: Any) -> list[tuple[str, Any]]:
        """The SQL of a call, with its parameters."""
        seen: list[tuple[str, Any]] = []

        def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            seen.append((sql, params))
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            call()
        return seen

    def leave(self) -> None:
        self.session.delete()
