"""Requests per second over HTTP: granian with two workers against the benchmark's database, load from another process."""

import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from django.conf import settings

from . import database

WORKERS, CONNECTIONS, RUNS = 2, 8, 3
#: What wrk sends in a POST: each lead another.
SCRIPT = """
local number = 0
request = function()
  number = number + 1
  local name = tostring(number)
  return wrk.format("POST", nil, wrk.headers, '{"name":"Load Person ' .. name .. '","company":"Load Ltd","email":"load' ..
    name .. '@load.example.com","source":"Website"}')
end
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment() -> dict[str, str]:
    """Points a server at the benchmark's database, by the variables that any installation has."""
    wanted = database.parameters()
    names = {"DBNAME": "dbname", "DBUSER": "user", "DBPASSWORD": "password", "DBHOST": "host", "DBPORT": "port"}
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return kept | {variable: str(wanted.get(name, "")) for variable, name in names.items()}


@contextmanager
def server(token: str) -> Iterator[int]:
    """A running server's port."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", str(WORKERS), "--blocking-threads", "1"]
    address = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "error", "crm.wsgi:application"]
    process = subprocess.Popen([*command, *address], env=environment(), cwd=settings.BASE_DIR)
    try:
        wait_for(port, token, process)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def wait_for(port: int, token: str, process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/api/v1/auth/me/", headers={"Authorization": f"Bearer {token}"})
            connection.getresponse().read()
        except OSError:
            time.sleep(0.2)
        else:
            connection.close()
            return
    raise SystemExit("The server for the HTTP benchmark did not start.")


def with_wrk(seconds: float) -> bool:
    """It cannot measure for less than a second."""
    return shutil.which("wrk") is not None and seconds >= 1


def per_second(port: int, token: str, method: str, path: str, seconds: float) -> tuple[float, int]:
    """Good answers per second, and how many were bad."""
    if with_wrk(seconds):
        return _with_wrk(port, token, method, path, seconds)
    command = [sys.executable, "-m", "bench.load", str(port), method, path, str(seconds), str(CONNECTIONS)]
    done = subprocess.run(command, input=token, capture_output=True, text=True, check=True, cwd=settings.BASE_DIR)
    result = json.loads(done.stdout)
    return float(result["per_second"]), int(result["bad"])


def _with_wrk(port: int, token: str, method: str, path: str, seconds: float) -> tuple[float, int]:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "-H", f"Authorization: Bearer {token}"]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        if method == "POST":
            script.write(SCRIPT)
            script.flush()
            command += ["-H", "Content-Type: application/json", "-s", script.name]
        done = subprocess.run([*command, f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    assert rate is not None, done.stdout
    return float(rate[1]), int(bad[1]) if bad else 0


def measure(token: str, lead: str, seconds: float) -> list[str]:
    """Lines of the report: the median of a few runs, each with the span of all."""
    calls = {
        "list of 50, no count": ("GET", "/api/v1/leads/?count=none"),
        "detail": ("GET", f"/api/v1/leads/{lead}/"),
        "create": ("POST", "/api/v1/leads/"),
    }
    lines = []
    with server(token) as port:
        for name, (method, path) in calls.items():
            per_second(port, token, method, path, min(seconds, 1))
            runs = [per_second(port, token, method, path, seconds) for _ in range(RUNS)]
            rates, bad = [rate for rate, _ in runs], sum(number for _, number in runs)
            trouble = f", {bad} answers were errors" if bad else ""
            lines.append(f"{name:<24}{statistics.median(rates):>8,.0f}/s   ({min(rates):,.0f} to {max(rates):,.0f}){trouble}")
    return lines


def machine(seconds: float) -> str:
    """What the figures were measured on."""
    loads = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    model = next((line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")), "unknown processor")
    client = "wrk" if with_wrk(seconds) else "a client in Python"
    return f"{os.cpu_count()} cores ({model}), load average {loads}; requests by {client}"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []
