"""The role that owns the tables: it makes and changes them, and nothing else runs as it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection

from .scope import all_orgs


@contextmanager
def owner_connection() -> Iterator[Any]:
    """Connect as the owner, without a scope in the database, for migrations and tests."""
    kept = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict |= settings.DATABASE_OWNER
    connection.settings_dict["OPTIONS"] = {**kept.get("OPTIONS", {}), "scoped": False}
    try:
        with all_orgs():
            yield connection
    finally:
        connection.close()
        connection.settings_dict.clear()
        connection.settings_dict.update(kept)
