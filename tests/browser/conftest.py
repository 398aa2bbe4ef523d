"""A real server on a database of its own, and a real browser."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from common.tenancy.roles import OWNER
from common.testing.live_server import answers, environment, free_port, wait_for
from conftest import administrator, migrations_digest, run

CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


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
