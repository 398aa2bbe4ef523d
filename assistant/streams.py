"""A turn as server-sent events: its text as it is written, each step, and at the end the answer.

``token``: ``{"text", "new"}``, a piece of the answer, or with ``new`` the answer from its beginning. ``step``: ``{"id",
"name", "status"}`` of a call. ``done`` and ``error``: what the status endpoint says. Whoever connects again is told all again.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any
from uuid import UUID

import orjson
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError, InterfaceError, connections
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from common.api.errors import NOT_FOUND
from common.api.threads import in_thread
from common.people.authentication import IsMember
from common.people.callers import find_caller
from common.tenancy import org_scope

from .models import Turn
from .views import TASK_ID, own_turn, status_of

logger = logging.getLogger(__name__)

#: Seconds: between two looks while there is news, and at most; to the next sign of life; to the end of a stream.
EVERY, SLOWEST, ALIVE, LONGEST = 0.15, 1.0, 15, 30 * 60
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
AGAIN = "retry: 1000\n\n"


class ChatStreamView(APIView):
    """Follow the answer to a message as it is written.

    Server-sent events: `token` with a piece of the text (`new` says that the text begins again), `step` with each tool call,
    and at the end `done` or `error` with what the status endpoint says.
    """

    queryset = Turn.objects.all()
    permission_classes = [IsMember]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Whatever a client of streams accepts: a refusal is JSON."""
        renderer = self.get_renderers()[0]
        return renderer, renderer.media_type

    @extend_schema(
        responses={(200, "text/event-stream"): OpenApiTypes.STR},
        parameters=[TASK_ID],
    )
    def get(self, request: Any, task_id: UUID) -> HttpResponseBase:
        profile = request._request.profile
        reader = Reader(own_turn(profile, task_id).pk, request.headers["Authorization"], request.headers.get("org"))
        if isinstance(request._request, ASGIRequest):
            return StreamingHttpResponse(events(reader), content_type="text/event-stream", headers=HEADERS)
        # A thread is too dear to wait in: what is known now, and the client asks again.
        return HttpResponse(AGAIN + reader.look(profile), content_type="text/event-stream", headers=HEADERS)


async def events(reader: "Reader") -> AsyncIterator[str]:
    await sync_to_async(connections.close_all)()  # the request's: a stream keeps none while it waits
    started = spoken = monotonic()
    pause = EVERY
    yield AGAIN
    while not reader.ended and monotonic() - started < LONGEST:
        news = await in_thread(reader.look_again)
        pause = EVERY if news else min(pause * 1.2, SLOWEST)
        if not news and monotonic() - spoken > ALIVE:
            news = ": still here\n\n"
        if news:
            spoken = monotonic()
            yield news
        if not reader.ended:
            await asyncio.sleep(pause)


class Reader:
    """What a client has been told of a turn."""

    def __init__(self, turn_id: UUID, authorization: str, org: str | None):
        self.turn_id, self.caller = turn_id, (authorization, org)
        self.text, self.steps, self.ended = "", dict[UUID, str](), False

    def look_again(self) -> str:
        """What is new, for somebody who may have lost their rights since."""
        try:
            caller = find_caller(*self.caller)
            if caller.profile is None:
                raise Http404(caller.error)
            with org_scope(caller.profile, source="api"):
                return self.look(caller.profile)
        except Http404 as gone:
            return self.end("error", {"state": "FAILURE", "error": str(gone) or NOT_FOUND, "status": "Task failed"})
        except (DatabaseError, InterfaceError) as error:
            logger.warning("a stream waits for the database: %s", error)
            return ""

    def look(self, profile: Any) -> str:
        """The events since the last look. The turn is read before its calls: when it has ended, they are all there."""
        turn = own_turn(profile, self.turn_id)
        steps = "".join(self.step(call) for call in turn.calls.order_by("id").only("name", "status"))
        told = status_of(turn)
        if turn.state == Turn.State.SUCCESS:
            return steps + self.token(told["result"]["message"]) + self.end("done", told)
        if turn.state == Turn.State.FAILURE:
            return steps + self.end("error", told)
        return steps + self.token(turn.partial)

    def step(self, call: Any) -> str:
        if self.steps.get(call.pk) == call.status:
            return ""
        self.steps[call.pk] = call.status
        return event("step", {"id": call.pk, "name": call.name, "status": call.status})

    def token(self, text: str) -> str:
        if text == self.text:
            return ""
        new = not (self.text and text.startswith(self.text))
        piece = text if new else text[len(self.text) :]
        self.text = text
        return event("token", {"text": piece, "new": new})

    def end(self, name: str, body: Any) -> str:
        self.ended = True
        return event(name, body)


def event(name: str, body: Any) -> str:
    return f"event: {name}\ndata: {orjson.dumps(body).decode()}\n\n"
