"""A model that refuses, fails, hangs or breaks off: each ends in time, in words for people."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from django.test import SimpleTestCase, override_settings

from assistant.providers import ProviderError, Reply, ask

from .openai_server import Calls, Cut, Fault, Garbage, Hang, OpenAIServer, Page, Text

SECRETS = "<html", "sk-test", "Traceback", "Something is wrong"


class FaultsOverBoth:
    """Runs each test over both APIs: mix with SimpleTestCase."""

    api = ""
    #: A piece of a stream that says that the model failed.
    failure = ""
    #: One that says that the provider does not let it answer.
    refusal = ""

    def setUp(self) -> None:
        self.heard: list[str] = []

    def ask(self, server: OpenAIServer, **settings: Any) -> Reply:
        with override_settings(OPENAI_API=self.api, **server.settings | settings):
            return ask([{"role": "user", "content": "Hello"}], [], on_text=self.heard.append)

    def fail(self, *script: Any, **settings: Any) -> tuple[str, int]:
        """What people are told, and after how many requests."""
        with OpenAIServer([*script]) as server, self.assertLogs("assistant") as logs:
            with self.assertRaises(ProviderError) as raised:
                self.ask(server, **settings)
        text = str(raised.exception)
        for secret in (*SECRETS, server.key):
            assert secret not in text and secret not in str(logs.output), (text, logs.output)
        return text, len(server.requests)

    def succeed(self, *script: Any, **settings: Any) -> tuple[str, int]:
        with OpenAIServer([*script]) as server:
            return self.ask(server, **settings).text, len(server.requests)

    # --- what no second try would help

    def test_a_wrong_key_is_said_to_be_one(self) -> None:
        text, _ = self.fail(OPENAI_API_KEY="sk-wrong-0123456789")
        assert text == "The language model's server refused the key. Check OPENAI_API_KEY."

    def test_refusals_are_explained_at_once(self) -> None:
        for fault, explanation in [
            (Fault(403), "does not allow this key"),
            (Fault(404, "model_not_found"), "“gpt-6.1-terra” was not found. Check OPENAI_MODEL"),
            (Fault(403, "model_not_found"), "“gpt-6.1-terra” was not found. Check OPENAI_MODEL"),
            (Fault(429, "insufficient_quota"), "no quota left"),
            (Fault(402), "no quota left"),
            (Fault(400, "context_length_exceeded"), "too long"),
            (Fault(413), "too long"),
            (Fault(400, message="<html>sk-test</html>"), "did not accept the request (400)"),
            (Fault(422), "did not accept the request (422)"),
        ]:
            with self.subTest(fault=fault):
                text, requests = self.fail(fault)
                assert explanation in text and requests == 1, text

    def test_a_provider_that_withholds_the_answer(self) -> None:
        assert self.fail(Garbage(self.refusal)) == ("The language model's provider refused to answer this.", 1)

    def test_a_page_instead_of_a_stream(self) -> None:
        text, requests = self.fail(Page(200))
        assert text.endswith("could not be read. If this goes on, check OPENAI_BASE_URL.") and requests == 1

    # --- what a second try may help

    def test_busy_and_faulty_servers_are_asked_again(self) -> None:
        for fault in (
            Fault(429, retry_after="0"),
            Fault(500, retry_after="0"),
            Fault(503, retry_after="0"),
            Fault(409, retry_after="0"),
        ):
            assert self.succeed(fault, fault, Text("Hi")) == ("Hi", 3)
        assert self.succeed(Page(502), Text("Hi")) == ("Hi", 2)

    def test_not_for_ever(self) -> None:
        busy, requests = self.fail(*[Fault(429, "rate_limit_exceeded", retry_after="0")] * 9)
        assert busy == "The language model is busy: it has too many requests. Please try again in 60 seconds." and requests == 4
        faulty, requests = self.fail(*[Fault(503, retry_after="0")] * 9)
        assert faulty == "The language model's server has a fault (503). Please try again later." and requests == 4

    def test_retry_after_is_waited_for(self) -> None:
        started = time.monotonic()
        assert self.succeed(Fault(429, retry_after="1"), Text("Hi"))[0] == "Hi"
        assert time.monotonic() - started >= 1

    def test_a_date_in_retry_after_is_understood(self) -> None:
        soon = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
        text, requests = self.fail(Fault(429, retry_after=soon))
        assert "again later" in text
        assert requests == 1

    def test_nobody_waits_for_longer_than_anybody_would(self) -> None:
        assert "in 120 seconds" in self.fail(Fault(429, retry_after="120"))[0]
        assert "again later" in self.fail(Fault(429, retry_after="inf"))[0]

    def test_pages_of_proxies_are_not_shown(self) -> None:
        text, _ = self.fail(Page(502), OPENAI_TIMEOUT=0.2)
        assert text == "The language model's server has a fault (502). Please try again later."

    def test_nothing_listens(self) -> None:
        with OpenAIServer() as server:
            pass
        with self.assertRaisesMessage(ProviderError, "could not be reached"), self.assertLogs("assistant") as logs:
            self.ask(server, OPENAI_TIMEOUT=2)
        assert len(logs.output) == 2  # after half a second, and not after one more

    # --- silence

    def test_a_model_that_hangs_is_given_up(self) -> None:
        for hang in (Hang(), Hang(text="Hel"), Hang(drip=0.05)):
            with self.subTest(hang=hang):
                started = time.monotonic()
                text, requests = self.fail(hang, OPENAI_TIMEOUT=0.4)
                assert text == "The language model did not answer in time. Please ask again." and requests == 1
                assert 0.4 <= time.monotonic() - started < 30  # it would hang for a minute

    # --- half a stream

    def test_a_stream_that_breaks_before_any_text_is_asked_for_again(self) -> None:
        for broken in (Cut(), Cut(cleanly=True), Garbage()):
            with self.subTest(broken=broken):
                self.heard.clear()
                assert self.succeed(broken, Text("Hi there")) == ("Hi there", 2)
                assert "".join(self.heard) == "Hi there"

    def test_after_some_text_it_is_not(self) -> None:
        for broken in (Cut("Hel"), Cut("Hel", cleanly=True)):
            with self.subTest(broken=broken):
                self.heard.clear()
                text, requests = self.fail(broken, Text("Hello"))
                assert text == "The language model's answer broke off. Please ask again." and requests == 1
                assert "".join(self.heard) == "Hel"

    def test_a_stream_that_cannot_be_read(self) -> None:
        for line in (
            "data: {not json\n\n",
            "data: []\n\n",
            'data: {"choices": 5, "type": 5}\n\n',
            "data: \xff\n\n",
            "data: null\n\n",
        ):
            with self.subTest(line=line):
                text, requests = self.fail(Garbage(line, text="Hel"), Text("Hello"))
                assert "could not be read" in text or "broke off" in text, text
                assert requests == 1

    def test_a_failure_told_within_the_stream(self) -> None:
        assert self.succeed(Garbage(self.failure), Text("Hi")) == ("Hi", 2)
        text, requests = self.fail(Garbage(self.failure, text="Hel"), Text("Hi"))
        assert "has a fault (500)" in text and requests == 1

    def test_half_a_call_is_none(self) -> None:
        def cut(request: Any) -> Cut:
            return Cut()

        with (
            OpenAIServer([cut, Calls(("search_leads", "{}"))]) as server,
            override_settings(OPENAI_API=self.api, **server.settings),
        ):
            reply = ask([{"role": "user", "content": "Hello"}], [])
        assert [call.name for call in reply.calls] == ["search_leads"]


class ResponsesFaultsTest(FaultsOverBoth, SimpleTestCase):
    api = "responses"
    failure = 'data: {"type": "response.failed", "response": {"error": {"code": "server_error", "message": "<html>"}}}\n\n'
    refusal = (
        'data: {"type": "response.incomplete", "response": '
        '{"model": "m", "output": [], "incomplete_details": {"reason": "content_filter"}}}\n\n'
    )

    def test_an_error_event(self) -> None:
        line = 'data: {"type": "error", "code": "rate_limit_exceeded", "message": "<html>", "param": null}\n\n'
        assert self.succeed(Garbage(line), Text("Hi")) == ("Hi", 2)
        assert "is busy" in self.fail(Garbage(line, text="Hel"))[0]


class ChatFaultsTest(FaultsOverBoth, SimpleTestCase):
    api = "chat"
    failure = 'data: {"error": {"code": "server_error", "message": "<html>"}}\n\n'
    refusal = 'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "content_filter"}]}\n\n'
