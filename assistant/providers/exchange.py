"""One question and its answer: over which API, how often tried, for how long."""

import json
import logging
import random
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpx2
import openai
from django.conf import settings

from . import chat, responses
from .faults import BROKE_OFF, UNREADABLE, explain, fault, particulars
from .leniency import storable
from .prices import cost
from .shapes import Answer, ProviderError, Question, Reply, Usage

logger = logging.getLogger("assistant")

OPENAI = "https://api.openai.com/v1"
TRIES = 4
BACKOFF = 0.5
SLOPPY = (AttributeError, TypeError, ValueError)  # what a chunk with other than the agreed fields leads to


@dataclass
class Line:
    """The connections to a server, for all threads, and whether it was found to have chat.completions only."""

    client: openai.OpenAI
    chat_only: bool = False


@lru_cache(maxsize=1)
def line_to(url: str, key: str, timeout: float) -> Line:
    limits = httpx2.Timeout(timeout, connect=min(timeout, 10))
    return Line(openai.OpenAI(base_url=url or OPENAI, api_key=key, timeout=limits, max_retries=0))


def answer(question: Question) -> Reply:
    line = line_to(settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY, settings.OPENAI_TIMEOUT)
    return reply(question, over_either(line, Exchange(line.client, question, Patience(settings.OPENAI_TIMEOUT))))


def over_either(line: Line, exchange: "Exchange") -> Answer:
    """A compatible server may have no Responses API; once it answered over the other, that is remembered."""
    guessing = settings.OPENAI_API == "auto" and settings.OPENAI_BASE_URL
    if settings.OPENAI_API == "chat" or (guessing and line.chat_only):
        return exchange.over(chat)
    try:
        return exchange.over(responses)
    except ProviderError as error:
        if not guessing or error.status not in (404, 405):
            raise
    said = exchange.over(chat)
    line.chat_only = True
    return said


class Patience:
    """Until when it may be tried again, and until when an answer may go on."""

    def __init__(self, timeout: float):
        started = time.monotonic()
        self.last_try, self.end = started + timeout / 2, started + timeout * 1.5

    def allows(self, wait: float) -> bool:
        return time.monotonic() + wait <= self.last_try


@dataclass
class Exchange:
    client: openai.OpenAI
    question: Question
    patience: Patience

    def over(self, api: Any) -> Answer:
        """Busy servers, faults and broken connections are tried again, ever later; never once text was passed on."""
        for tries in range(1, TRIES):
            try:
                return self.listen(api)
            except ProviderError as error:
                wait = backoff(tries) if error.wait is None else error.wait
                if not error.again or not self.patience.allows(wait):
                    raise
            time.sleep(wait)
        return self.listen(api)

    def listen(self, api: Any) -> Answer:
        said = Answer()
        try:
            with closing(self.pieces(api, said)) as pieces:
                for piece in pieces:
                    self.question.on_text(piece)
        except ProviderError as error:
            logger.warning("%s %s", error, particulars(error.__cause__))
            error.again = error.again and not said.text
            raise
        return said

    def pieces(self, api: Any, said: Answer) -> Generator[str, None, None]:
        readable = False
        try:
            with api.start(self.client, self.question) as stream:
                said.opened, readable = True, "event-stream" in stream.response.headers.get("content-type", "")
                stream.response.stream = Limited(stream.response, self.patience.end)
                for event in stream:
                    if piece := storable(api.take(said, event)):
                        said.text += piece
                        yield piece
        except (openai.OpenAIError, *SLOPPY) as error:
            if not said.finished:
                raise explain(error, opened=said.opened) from error
        if not said.finished:
            raise fault(BROKE_OFF) if readable else ProviderError(UNREADABLE)


def backoff(tries: int) -> float:
    return BACKOFF * 2 ** (tries - 1) * random.uniform(0.75, 1.25)  # noqa: S311


class Limited(httpx2.SyncByteStream):
    """A stream that ends in time, even if it drips: each byte would start the time-out of a read anew."""

    def __init__(self, response: Any, end: float):
        self.stream, self.request, self.end = response.stream, response.request, end

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.stream:
            if time.monotonic() > self.end:
                raise openai.APITimeoutError(self.request)
            yield chunk

    def close(self) -> None:
        self.stream.close()


def reply(question: Question, said: Answer) -> Reply:
    calls = [draft.request() for draft in said.drafts]
    usage = said.usage or estimate(question, said)
    model = (said.model or settings.OPENAI_MODEL)[:100]
    return Reply(said.text, calls, usage.read, usage.written, model, cost(model, usage))


def estimate(question: Question, said: Answer) -> Usage:
    """Four letters a token, where a server does not count."""
    written = said.text + "".join(draft.name + draft.arguments for draft in said.drafts)
    return Usage(len(json.dumps([question.messages, question.tools], default=str)) // 4, len(written) // 4)
