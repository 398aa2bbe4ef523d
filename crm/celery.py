"""Celery: `celery -A crm worker` and `celery -A crm beat`, or both inside the web process where there is no Redis."""

import os
import threading

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")

app = Celery("crm", task_cls="common.tenancy.tasks:OrgTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def start_inside() -> None:
    """A worker of four threads and the beat, as daemon threads of this process."""
    from celery.apps.beat import Beat

    worker = app.Worker(
        pool="threads", concurrency=4, without_gossip=True, without_mingle=True, without_heartbeat=True, task_events=False
    )
    threading.Thread(target=worker.start, name="celery-worker", daemon=True).start()
    beat = app.Beat(socket_timeout=None, schedule=app.conf.beat_schedule_filename, quiet=True)
    assert isinstance(beat, Beat)
    service = beat.Service(app=app, schedule_filename=app.conf.beat_schedule_filename)
    threading.Thread(target=service.start, kwargs={"embedded_process": False}, name="celery-beat", daemon=True).start()
