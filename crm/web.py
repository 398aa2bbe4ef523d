"""The web server of `manage.py serve`: one main process, which ends all, and one web process with worker and beat inside."""

import os
import signal
import threading
import time
from collections.abc import Callable
from importlib import import_module
from multiprocessing.util import Finalize
from typing import Any

from django.conf import settings
from django.db import connections
from django.urls import get_resolver

from common.tenancy import embedded

SECONDS_TO_STOP = 5
STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}  # Ctrl-C, a service manager, a closed terminal


class WebProcessDied(RuntimeError):
    """The web process ended though nobody asked it to."""


def serve(*, with_worker: bool, when_ready: Callable[[], None]) -> None:
    """Serve until a signal comes. Raises WebProcessDied."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    server = Granian(
        "crm.asgi:application",
        address=settings.BIND,
        port=settings.PORT,
        interface=Interfaces.ASGI,
        workers_kill_timeout=SECONDS_TO_STOP,
        log_level=LogLevels.error,
    )
    server.on_startup(when_ready)
    import_module("crm.asgi")  # now, rather than in the web process
    get_resolver()._populate()  # imports every view, rather than with the first request
    connections.close_all()  # the web process makes its own
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    threading.Thread(target=await_signal, args=[server.signal_handler_interrupt], daemon=True).start()
    try:
        server.serve(target_loader=load_web_and_worker if with_worker else load_web, wrap_loader=False)
    except SystemExit as error:
        raise WebProcessDied("The web process died.") from error


def await_signal(stop: Callable[[], None]) -> None:
    """Wait for a signal in a thread: a handler may be lost where the main thread is just about to sleep."""
    signal.sigwait(STOP_SIGNALS)
    stop()


def load_web() -> Callable[..., Any]:
    """The application, in the web process, which also ends when the main process was killed and could not end it."""
    os.setpgrp()  # out of reach of Ctrl-C: the main process ends this one
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # until the server sets its own
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    from crm.asgi import application

    threading.Thread(target=end_with_parent, args=[os.getppid()], daemon=True).start()
    if embedded.is_used():
        embedded.join()
        Finalize(None, embedded.stop, exitpriority=0)  # a process of multiprocessing knows no atexit
    return application


def load_web_and_worker() -> Callable[..., Any]:
    from crm.celery import start_inside

    application = load_web()
    start_inside()
    return application


def end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
