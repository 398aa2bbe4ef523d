"""A server process of its own, and what it takes to start one on a database of tests."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings
from django.db import connection

from common.people.models import Profile
from common.people.tokens import start_session, token_pair
from common.tenancy import embedded
from common.tenancy.roles import OWNER

from .committed import CommittedTestCase

PATIENCE = 60  # seconds
OTHER_DATABASE = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "CELERY_BROKER_URL", "SMTP_HOST", "MAIL_BACKEND")
GRANIAN = ["-m", "granian", "--interface", "asgi", "--no-ws", "--log-level", "error", "--workers-kill-timeout", "2"]


def wait_for(question: Any, what: str) -> Any:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if answer := question():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"Waited {PATIENCE} seconds for {what}.")


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(database: str, port: int, home: Path) -> dict[str, str]:
    reached = connection.settings_dict
    host = embedded.socket_directory() if "embedded" in reached["OPTIONS"] else reached["HOST"]
    values = {name: value for name, value in os.environ.items() if name not in OTHER_DATABASE}
    return values | {
        "DBNAME": database,
        "DBUSER": reached["USER"],
        "DBPASSWORD": reached["PASSWORD"],
        "DBHOST": host,
        "DBPORT": str(reached["PORT"] or ""),
        "DATABASE_OWNER_URL": f"postgres://{OWNER}@/{database}",
        "PORT": str(port),
        "DOMAIN_NAME": f"http://127.0.0.1:{port}",
        "ATRIUM_HOME": str(home),
    }


def answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=5) as response:
            return response.status == 200
    except (URLError, OSError):
        return False


@contextmanager
def live_server() -> Iterator[str]:
    """The address of a server of streams, MCP and all the rest, on the database of the tests."""
    with TemporaryDirectory() as home:
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        given = {**environment(connection.settings_dict["NAME"], port, Path(home)), "SECRET_KEY": settings.SECRET_KEY}
        process = subprocess.Popen(
            [sys.executable, *GRANIAN, "--port", str(port), "crm.asgi:application"], cwd=settings.BASE_DIR, env=given
        )
        try:
            wait_for(lambda: answers(f"{address}/test/") or process.poll() is not None, "the server")
            assert process.poll() is None
            yield address
        finally:
            process.terminate()
            process.wait(15)


class LiveTestCase(CommittedTestCase):
    """The cast, in a database that a server of ``self.address`` serves."""

    address: str

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.address = cls.enterClassContext(live_server())

    @staticmethod
    def bearer(profile: Profile, **headers: str) -> dict[str, str]:
        pair = token_pair(start_session(profile.user), profile.org)
        return {"Authorization": f"Bearer {pair['access_token']}", **headers}

    def key(self, profile: Profile, *scopes: str) -> dict[str, str]:
        made = self.client_of(profile).post("/api/v1/api-keys/", {"name": "A program", "scopes": scopes or ["read", "write"]})
        assert made.status_code == 201, made.content
        return {"Authorization": f"Bearer {made.json()['key']}"}
