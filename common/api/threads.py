"""Database work for coroutines, in a few threads: however many clients wait, few connections are open."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections

Result = TypeVar("Result")
POOL = ThreadPoolExecutor(8, thread_name_prefix="coroutines")


async def in_thread(work: Callable[..., Result], *given: Any) -> Result:
    """What ``work`` returns. It opens its own scope, and is done to its end even if nobody waits for it any more."""
    return await sync_to_async(tidily, thread_sensitive=False, executor=POOL)(work, *given)


def tidily(work: Callable[..., Result], *given: Any) -> Result:
    """Connections as for a request: old and broken ones are closed."""
    close_old_connections()
    try:
        return work(*given)
    finally:
        close_old_connections()
