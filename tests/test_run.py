"""The real start: `manage.py serve` on a database of its own, with the web server, worker and beat that people get."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import Request, urlopen

import psycopg2
import pytest
from django.conf import settings

from conftest import administrator
from crm import demo

ELSEWHERE = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "DBNAME",
    "REDIS_URL",
    "CELERY_BROKER_URL",
    "SMTP_HOST",
    "ENV_TYPE",
    "SECRET_KEY",
)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Atrium:
    """An installation in a folder of its own."""

    process: "subprocess.Popen[bytes]" = None  # type: ignore[assignment]

    def __init__(self, home: Path, **environment: str):
        self.home, self.port, self.output = home, free_port(), home.with_name("output")
        inherited = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
        self.environment = inherited | {"ATRIUM_HOME": str(home), "PORT": str(self.port), "LOG_LEVEL": "WARNING"} | environment

    def start(self) -> None:
        command = [sys.executable, "manage.py", "serve"]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                command, cwd=settings.BASE_DIR, env=self.environment, stdout=output, stderr=output, start_new_session=True
            )

    def refusal(self) -> str:
        """What a start that fails says, in full."""
        self.start()
        assert self.process.wait(60) == 1
        return self.said()

    def said(self) -> str:
        return self.output.read_text()

    def post(self, path: str, **body: str) -> dict[str, object]:
        headers = {"Content-Type": "application/json"}
        with urlopen(Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode(), headers), timeout=20) as response:
            return json.load(response)

    def answers(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/test/", timeout=5) as response:
                return response.status == 200
        except (URLError, OSError):
            return False

    def wait_until_it_answers(self) -> float:
        started = time.monotonic()
        while not self.answers():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() - started < 120, self.said()
            time.sleep(0.05)
        return time.monotonic() - started

    def processes(self) -> list[str]:
        """Every process of this installation: those that name its folder, and those of its session."""
        found = []
        for directory in Path("/proc").glob("[0-9]*"):
            try:
                command = (directory / "cmdline").read_text()
                session = (directory / "stat").read_text().rpartition(")")[2].split()[3]
            except OSError:
                continue
            if str(self.home) in command or session == str(self.process.pid):
                found.append(command)
        return found


@pytest.fixture
def atrium() -> Iterator[Atrium]:
    with TemporaryDirectory(prefix="a folder, with ünusual name") as folder:  # pytest's may be closed to the server's user
        installation = Atrium(Path(folder) / "var")
        yield installation
        if installation.process and installation.process.poll() is None:
            installation.process.terminate()
            installation.process.wait(30)


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="Looks for processes in /proc")


@needs_proc
def test_first_and_second_start_and_their_ends(atrium: Atrium) -> None:
    atrium.start()
    atrium.wait_until_it_answers()
    assert demo.PASSWORD in atrium.said()
    signed_in = atrium.post("/api/v1/auth/login", email="astrid@fjord.example", password=demo.PASSWORD)
    assert [org["name"] for org in signed_in["orgs"]] == ["Fjord Kayaks"]  # type: ignore[attr-defined]
    atrium.post("/api/v1/auth/register", email="new@comer.example", password="a long passphrase", name="New Comer")
    until = time.monotonic() + 20
    while not list(atrium.home.glob("mail/*new@comer.example.eml")):  # the worker inside sends it
        assert time.monotonic() < until, atrium.said()
        time.sleep(0.1)
    os.killpg(atrium.process.pid, signal.SIGINT)  # what Ctrl-C does
    assert atrium.process.wait(20) == 0
    assert "Stopped. The data is kept." in atrium.said()
    assert "Traceback" not in atrium.said() and "Warning" not in atrium.said()
    assert atrium.processes() == []

    atrium.start()
    assert atrium.wait_until_it_answers() < 30  # 2 s on a machine that does nothing else; 10 are promised
    assert "Loading" not in atrium.said()
    assert atrium.post("/api/v1/auth/login", email="new@comer.example", password="a long passphrase")["access_token"]
    atrium.process.terminate()
    assert atrium.process.wait(20) == 0
    assert "Traceback" not in atrium.said()
    assert atrium.processes() == []


@needs_proc
def test_a_killed_main_process_takes_the_others_with_it(atrium: Atrium) -> None:
    atrium.start()
    atrium.wait_until_it_answers()
    atrium.process.kill()
    atrium.process.wait(10)
    until = time.monotonic() + 20
    while atrium.processes() and time.monotonic() < until:
        time.sleep(0.2)
    assert atrium.processes() == []


def test_says_which_port_is_taken_and_how_to_take_another(atrium: Atrium) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", atrium.port))
        taken.listen()
        said = atrium.refusal()
    assert f"Port {atrium.port} of 127.0.0.1 is not free" in said
    assert f"PORT={atrium.port + 1} make run" in said
    assert "Traceback" not in said


def test_says_which_database_cannot_be_reached(atrium: Atrium) -> None:
    atrium.environment["DATABASE_URL"] = "postgres://crm_app:secret@127.0.0.1:9/crm"
    said = atrium.refusal()
    assert "Cannot reach the database crm_app@127.0.0.1:9/crm" in said
    assert "Connection refused" in said
    assert "secret" not in said and "Traceback" not in said


def test_refuses_a_role_that_row_level_security_does_not_bind(atrium: Atrium) -> None:
    server = administrator()
    with closing(psycopg2.connect(**server)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_user, usesuper FROM pg_user WHERE usename = current_user")
        name, is_superuser = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        tables = cursor.fetchone()
    assert is_superuser
    atrium.environment |= {
        "DBNAME": "postgres",
        "DBUSER": name,
        "DBPASSWORD": server.get("password", ""),
        "DBHOST": server.get("host", ""),
        "DBPORT": str(server.get("port", "")),
    }
    said = atrium.refusal()
    assert f'The database role "{name}" is a superuser, so row-level security does not bind it.' in said
    assert "setup_database" in said and "Traceback" not in said
    with closing(psycopg2.connect(**server)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchone() == tables  # nothing was written before


def test_production_needs_a_secret_key_of_its_own(atrium: Atrium) -> None:
    atrium.environment |= {"ENV_TYPE": "prod", "SECRET_KEY": ""}
    said = atrium.refusal()
    assert "SECRET_KEY" in said and "Traceback" not in said


def test_migrates_a_new_database_by_itself(atrium: Atrium) -> None:
    """As production does. Its checks must not ask a database that has nothing yet."""
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "1"]
    migrated = subprocess.run(command, cwd=settings.BASE_DIR, env=atrium.environment, capture_output=True, text=True)
    assert migrated.returncode == 0, migrated.stderr
    assert "Applying leads.0001_initial... OK" in migrated.stdout
