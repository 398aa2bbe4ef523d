"""Celery: `celery -A crm worker` and `celery -A crm beat`, or both inside the one web process of `manage.py serve`."""

import os
import threading
import warnings
from typing import Any

from celery import Celery
from celery.beat import EmbeddedService
from celery.platforms import SecurityWarning
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")

app = Celery("crm", task_cls="common.tenancy.tasks:OrgTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_logging(**kwargs: Any) -> None:
    """Celery sets up no logging where somebody answers this signal: settings.LOGGING holds for workers too."""


def start_inside() -> None:
    """Run a worker of four threads and the beat as threads of this process, which must be the only one to do so.

    Tasks that wait in memory:// end with the process; what must not be lost is in the database, and sent again from there.
    From here on this process counts as a worker, so nothing in it may wait for a task's result.
    """
    warnings.simplefilter("ignore", SecurityWarning)  # about root: messages are JSON, which runs nothing
    worker = app.Worker(
        pool="threads",
        concurrency=4,
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        task_events=False,
    )
    threading.Thread(target=worker.start, name="celery-worker", daemon=True).start()
    EmbeddedService(app, thread=True).start()
