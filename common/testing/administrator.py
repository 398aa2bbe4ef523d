"""Who may make and drop the databases of tests and benchmarks."""

import os
from typing import Any

import environ

from common.tenancy import embedded

NAMES = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}


def administrator() -> dict[str, Any]:
    """How to reach the server as one who may make databases: DATABASE_ADMIN_URL, or the embedded server's superuser."""
    url = os.environ.get("DATABASE_ADMIN_URL")
    if not url:
        return {"host": embedded.socket_directory(), "user": "postgres", "dbname": "postgres"}
    parsed = environ.Env.db_url_config(url)
    return {name: parsed[key] for name, key in NAMES.items() if parsed.get(key)}
