"""A real server on a database of its own, and a real browser."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from django.conf import settings
from django.db import connection

from common.tenancy import embedded
from common.tenancy.roles import OWNER
from conftest import administrator, migrations_digest, run

CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
PATIENCE = 60  # seconds
OTHER_DATABASE = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "CELERY_BROKER_URL", "SMTP_HOST", "MAIL_BACKEND")


@dataclass(frozen=True)
class Site:
    address: str
    home: Path

    def mail_to(self, address: str) -> EmailMessage:
        """The last mail to an address; waits for it."""
        return wait_for(lambda: self.mails_to(address)[-1:], f"a mail to {address}")[0]

    def mails_to(self, address: str) -> list[Any]:
        files = sorted((self.home / "mail").glob(f"*-{address}.eml"))
        return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]

    def link_to(self, address: str) -> str:
        """The link in the text of the last mail to an address."""
        text = self.mail_to(address).get_body(("plain",)).get_content()
        return next(word for word in text.split() if word.startswith(self.address) and "?token=" in word)


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


@pytest.fixture(scope="module")
def site(django_db_setup: None, tmp_path_factory: Any) -> Iterator[Site]:
    """Atrium as `make run` starts it, on an empty database."""
    home, port, template = tmp_path_factory.mktemp("home"), free_port(), f"test_crm_{migrations_digest()}"
    server, database = administrator(), f"{template}_browser_{os.getpid()}"
    run(server, f'CREATE DATABASE "{database}" TEMPLATE "{template}_ready" OWNER {OWNER}')
    log = (home / "server.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--no-demo"],
        cwd=settings.BASE_DIR,
        env=environment(database, port, home),
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(lambda: answers(address) or process.poll() is not None, "the server")
        assert process.poll() is None, (home / "server.log").read_text()
        yield Site(address, home)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()
        run(server, f'DROP DATABASE "{database}" WITH (FORCE)')


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip(f"There is no {CHROMIUM}: install Debian's package chromium to run this.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=[*QUIET, "--no-first-run"])
        yield chromium
        chromium.close()


@pytest.fixture
def visitor(site: Site, browser: Any) -> Iterator[Any]:
    """Makes browser contexts: each is somebody else's browser. What the page's console complains of fails the test."""
    contexts, complaints = [], []

    def visit(**options: Any) -> Any:
        context = browser.new_context(base_url=site.address, **options)
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if "Content Security Policy" in line.text else None)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []
