"""Who may make and drop the databases of tests and benchmarks."""

from typing import Any

from django.conf import settings

from common.tenancy import embedded
from common.tenancy.roles import connection_values


def administrator() -> dict[str, Any]:
    """How to reach the server as one who may make databases: DATABASE_ADMIN_URL, or the embedded server's superuser."""
    if settings.DATABASE_ADMIN_URL:
        return connection_values(settings.DATABASE_ADMIN_URL)
    return {"host": embedded.socket_directory(), "user": "postgres", "dbname": "postgres"}
