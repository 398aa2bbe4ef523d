"""What Sentry is told of an error: where and what, and nothing that signs anybody in or is somebody's."""

import re
from typing import Any

#: All others go: Authorization and Cookie, and Referer, which may be the page behind a mailed link.
KEPT_HEADERS = {"accept", "content-length", "content-type", "host", "user-agent", "x-request-id"}
#: A query string, wherever in a text; and the line in which PostgreSQL quotes the row.
SECRET = re.compile(r"\?[\w.%\[\]-]+=[^\s\"'<>]*|\nDETAIL:.*", re.DOTALL)


def without_secrets(event: Any, hint: Any = None) -> Any:
    """For ``before_send``. Tokens of mailed links stand in query strings; texts of log lines and errors may hold such links."""
    if request := event.get("request"):
        headers = request.get("headers") or {}
        kept = {name: value for name, value in headers.items() if name.lower() in KEPT_HEADERS}
        event["request"] = {"method": request.get("method"), "url": request.get("url", "").partition("?")[0], "headers": kept}
    return cleaned(event)


def cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return SECRET.sub("", value)
    if isinstance(value, dict):
        return {key: cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(item) for item in value]
    return value
