"""A real Celery worker in a process of its own, on the test's database and a Redis, which tests may kill."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.db import connection

from .administrator import administrator


class Broker:
    """A database of the Redis in REDIS_URL that other test processes do not use. What a test leaves in it is taken away."""

    def __init__(self) -> None:
        self.url = urlsplit(settings.REDIS_URL)._replace(path=f"/{2 + os.getpid() % 14}").geturl()
        self.redis = redis.Redis.from_url(self.url)

    def send(self, task: Any, *arguments: Any) -> None:
        """Send a task as a web process does, in the scope of the caller."""
        app: Any = task.app
        app.conf.task_always_eager = False
        try:
            with app.connection_for_write(self.url) as to:
                task.apply_async(arguments, connection=to, ignore_result=True)
        finally:
            app.conf.task_always_eager = True

    def empty(self) -> None:
        with suppress(redis.ConnectionError):
            for pattern in ("celery*", "unacked*", "_kombu.*"):
                for key in self.redis.scan_iter(pattern):
                    self.redis.delete(key)
        self.redis.close()


class Worker:
    """The worker and its children, which do the tasks: processes as in production."""

    def __init__(self, broker: Broker, log: Path, *, at_once: int = 1, **environment: str):
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}
        server, used = administrator(), connection.settings_dict
        place = {"DBNAME": used["NAME"], "DBUSER": used["USER"], "DBPASSWORD": used["PASSWORD"]}
        place |= {"DBHOST": str(server.get("host", "")), "DBPORT": str(server.get("port", ""))}
        place |= {"REDIS_URL": broker.url, "CELERY_BROKER_URL": broker.url, "CELERY_RESULT_BACKEND": broker.url}
        environment = inherited | place | {"PYTHONWARNINGS": "ignore"} | environment
        program = [sys.executable, "-m", "celery", "-A", "crm", "worker", f"--concurrency={at_once}", "--without-mingle"]
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                program, cwd=settings.BASE_DIR, env=environment, stdout=output, stderr=output, start_new_session=True
            )

    def kill(self) -> None:
        """As the kernel does when memory runs out, or a machine when it goes away: no word to anybody."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def wait_until(self, true: Callable[[], Any], seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while not true():
            assert self.process.poll() is None and time.monotonic() < until, self.log.read_text()[-4000:]
            time.sleep(0.05)
