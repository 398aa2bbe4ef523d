"""OpenAPI: what the viewsets declare, plus the parameters and error answers that all of them share."""

from typing import Any

from drf_spectacular.openapi import AutoSchema


class AtriumSchema(AutoSchema):
    pass


def only_versioned_paths(endpoints: Any) -> Any:
    """/api/ is the same URL set as /api/v1/: it is shown once."""
    return [entry for entry in endpoints if not (entry[0].startswith("/api/") and not entry[0].startswith("/api/v1/"))]
