"""Language models over both APIs: what is sent, what comes back, and what it costs."""

import os
from decimal import Decimal
from threading import Thread
from typing import Any
from unittest.mock import patch

from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase, override_settings

from assistant.providers import ProviderError, Reply, ToolRequest, ask, is_configured
from assistant.providers.chat import own
from assistant.providers.exchange import line_to
from crm.settings import model_prices

from .openai_server import Calls, Garbage, OpenAIServer, Text

HELLO = [{"role": "user", "content": "Hello"}]
SEARCH = {"name": "search_leads", "description": "Leads.", "parameters": {"type": "object", "properties": {}}}


class OverBoth:
    """Runs each test over both APIs: mix with SimpleTestCase."""

    api = ""

    def ask(self, server: OpenAIServer, messages: Any = HELLO, tools: Any = (), **options: Any) -> Reply:
        with override_settings(OPENAI_API=self.api, **server.settings):
            return ask(list(messages), list(tools), **options)

    def test_text_comes_in_pieces_and_as_a_whole(self) -> None:
        heard: list[str] = []
        with OpenAIServer([Text("Good morning, Alice ☀")]) as server:
            reply = self.ask(server, on_text=heard.append)
        assert reply.text == "".join(heard) == "Good morning, Alice ☀"
        assert len(heard) > 3 and reply.calls == []
        assert (reply.input_tokens, reply.output_tokens, reply.model) == (100, 20, "gpt-6.1-terra")

    def test_arguments_of_calls_are_as_the_model_wrote_them(self) -> None:
        broken = '{"status": "Meeting boo'
        script = [Calls(("search_leads", {"search": "Acme"}), ("create_lead", broken), ("count_leads", ""), text="Let me see.")]
        with OpenAIServer(script) as server:
            reply = self.ask(server)
        assert [(call.name, call.arguments) for call in reply.calls] == [
            ("search_leads", '{"search": "Acme"}'),
            ("create_lead", broken),
            ("count_leads", ""),
        ]
        assert len({call.id for call in reply.calls}) == 3
        assert reply.text == "Let me see."

    def test_the_whole_conversation_is_sent(self) -> None:
        call = ToolRequest("call_1", "search_leads", '{"search": "Acme"}')
        messages = [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Which leads?"},
            {"role": "assistant", "content": "Looking.", "calls": [call]},
            {"role": "tool", "call_id": "call_1", "content": "[]"},
            {"role": "assistant", "content": "", "calls": [ToolRequest("call_2", "search_leads", "{oops")]},
            {"role": "tool", "call_id": "call_2", "content": "Malformed"},
            {"role": "assistant", "content": "None.", "calls": []},
        ]
        with OpenAIServer([Text("So it is.")]) as server:
            self.ask(server, messages, [SEARCH])
        [request] = server.requests
        assert request.said == [
            ("system", "Be brief."),
            ("user", "Which leads?"),
            ("assistant", "Looking."),
            ("call", 'search_leads({"search": "Acme"})'),
            ("tool", "[]"),
            ("call", "search_leads({})"),  # what cannot be read is not sent back
            ("tool", "Malformed"),
            ("assistant", "None."),
        ]
        assert (request.api, request.tools, request["stream"]) == (self.api, ["search_leads"], True)

    def test_what_no_database_keeps_is_taken_out(self) -> None:
        heard: list[str] = []
        with OpenAIServer([Calls(("x", "a\0\ud800b"), text="a\0b\ud800c")]) as server:
            reply = self.ask(server, on_text=heard.append)
        assert (reply.text, "".join(heard), reply.calls[0].arguments) == ("ab?c", "ab?c", "a?b")

    def test_what_on_text_raises_is_its_own_affair(self) -> None:
        with OpenAIServer([Text("Hello")]) as server, self.assertRaisesMessage(ValueError, "mine"):
            self.ask(server, on_text=lambda piece: (_ for _ in ()).throw(ValueError("mine")))

    def test_cost_counts_cached_tokens_for_what_they_cost(self) -> None:
        with OpenAIServer([Text("Hi", usage=(1_000_000, 200_000), cached=400_000)]) as server:
            assert self.ask(server).cost == Decimal("0.6") * 1 + Decimal("0.4") * Decimal("0.05") + Decimal("0.2") * 5

    @override_settings(OPENAI_PRICES={"small": [Decimal("0.4"), Decimal("1.6")]}, OPENAI_MODEL="other")
    def test_cost_goes_by_the_model_that_answered(self) -> None:
        usage = {"usage": (1_000_000, 1_000_000), "cached": 1000}
        script = [Text("Hi", model=model, **usage) for model in ("small", "small-2026-11-01", "small-large", "")]
        with OpenAIServer(script) as server:
            replies = [self.ask(server) for _ in range(4)]
        assert [reply.cost for reply in replies] == [2, 2, 0, 0]
        assert [reply.model for reply in replies] == ["small", "small-2026-11-01", "small-large", "other"]

    def test_tokens_are_estimated_where_the_server_does_not_count(self) -> None:
        with OpenAIServer([Text("x" * 400, usage=None)]) as server:
            reply = self.ask(server, [{"role": "user", "content": "y" * 4000}])
        assert reply.output_tokens == 100 and 1000 < reply.input_tokens < 1030
        assert reply.cost > 0

    def test_one_client_answers_many_threads(self) -> None:
        said: list[str] = []
        with (
            OpenAIServer(lambda request: Text(request.said[0][1].upper())) as server,
            override_settings(OPENAI_API=self.api, **server.settings),
        ):
            asked = [
                Thread(target=lambda n=n: said.append(ask([{"role": "user", "content": f"no {n}"}], []).text)) for n in range(8)
            ]
            for thread in asked:
                thread.start()
            for thread in asked:
                thread.join()
            assert line_to.cache_info().currsize == 1
        assert sorted(said) == sorted(f"NO {n}" for n in range(8))

    def test_another_server_in_the_settings_is_the_one_that_is_asked(self) -> None:
        with OpenAIServer([Text("one")]) as first, OpenAIServer([Text("two")]) as second:
            assert [self.ask(first).text, self.ask(second).text] == ["one", "two"]


