"""Everything on one machine: the database, its migrations, a demo for an empty one, the web server, worker and beat."""

import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.management import BaseCommand, CommandError, call_command
from django.db import DatabaseError, connection, connections

from common.tenancy import embedded
from common.tenancy.checks import ROLE, role_problems
from common.tenancy.owner import unscoped_connection
from common.tenancy.roles import APP, PLATFORM
from crm import demo, web

ROOM_NEEDED = 300  # MB: an empty database takes about 60, its log of changes up to 100 and more under load


class Command(BaseCommand):
    help = "Start Atrium on this machine: database, migrations, demo data, web server, worker and beat."
    requires_system_checks = []  # they need the database, which is started first

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--no-demo", action="store_true", help="leave an empty database empty")
        parser.add_argument("--no-worker", action="store_true", help="`celery -A crm worker` and `beat` run elsewhere")

    def handle(self, *args: Any, no_demo: bool, no_worker: bool, **options: Any) -> None:
        started = time.monotonic()
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, interrupt)
        try:
            self.prepare(no_demo)
            web.serve(with_worker=not no_worker, when_ready=partial(self.announce, started))
            self.stdout.write("\nStopped. The data is kept." if embedded.is_used() else "\nStopped.")
        except KeyboardInterrupt:
            self.stdout.write("\nStopped before it was ready.")
            sys.exit(130)
        except (CommandError, web.WebProcessDied) as error:
            self.stderr.write(str(error))
            sys.exit(1)
        finally:
            connections.close_all()
            embedded.stop()

    def prepare(self, no_demo: bool) -> None:
        check_port(settings.BIND, settings.PORT)
        check_room(settings.ATRIUM_HOME)
        with self.step("Starting PostgreSQL" if embedded.is_used() else "Connecting to PostgreSQL"):
            with reached(), unscoped_connection():
                check_role()
        with self.step("Migrating"):
            migrate()
            check_everything()
        if settings.PRODUCTION:
            with self.step("Collecting static files"):
                call_command("collectstatic", verbosity=0, interactive=False)
        if not no_demo and not settings.PRODUCTION and demo.is_empty():
            with self.step("Loading the demo"):
                demo.load()

    def announce(self, started: float) -> None:
        self.stdout.write(f"\nAtrium is ready, after {time.monotonic() - started:.0f} s. Ctrl-C stops it.\n{addresses()}")
        self.stdout.flush()

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        started = time.monotonic()
        self.stdout.write(f"{what}…", ending="")
        self.stdout.flush()
        try:
            yield
        except BaseException:
            self.stdout.write("")
            raise
        self.stdout.write(f" {time.monotonic() - started:.1f} s")
        self.stdout.flush()


def interrupt(*args: Any) -> None:
    raise KeyboardInterrupt


def check_port(address: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            other = port + 1 if port < 65535 else 8001
            raise CommandError(f"Port {port} of {address} is not free ({error}). Take another: PORT={other} make run") from error


def check_room(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
        (home / "celerybeat-write-test").touch()
        (home / "celerybeat-write-test").unlink()
    except OSError as error:
        raise CommandError(f"Cannot write to {home} ({error.strerror}). Set ATRIUM_HOME to a folder of yours.") from error
    free = shutil.disk_usage(home).free // 2**20
    if free < ROOM_NEEDED:
        raise CommandError(f"No room on the disk: {home} has {free} MB left, and Atrium needs {ROOM_NEEDED} MB to start.")


@contextmanager
def reached() -> Iterator[None]:
    """Say in one line why the database cannot be reached."""
    try:
        yield
    except embedded.EmbeddedServerError as error:
        raise CommandError(str(error)) from error
    except DatabaseError as error:
        where = connection.settings_dict
        address = f"{where['USER']}@{where['HOST'] or 'localhost'}:{where['PORT'] or 5432}/{where['NAME']}"
        reason = " ".join(str(error).split()).rstrip("?.")
        hint = "Check DATABASE_URL; `python manage.py setup_database` makes roles and database."
        raise CommandError(f"Cannot reach the database {address}: {reason}. {hint}") from error


def check_role() -> None:
    """Refuse a role that policies do not bind, before anything is written."""
    with connection.cursor() as cursor:
        cursor.execute(ROLE, {"app": APP, "platform": PLATFORM})
        role = [*cursor.fetchone()[:-1], True]  # the functions come with the migrations
    refuse_for(list(role_problems(*role)))


def migrate() -> None:
    try:
        call_command("migrate", verbosity=0, interactive=False)
    except DatabaseError as error:
        who = settings.DATABASE_OWNER.get("USER") or connection.settings_dict["USER"]
        reason = str(error).split("\n")[0]
        raise CommandError(f'Cannot migrate as "{who}": {reason}. DATABASE_OWNER_URL names who owns the tables.') from error


def check_everything() -> None:
    found = checks.run_checks(databases=["default"])
    refuse_for([f"{error.msg} {error.hint or ''}".strip() for error in found if error.is_serious()])


def refuse_for(problems: list[str]) -> None:
    if problems:
        raise CommandError("Atrium refuses to start.\n" + "\n".join(f"- {problem}" for problem in problems))


def addresses() -> str:
    site = settings.DOMAIN_NAME
    lines = [
        ("Sign up", f"{site}/signup/"),
        ("Sign in", f"{site}/login/"),
        ("Try the API", f"{site}/swagger-ui/"),
        ("Administration", f"{site}/admin/"),
    ]
    if settings.MAIL_BACKEND == "files":
        lines.append(("Mail", f"{settings.EMAIL_FILE_PATH}/ has every mail that is sent"))
    text = "\n".join(f"  {name:<16}{value}" for name, value in lines)
    return text if settings.PRODUCTION or not demo.is_loaded() else f"{text}\n\n{demo.logins()}"
