"""The benchmark's own database, and how to reach it: as the app, as its owner, as an administrator."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from common.tenancy.owner import owner_connection
from common.tenancy.roles import APP, OWNER, bootstrap
from common.testing.administrator import administrator

#: Only a database of such a name is ever dropped.
PREFIX = "bench_"


def passwords() -> dict[str, str]:
    """Passwords that the settings name: the roles of a server that is not ours must keep them."""
    named = {APP: connection.settings_dict["PASSWORD"], OWNER: settings.DATABASE_OWNER.get("PASSWORD", "")}
    return {role: password for role, password in named.items() if password}


def use(name: str) -> None:
    """Point Django at the database ``name`` of the same server."""
    if not name.startswith(PREFIX):
        raise SystemExit(
            f'The database\'s name must start with "{PREFIX}": it is dropped when its rows are not of the asked size.'
        )
    settings.DATABASE_OWNER = {key: value for key, value in settings.DATABASE_OWNER.items() if key != "NAME"}
    connection.close()
    connection.settings_dict["NAME"] = name


def parameters(**more: Any) -> dict[str, Any]:
    """What psycopg2.connect() takes to reach the database without Django; as the app, unless ``more`` says otherwise."""
    wanted = connection.get_connection_params()
    plain = {key: wanted[key] for key in ("dbname", "user", "password", "host", "port") if wanted.get(key)}
    return plain | more


def connect_as_owner() -> Any:
    owner = {"user": settings.DATABASE_OWNER.get("USER"), "password": settings.DATABASE_OWNER.get("PASSWORD")}
    opened = psycopg2.connect(**parameters(**{key: value for key, value in owner.items() if value}))
    opened.autocommit = True
    return opened


def schema_digest(statement: str) -> str:
    """Changes when the migrations do, or the statement that makes the rows: then they are made anew."""
    digest = hashlib.sha256(statement.encode())
    tenancy = Path(settings.BASE_DIR) / "common" / "tenancy"
    migrations = sorted(Path(settings.BASE_DIR).glob("*/migrations/**/*"))
    for path in [*migrations, tenancy / "constraints.py", tenancy / "fields.py"]:
        if path.suffix in (".py", ".sql"):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@contextmanager
def _server() -> Iterator[Any]:
    opened = psycopg2.connect(**administrator())
    opened.autocommit = True
    try:
        with opened.cursor() as cursor:
            yield cursor
    finally:
        opened.close()


def contents() -> dict[str, Any]:
    """What the last seeding noted about the database: its size, schema and time. Empty when there is none."""
    with _server() as cursor:
        cursor.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [connection.settings_dict["NAME"]]
        )
        row = cursor.fetchone()
    return dict(json.loads(row[0])) if row and row[0] else {}


def note(**facts: Any) -> None:
    with _server() as cursor:
        cursor.execute(f'COMMENT ON DATABASE "{connection.settings_dict["NAME"]}" IS %s', [json.dumps(facts)])


def drop() -> None:
    connection.close()
    with _server() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{connection.settings_dict["NAME"]}" WITH (FORCE)')


def make() -> None:
    """An empty database with today's schema."""
    drop()
    bootstrap(administrator(), connection.settings_dict["NAME"], passwords())
    call_command("migrate", verbosity=0)


__all__ = ["owner_connection"]