class ResponsesTest(OverBoth, SimpleTestCase):
    api = "responses"

    def test_nothing_is_stored_and_schemas_are_not_strict(self) -> None:
        with OpenAIServer([Text("Hi"), Text("Hi")]) as server:
            self.ask(server, tools=[SEARCH])
            self.ask(server)
        with_tools, without = server.requests
        assert with_tools["store"] is False and with_tools["tools"] == [{"type": "function", "strict": False, **SEARCH}]
        assert "tools" not in without

    def test_text_that_was_not_streamed_is_read_all_the_same(self) -> None:
        answer = '{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "All at once"}]}'
        line = f'data: {{"type": "response.completed", "response": {{"model": "m", "output": [{answer}], "usage": {{}}}}}}\n\n'
        heard: list[str] = []
        with OpenAIServer([Garbage(line)]) as server:
            reply = self.ask(server, on_text=heard.append)
        assert (reply.text, heard, reply.input_tokens) == ("All at once", ["All at once"], 0)


class ChatTest(OverBoth, SimpleTestCase):
    api = "chat"

    def test_usage_is_asked_for_and_no_word_that_others_may_not_know(self) -> None:
        with OpenAIServer([Text("Hi")]) as server:
            self.ask(server, tools=[SEARCH])
        [request] = server.requests
        assert set(request) == {"model", "messages", "stream", "stream_options", "tools"}
        assert request["stream_options"] == {"include_usage": True}
        assert request["tools"] == [{"type": "function", "function": SEARCH}]

    def test_openai_itself_is_told_to_store_nothing(self) -> None:
        assert own(line_to("https://eu.api.openai.com/v1", "sk-x", 1).client) == {"store": False}
        assert own(line_to("http://openai.com.example/v1", "sk-x", 1).client) == {}

    def test_calls_that_all_have_the_number_0_are_told_apart(self) -> None:
        def call(pk: str, text: str) -> str:
            calls = f'[{{"index": 0, "id": {pk}, "function": {{"name": "f", "arguments": "{text}"}}}}]'
            return f'data: {{"choices": [{{"delta": {{"tool_calls": {calls}}}}}]}}\n\n'

        end = 'data: {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]}\n\n'
        with OpenAIServer([Garbage(call('"a"', "1") + call("null", "2") + call('"b"', "3") + call("null", "4") + end)]) as server:
            reply = self.ask(server)
        assert [(call.id, call.arguments) for call in reply.calls] == [("a", "12"), ("b", "34")]


