"""Atrium on one port: MCP and streams as coroutines, everything else in the threads of the WSGI application."""

import os
import re
from functools import partial
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
waiting = get_asgi_application()

from assistant import mcp  # noqa: E402 -- needs the apps
from crm.wsgi import application as wsgi_application  # noqa: E402

THREADS = 16
MCP = re.compile(r"/mcp/?")
STREAM = re.compile(r"/api/(v1/)?assistant/chat/stream/.*")
working: Any = WSGIMiddleware(cast(Any, wsgi_application), THREADS)


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await live(receive, send)
    elif scope["type"] == "http" and MCP.fullmatch(scope["path"]):
        await mcp.application(scope, receive, send)
    elif scope["type"] == "http" and STREAM.fullmatch(scope["path"]):
        await waiting(scope, receive, send)
    else:
        await working(scope, partial(awaited, receive), send)


async def awaited(receive: Any) -> Any:
    """granian's ``receive`` gives a future; a2wsgi wants a coroutine."""
    return await receive()


async def live(receive: Any, send: Any) -> None:
    """From the process's start to its end."""
    await receive()
    mcp.entrance.sessions = mcp.sessions()
    async with mcp.entrance.sessions.run():
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "lifespan.shutdown.complete"})
