"""Log lines that say for which request, org and person they were written."""

import logging
from typing import Any

import orjson

from common.tenancy import current


class ScopeFilter(logging.Filter):
    def filter(self, record: Any) -> bool:
        scope = current()
        request = getattr(record, "request", None)  # Django logs refusals after the middleware, so after the scope
        record.request_id = scope.request_id or getattr(request, "request_id", "-")
        record.org = str(scope.org_id or "")
        record.actor = str(scope.profile_id or scope.user_id or "")
        return True


class JSONFormatter(logging.Formatter):
    """One JSON object a line. Local variables are never printed: they hold people's data."""

    def format(self, record: Any) -> str:
        entry = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", "-"),
            "org": getattr(record, "org", ""),
            "actor": getattr(record, "actor", ""),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(entry).decode()
