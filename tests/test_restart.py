"""PostgreSQL goes away under load and comes back; clients hang up. Nothing acknowledged is lost, nothing ends in a 500."""

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg2
import pytest
from django.conf import settings

from common.tenancy import embedded
from tests.test_run import Atrium

WORKERS, CLIENTS = 2, 4
LEADS = "/api/v1/leads/"


class Server:
    """Two web workers as in production, on a PostgreSQL of their own, and a signed-in client of them."""

    def __init__(self, home: Path):
        self.atrium = Atrium(home)
        self.data = home / "postgresql"
        self.token = ""

    def run(self, *command: Any, **environment: str) -> Any:
        output = self.atrium.output.open("ab")
        environment = self.atrium.environment | environment
        return subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, stdout=output, stderr=output)

    def start(self, *, embedded_server: bool) -> None:
        """Make the database, then serve from it: as the embedded one, or as a service that somebody else runs."""
        assert self.run(sys.executable, "manage.py", "migrate", "--verbosity=0").wait(120) == 0, self.atrium.said()
        place = {}
        if not embedded_server:
            self.database("-l", str(self.data / "log"), "-o", f"-k {self.data}", "start")
            place = {"DBNAME": "crm", "DBUSER": "crm_app", "DBHOST": str(self.data)}
        arguments = ["--interface=wsgi", f"--workers={WORKERS}", "--blocking-threads=4", f"--port={self.atrium.port}"]
        program = Path(sys.executable).with_name("granian")
        self.process = self.atrium.process = self.run(program, *arguments, "--log-level=error", "crm.wsgi:application", **place)
        self.atrium.wait_until_it_answers()
        body = {"email": "ada@example.com", "password": "a long passphrase", "name": "Ada"}
        self.token = self.ask("POST", "/api/v1/auth/register/", body)[1]["access_token"]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        if (self.data / "postmaster.pid").exists():
            self.database("-m", "immediate", "stop")

    def headers(self) -> dict[str, str]:
        return {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON of an answer, over a connection of its own."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.atrium.port, timeout=60)) as client:
            client.request(method, path, json.dumps(body) if body is not None else None, self.headers())
            response = client.getresponse()
            text = response.read()
        assert response.headers["Content-Type"] == "application/json", text[:2000]
        return response.status, json.loads(text)

    def database(self, *arguments: str) -> None:
        embedded._run("pg_ctl", "-D", str(self.data), "-w", *arguments)

    def idle_in_transaction(self) -> int:
        lines = (self.data / "postmaster.pid").read_text().split("\n")
        with closing(psycopg2.connect(host=lines[4], user="postgres", dbname="crm")) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'")
            return cursor.fetchone()[0]


@contextmanager
def running(**options: bool) -> Iterator[Server]:
    with TemporaryDirectory(prefix="restart") as folder:
        server = Server(Path(folder) / "var")
        server.start(**options)
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running(embedded_server=False) as server:
        yield server


class Load:
    """Clients that make leads as fast as they are answered, and remember what was acknowledged."""

    def __init__(self, server: Server):
        self.server, self.over = server, threading.Event()
        self.acknowledged: list[str] = []
        self.answers: list[tuple[int, Any]] = []
        self.threads = [threading.Thread(target=self.work, args=[number]) for number in range(CLIENTS)]

    def work(self, number: int) -> None:
        made = 0
        while not self.over.is_set():
            status, body = self.server.ask("POST", LEADS, {"name": f"Lead {number}-{made}"})
            made += 1
            self.answers.append((status, body))
            if status == 201:
                self.acknowledged.append(body["id"])
            else:
                time.sleep(0.02)

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        time.sleep(1)
        return self

    def __exit__(self, *error: Any) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(60)

    def await_more(self) -> int:
        """Wait for requests that work again. Returns how many had worked before."""
        before, end = len(self.acknowledged), time.monotonic() + 30
        while len(self.acknowledged) == before and time.monotonic() < end:
            time.sleep(0.1)
        return before

    def assert_all_is_well(self, before: int) -> None:
        """Each answer was a 201 or a 503 in the one shape, and whatever was acknowledged is there."""
        assert before > 10
        assert len(self.acknowledged) > before, "requests do not work again"
        odd = [answer for answer in self.answers if answer[0] not in (201, 503)]
        assert not odd, odd[:3]
        for status, body in self.answers:
            if status == 503:
                assert set(body) == {"error", "code", "details", "request_id"}
                assert body["code"] == "unavailable"
        known: set[str] = set()
        url: str | None = f"{LEADS}?cursor=&limit=500&fields=id"
        while url:
            status, page = self.server.ask("GET", url[url.index("/api/") :])
            assert status == 200
            known |= {row["id"] for row in page["results"]}
            url = page["next"]
        assert set(self.acknowledged) <= known, "an acknowledged lead was lost"


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_postgresql_restarted_under_load(server: Server, mode: str) -> None:
    with Load(server) as load:
        for _ in range(3):
            server.database("-m", mode, "restart")
            time.sleep(0.5)
        before = load.await_more()
    load.assert_all_is_well(before)
    assert 503 in {status for status, _ in load.answers}, "the restarts met no request: this proves nothing"


def test_the_embedded_postgresql_is_started_again_when_it_died() -> None:
    with running(embedded_server=True) as server, Load(server) as load:
        for mode in ("fast", "immediate"):
            server.database("-m", mode, "stop", "-W")  # no waiting: a worker starts it again at once
            time.sleep(3)
        before = load.await_more()
        load.over.set()
        time.sleep(1)
        load.assert_all_is_well(before)


def test_a_client_that_hangs_up_does_no_harm(server: Server) -> None:
    body = json.dumps({"name": "Nobody waits for me"}).encode()
    head = f"POST {LEADS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in server.headers().items()
    )
    whole = head.encode() + b"\r\n" + body
    for length in (1, 20, len(head), len(whole) - 5, len(whole)):
        for _ in range(10):
            with socket.create_connection(("127.0.0.1", server.atrium.port)) as client:
                client.sendall(whole[:length])
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # reset, not a polite end
    status, made = server.ask("POST", LEADS, {"name": "Still here"})
    assert (status, made["name"]) == (201, "Still here")
    time.sleep(0.5)
    assert server.idle_in_transaction() == 0
    status, found = server.ask("GET", f"{LEADS}?name=Nobody%20waits%20for%20me&limit=500&fields=name")
    assert (status, found["count"] <= 20) == (200, True), "only whole requests were done"
