"""The test database: migrated once as its owner, then cloned for each worker, and used as the role that serves requests."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from fcntl import LOCK_EX, flock
from functools import cache
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import override_settings

from common.tenancy import embedded
from common.tenancy.roles import OWNER, bootstrap
from common.testing.administrator import administrator
from common.testing.leftovers import left_over
from common.testing.literal_org import demand_literal_org
from crm.celery import app as celery_app


@cache
def migrations_digest() -> str:
    digest = hashlib.sha256()
    for path in sorted(Path(settings.BASE_DIR).glob("*/migrations/**/*")):
        if path.suffix in (".py", ".sql"):
            digest.update(path.read_bytes())
    for name in ("constraints.py", "roles.py", "fields.py", "backend/base.py"):
        digest.update((Path(settings.BASE_DIR) / "common" / "tenancy" / name).read_bytes())
    return digest.hexdigest()[:12]


@contextmanager
def database_named(name: str) -> Iterator[None]:
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.in_atomic_block = False  # a migration that fails may leave it so, and then nobody gets a new connection
        connection.close()


@contextmanager
def databases_locked() -> Iterator[None]:
    """No other test process of this installation makes or drops shared databases meanwhile."""
    settings.ATRIUM_HOME.mkdir(parents=True, exist_ok=True)
    with (settings.ATRIUM_HOME / "test-database.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        yield


def drop_leftovers(server: dict[str, Any], template: str) -> None:
    for name in left_over([name for (name,) in run(server, "SELECT datname FROM pg_database")], template):
        run(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def make_template(server: dict[str, Any], name: str) -> None:
    admin = psycopg2.connect(**server)
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname = %s", [f"{name}_ready"])
        if not cursor.fetchone():
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            bootstrap(server, name)
            with database_named(name):
                call_command("migrate", verbosity=0)
            cursor.execute(f'ALTER DATABASE "{name}" RENAME TO "{name}_ready"')
    admin.close()


@pytest.fixture(scope="session")
def django_db_setup(worker_id: str, django_db_blocker: Any) -> Iterator[None]:
    template = f"test_crm_{migrations_digest()}"
    mine = f"{template}_{worker_id}_{os.getpid()}"
    with django_db_blocker.unblock():
        with databases_locked():
            server = administrator()
            settings.DATABASE_OWNER.pop("NAME", None)  # the owner works on the test database, too
            if "embedded" not in connection.settings_dict["OPTIONS"]:
                connection.settings_dict |= {"HOST": server.get("host", ""), "PORT": server.get("port", "")}
            if embedded.is_used():
                drop_leftovers(server, template)
            make_template(server, template)
            run(server, f'CREATE DATABASE "{mine}" TEMPLATE "{template}_ready" OWNER {OWNER}')
        with database_named(mine):
            yield
        run(server, f'DROP DATABASE "{mine}" WITH (FORCE)')


def run(server: dict[str, Any], statement: str) -> list[Any]:
    """A statement outside a transaction. Returns its rows, if it has any."""
    admin = psycopg2.connect(**server)
    admin.autocommit = True
    with closing(admin), admin.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def pytest_collection_modifyitems(items: list[Any]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("early") is None)


@pytest.fixture(autouse=True)
def literal_org(request: Any) -> Iterator[None]:
    """In every test, a statement on tenant tables without a literal org fails, as it would be slow on a sharded database."""
    if request.node.get_closest_marker("raw_sql"):
        yield
        return
    with connection.execute_wrapper(demand_literal_org):
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """For the whole session: what a class sets up comes before the settings of its tests."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def quick_and_quiet(settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    celery_app.conf.task_always_eager = True  # the app may have read the settings by now
    settings.RATE_LIMIT_FACTOR = 0
    # counts of tries: not shared with the other test processes, as they would be in Redis
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}
