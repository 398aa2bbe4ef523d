"""The role that owns the tables: it makes and changes them, and nothing else runs as it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection

from .scope import all_orgs


@contextmanager
def unscoped_connection(**identity: Any) -> Iterator[Any]:
    """Connect without a scope in the database, perhaps as somebody else: before the first migration there is none."""
    kept = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict |= identity
    connection.settings_dict["OPTIONS"] = {**kept.get("OPTIONS", {}), "scoped": False}
    try:
        yield connection
    finally:
        connection.close()
        connection.settings_dict.clear()
        connection.settings_dict.update(kept)


@contextmanager
def owner_connection() -> Iterator[Any]:
    """Connect as the owner, for migrations and tests."""
    with unscoped_connection(**settings.DATABASE_OWNER), all_orgs():
        yield connection