class ChoiceOfAPITest(SimpleTestCase):
    def test_responses_come_first(self) -> None:
        with OpenAIServer([Text("Hi")]) as server, self.settings(**server.settings):
            ask(HELLO, [])
        assert [request.api for request in server.requests] == ["responses"]

    def test_a_server_without_responses_is_asked_the_other_way_and_remembered(self) -> None:
        for status in (404, 405):
            with OpenAIServer([Text("one"), Text("two")], apis=("chat",)) as server, self.settings(**server.settings):
                server.missing = status
                assert [ask(HELLO, []).text, ask(HELLO, []).text] == ["one", "two"]
            assert server.paths == ["/v1/responses", "/v1/chat/completions", "/v1/chat/completions"]

    def test_a_server_with_neither_has_no_such_model(self) -> None:
        with OpenAIServer([], apis=()) as server, self.settings(OPENAI_MODEL="gpt-0", **server.settings):
            for _ in range(2):
                with self.assertRaisesMessage(ProviderError, "The language model “gpt-0” was not found"):
                    ask(HELLO, [])
        assert server.paths == ["/v1/responses", "/v1/chat/completions"] * 2

    def test_a_choice_in_the_settings_is_kept(self) -> None:
        with OpenAIServer([], apis=("chat",)) as server, self.settings(OPENAI_API="responses", **server.settings):
            with self.assertRaisesMessage(ProviderError, "was not found"):
                ask(HELLO, [])
        assert server.paths == ["/v1/responses"]


class SettingsTest(SimpleTestCase):
    def test_without_a_key_no_model_is_set_up(self) -> None:
        with OpenAIServer([Text("Hi")]) as server, self.settings(**server.settings | {"OPENAI_API_KEY": ""}):
            assert not is_configured()
            with self.assertRaisesMessage(ProviderError, "No language model is set up"):
                ask(HELLO, [])
        assert server.paths == []

    def test_with_a_key_one_is(self) -> None:
        with self.settings(OPENAI_API_KEY="sk-x"):
            assert is_configured()

    def test_prices_of_other_models_come_from_the_environment(self) -> None:
        with patch.dict(os.environ, OPENAI_PRICES='{"mine": [0.4, 1.6], "gpt-6-luna": [1, 2, 0.5]}'):
            prices = model_prices()
        assert prices["mine"] == [Decimal("0.4"), Decimal("1.6")]
        assert prices["gpt-6-luna"] == [1, 2, Decimal("0.5")]
        assert prices["gpt-6.1-terra"] == [1, 5, Decimal("0.05")]

    def test_prices_that_are_none_keep_it_from_starting(self) -> None:
        for wrong in ('{"mine": 3}', '{"mine": [1]}', '{"mine": ["a", "b"]}', "[1, 2]", "x"):
            with patch.dict(os.environ, OPENAI_PRICES=wrong), self.assertRaisesMessage(ImproperlyConfigured, "OPENAI_PRICES"):
                model_prices()
