"""The benchmark still runs, whole, on a few rows; how fast anything is, no test says."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import psycopg2
import pytest
from django.conf import settings
from django.db import connection

from bench import database
from bench.copies import copied_models

NAME = f"bench_test_{os.getpid()}"


@pytest.fixture
def no_database_left() -> Iterator[None]:
    yield
    opened = psycopg2.connect(**database.administrator())
    opened.autocommit = True
    with opened.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)')
    opened.close()


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", "--database", NAME, "--size", "600", "--orgs", "3", *arguments]
    return subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=400)


def databases() -> set[str]:
    opened = psycopg2.connect(**database.administrator())
    with opened.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        names = {name for (name,) in cursor.fetchall()}
    opened.close()
    return names


@pytest.mark.usefixtures("no_database_left")
def test_bench_compares_each_path_with_its_floor_and_drops_its_database() -> None:
    done = bench("--rounds", "1", "--block", "0.01", "--seconds", "0.2", "--drop")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "600 leads over 3 organizations; the one measured has 120." in done.stdout
    assert "Every floor answers what the API answers." in done.stdout
    judged = ("list of 50, by source", "detail", "board 5 x 50", "create", "status move", "search, selective word")
    lists = [f"list of 50 {model.module}" for model in copied_models()]
    for path in (*judged, *lists, "agenda of a busy month", "timeline of a busy lead"):
        assert re.search(rf"^{path} +[\d,.]+ +[\d,.]+ +[\d.]+ .*(ok|MISS) +[\d,]+ +\d+$", done.stdout, re.MULTILINE), path
    for path in ("search everything, rare word", "search everything, name prefix", "PDF of 300 lines"):
        assert re.search(rf"^{path} +[\d,.]+ +[\d,]+ µs  (ok|MISS) +[\d,]+ +\d$", done.stdout, re.MULTILINE), path
    assert re.search(r"^tenancy per statement +\+-?[\d.]+ +10 µs +(ok|MISS)$", done.stdout, re.MULTILINE)
    for path in ("list of 50, no count", "detail", "create"):
        assert re.search(rf"^  {path} +[1-9][\d,]*/s +\([\d, to]+\)$", done.stdout, re.MULTILINE), path
    assert NAME not in databases()


@pytest.mark.parametrize("name", ["crm", "postgres", "", "my_bench_"])
def test_bench_refuses_a_database_that_is_not_its_own(name: str) -> None:
    before = connection.settings_dict["NAME"]
    with pytest.raises(SystemExit, match='must start with "bench_"'):
        database.use(name)
    assert connection.settings_dict["NAME"] == before
