"""Behind the real pgbouncer in transaction mode: forty threads share four connections, and none sees a wrong row."""

import os
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pwd import getpwnam
from typing import Any

import psycopg2
import pytest
from django.db import DataError, connection, transaction

from common.people.models import Org
from common.records.models import Tag
from common.tenancy import all_orgs, embedded, no_scope, org_scope
from common.testing.committed import CommittedTestCase
from conftest import administrator

pytestmark = pytest.mark.raw_sql

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")
THREADS, POOL, ROUNDS, ORGS = 40, 4, 25, 12
CONFIGURATION = """
[databases]
{name} = host={host} port={port} user={user} password='{password}'
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {pool}
max_client_conn = 200
logfile = {directory}/log
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def pgbouncer() -> Iterator[int]:
    """A pool of four connections before the test's own server, as the role that serves requests. Yields its port."""
    server, port, mine = administrator(), free_port(), connection.settings_dict
    with tempfile.TemporaryDirectory() as directory:
        values = {"name": mine["NAME"], "host": server["host"], "port": server.get("port", 5432)}
        values |= {"user": mine["USER"], "password": mine["PASSWORD"] or "unused"}
        configuration = Path(directory) / "pgbouncer.ini"
        configuration.write_text(CONFIGURATION.format(**values, listen=port, pool=POOL, directory=directory))
        as_user: dict[str, Any] = {}
        if os.geteuid() == 0:  # as root it refuses to run; and only its own user may reach the embedded server
            account = getpwnam(embedded.SERVER_USER if str(server["host"]).startswith("/") else "nobody")
            os.chown(directory, account.pw_uid, account.pw_gid)
            as_user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        process = subprocess.Popen([str(PROGRAM), configuration], stderr=subprocess.DEVNULL, **as_user)
        try:
            wait_for(port, process, Path(directory) / "log")
            yield port
        finally:
            process.terminate()
            process.wait(10)


def wait_for(port: int, process: Any, log: Path) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError(f"pgbouncer does not start: {log.read_text() if log.exists() else 'no log'}")


@contextmanager
def connections_through(port: int) -> Iterator[None]:
    """Let every connection of Django go through the pool."""
    kept = dict(connection.settings_dict)
    connection.close()
    options = {name: value for name, value in kept["OPTIONS"].items() if name != "embedded"}
    connection.settings_dict |= {"HOST": "127.0.0.1", "PORT": port, "OPTIONS": options}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict |= kept


def orgs_of_tags() -> set[Any]:
    """By raw SQL, so that only policies stand between the orgs."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT org_id FROM tags")
        return {org for (org,) in cursor.fetchall()}


@pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed")
class PgbouncerTest(CommittedTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.numbers = {}
        for number in range(1, ORGS + 1):
            org = Org.objects.create(name=f"Org {number}", slug=f"org-{number}")
            with org_scope(org):
                Tag.objects.bulk_create([Tag(name=f"tag {index}") for index in range(number)])
            self.numbers[org.pk] = number
        port = self.enterContext(pgbouncer())
        self.enterContext(connections_through(port))
        names = {"user": connection.settings_dict["USER"], "dbname": connection.settings_dict["NAME"]}
        self.direct = {"host": "127.0.0.1", "port": port, **names}

    def autocommit(self, org: Any) -> bool:
        with org_scope(org):
            return orgs_of_tags() == {org} and Tag.objects.count() == self.numbers[org]

    def atomic(self, org: Any) -> bool:
        with org_scope(org), transaction.atomic():
            first = orgs_of_tags()
            with transaction.atomic():
                Tag.objects.update(color="#000000")
                transaction.set_rollback(True)
            return first == orgs_of_tags() == {org} and Tag.objects.count() == self.numbers[org]

    def without_scope(self, org: Any) -> bool:
        with no_scope():
            return orgs_of_tags() == set()

    def platform(self, org: Any) -> bool:
        with all_orgs():
            everything = orgs_of_tags() == set(self.numbers)
        with org_scope(org):
            return everything and orgs_of_tags() == {org}

    def switching(self, org: Any) -> bool:
        other = random.choice(list(self.numbers))
        with transaction.atomic(), org_scope(org):
            mine = orgs_of_tags()
            with org_scope(other):
                theirs = orgs_of_tags()
            return (mine, theirs, orgs_of_tags()) == ({org}, {other}, {org})

    def failing(self, org: Any) -> bool:
        with org_scope(org):
            try:
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute("SELECT 1 / 0")
            except DataError:
                return orgs_of_tags() == {org}
        return False

    def wrong_answers(self, *kinds: Any) -> tuple[int, int]:
        """``(questions, wrong ones)`` of forty threads that ask all kinds of questions, each for orgs at random."""

        def ask() -> list[bool]:
            orgs = random.choices(list(self.numbers), k=ROUNDS)
            return [kind(org) for org in orgs for kind in random.sample(kinds, len(kinds))]

        answers = [answer for result in self.at_once(*[ask] * THREADS) for answer in result]
        return len(answers), answers.count(False)

    def everything(self) -> tuple[int, int]:
        return self.wrong_answers(self.autocommit, self.atomic, self.without_scope, self.platform, self.switching, self.failing)

    def test_no_thread_sees_a_row_of_another_org(self) -> None:
        self.assertEqual(self.everything(), (THREADS * ROUNDS * 6, 0))
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'crm_app' AND datname = current_database()")
            self.assertLessEqual(cursor.fetchone()[0], POOL, "this went through the pool")

    def test_a_setting_that_somebody_left_on_the_pool_changes_nothing(self) -> None:
        victim = next(iter(self.numbers))
        leaked = self.pollute(f"SET app.org_id = '{victim}'")
        self.assertGreater(leaked, 0, "nothing to leak: the pool is not polluted")
        self.assertEqual(self.everything(), (THREADS * ROUNDS * 6, 0))

    def pollute(self, statement: str) -> int:
        """Run a session-level statement on every connection of the pool. Returns what a careless client sees afterwards."""
        clients = [psycopg2.connect(**self.direct) for _ in range(POOL)]
        for client in clients:
            with client.cursor() as cursor:  # each holds a connection of the pool until its commit
                cursor.execute(statement)
        for client in clients:
            client.commit()
        with clients[0].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM tags")
            seen = cursor.fetchone()[0]
        for client in clients:
            client.close()
        return seen

    def test_settings_of_a_session_would_leak(self) -> None:
        """What this design is for: the same with a plain SET gives wrong answers."""

        def careless() -> int:
            client, wrong = psycopg2.connect(**self.direct), 0
            client.autocommit = True
            with client.cursor() as cursor:
                for _ in range(ROUNDS):
                    org = random.choice(list(self.numbers))
                    cursor.execute(f"SET app.org_id = '{org}'")
                    cursor.execute("SELECT DISTINCT org_id::text FROM tags")
                    wrong += cursor.fetchall() != [(str(org),)]
            client.close()
            return wrong

        self.assertGreater(sum(self.at_once(*[careless] * THREADS)), 0)
