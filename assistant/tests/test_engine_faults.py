"""Models and servers that misbehave: each ends in a clear message, and nothing is done by halves."""

import json
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test import override_settings
from django.utils import timezone

from assistant import engine
from assistant.models import ToolCall, Turn
from assistant.router import HELP
from assistant.tools import ToolError, all_tools
from common.people.models import Profile
from common.tenancy import org_scope
from common.testing.committed import CommittedTestCase

from .engine_case import EngineTestCase
from .openai_server import Calls, Cut, Fault, Garbage, Hang, OpenAIServer, Page, Text

TO_500 = "Think it over, and then change John's value to 500"


class OverBoth:
    """Runs each test over both of OpenAI's APIs."""

    # --- the server

    def test_without_a_key_it_says_what_it_can_do(self: Any) -> None:
        with override_settings(OPENAI_API_KEY=""):
            self.assertEqual(self.answer("Explain the meaning of life to me")["message"], HELP)
        self.assertEqual(self.server.paths, [])

    def test_a_wrong_key(self: Any) -> None:
        with override_settings(OPENAI_API_KEY="sk-wrong"):
            error = self.error("Explain John's deal")
        self.assertEqual(error, "The language model's server refused the key. Check OPENAI_API_KEY.")

    def test_a_busy_or_faulty_server_is_asked_again(self: Any) -> None:
        for fault in (Fault(429, "rate_limit_exceeded", retry_after="0"), Fault(503, retry_after="0"), Cut(), Garbage()):
            self.assertEqual(self.answer("Explain John's deal", fault, Text("Fine."))["message"], "Fine.")

    def test_what_stays_broken_is_told(self: Any) -> None:
        with override_settings(OPENAI_TIMEOUT=0.5):
            for fault, says in (
                (Fault(429, "insufficient_quota"), "no quota left"),
                (Fault(500, retry_after="9"), "has a fault (500)"),
                (Page(404), "was not found"),
                (Hang(), "did not answer in time"),
                (Hang("Well, "), "did not answer in time"),
                (Cut("Well, "), "broke off"),
            ):
                self.assertIn(says, self.error("Explain John's deal", fault))
        self.assertEqual(self.calls(), [])

    def test_what_was_done_before_a_fault_is_told_and_can_be_undone(self: Any) -> None:
        change = Calls(("update_lead_data", {"id": self.john, "value": 500}), ("delete_lead", {"id": self.ada}))
        error = self.error(TO_500, change, Cut("I have"))
        self.assertEqual(error, "The language model's answer broke off. Please ask again. Before that: Updated John Smith.")
        self.answer("yes", Text("Yes what?"))  # nobody has seen the proposal to delete Ada
        self.assertIsNone(self.now(self.ada).deleted_at)
        self.assertEqual(self.answer("undo that")["message"], "Undone.")
        self.assertEqual(self.now().value, 100)

    # --- the model

    def test_wrong_calls_are_answered_with_what_is_wrong(self: Any) -> None:
        wrong = [
            ("update_lead_data", '{"id": "x'),
            ("update_lead_data", "[1, 2]"),
            ("update_lead_data", '"text"'),
            ("update_lead_data", {"id": self.john, "value": "lots"}),
            ("update_lead_data", {"id": self.john, "value": 1e30}),
            ("update_lead_data", {"id": self.john, "name": {"a": 1}}),
            ("update_lead_data", {"id": self.john, "shoe_size": 4}),
            ("update_lead_data", {"id": [self.john], "value": 5}),
            ("update_lead_data", {"value": 5}),
            ("create_lead", "null"),
            ("create_lead", {"name": "\x00"}),
            ("drop\x00 tables; --", "{}"),
            ("drop_all_tables", {"sure": True}),
            ("find_tools", "[]"),
        ]
        before = self.changes()
        self.answer("Think it over, and then update John's value to 5 or create a lead a b", Calls(*wrong), Text("I cannot."))
        *outcomes, _ = [json.loads(text) for text in self.server.requests[1].results]
        self.assertEqual({outcome["status"] for outcome in outcomes}, {"failed"})
        self.assertIn("not JSON", outcomes[0]["error"])
        self.assertIn("value", outcomes[3]["details"])
        self.assertIn("There is no tool", outcomes[-1]["error"])
        self.assertEqual(self.changes(), before)

    def test_a_model_that_repeats_itself_is_stopped(self: Any) -> None:
        same = [Calls(("search_leads", {"search": "john"})) for _ in range(9)]
        self.assertIn("kept asking for the same", self.error("Explain John's deal", *same))
        self.assertEqual(len(self.server.requests), 3)

    def test_a_model_that_never_ends_is_stopped(self: Any) -> None:
        other = [Calls(("search_leads", {"search": f"john {number}"})) for number in range(9)]
        self.assertIn("I stopped after 8 steps", self.error("Explain John's deal", *other))
        self.assertEqual(len(self.server.requests), 8)

    def test_twenty_tools_at_once_or_one_by_one(self: Any) -> None:
        def update(number: int) -> Any:
            return "update_lead_data", {"id": self.john, "value": number}

        said = "Think it over, and then update John's value to 1, 2, 3 and so on"
        self.assertIn("more than 15", self.error(said, Calls(*map(update, range(20)))))
        self.assertEqual((self.now().value, self.calls()), (100, []))
        three = [Calls(*map(update, range(start, start + 3))) for start in range(0, 21, 3)]
        self.assertIn("more than 15", self.error(said, *three))
        self.assertEqual(len(self.calls()), 15)

    def test_results_are_capped(self: Any) -> None:
        for number in range(30):
            self.make_lead(f"Long {number}", notes="x" * 5_000)
        self.answer("Explain the long ones", Calls(("search_leads", {"search": "long", "limit": 50})), Text("Long."))
        [result] = self.server.requests[1].results
        self.assertLess(len(result), 25_000)
        self.assertIn("more are left out", result)

    def test_an_empty_answer(self: Any) -> None:
        self.assertEqual(self.answer("Explain John's deal", Text(""))["message"], "I have nothing to say to that.")

    # --- in between

    def test_a_record_deleted_between_proposal_and_confirmation(self: Any) -> None:
        self.answer("Explain John", Calls(("convert_lead", {"id": self.john})), Text("Convert?"))
        self.client_of(self.alice).delete(f"/api/v1/leads/{self.john}/")
        self.assertEqual(self.answer("yes")["message"], "That did not work: Not found.")
        self.assertIsNone(self.now().converted_at)

    def test_a_record_changed_in_between_is_asked_about_anew(self: Any) -> None:
        self.answer("Explain John", Calls(("update_lead_data", {"id": self.john, "value": 0})), Text("To 0?"))
        self.client_of(self.alice).patch(f"/api/v1/leads/{self.john}/", {"value": 900})
        result = self.answer("yes")
        self.assertIn("changed since I asked", result["message"])
        [proposal] = result["proposals"]
        self.assertEqual([float(value) for value in proposal["diff"][0]["changes"]["value"]], [900, 0])
        self.assertEqual(self.now().value, 900)
        self.assertEqual(self.answer("yes")["message"], "Updated John Smith.")
        self.assertEqual(self.now().value, 0)

    def test_rights_lost_between_proposal_and_confirmation(self: Any) -> None:
        mine = self.make_lead("Maxs Lead", self.max)
        self.answer("Explain my lead", Calls(("convert_lead", {"id": mine})), Text("Convert?"), profile=self.max)
        with org_scope(self.org):
            Profile.objects.filter(pk=self.max.pk).update(role=self.vic.role)
        self.assertIn("Your role may not", self.answer("yes", profile=self.max)["message"])
        self.assertIsNone(self.now(mine).converted_at)

    # --- a turn that is taken up again

    def test_a_turn_goes_on_where_it_was(self: Any) -> None:
        self.server.script += [Calls(("update_lead_data", {"id": self.john, "value": 500})), Text("Well."), Text("Done.")]
        turn = self.interrupted(TO_500)
        self.assertEqual((turn.state, turn.attempt, turn.result["message"]), ("SUCCESS", 2, "Done."))
        self.assertEqual(self.calls(), [("update_lead_data", "done")])
        self.assertEqual(len(self.server.requests), 3)  # the first answer was asked for once

    def test_so_do_a_yes_and_an_undo(self: Any) -> None:
        self.answer("Explain John", Calls(("update_lead_data", {"id": self.john, "value": 0})), Text("To 0?"))
        turn = self.interrupted("yes")
        self.assertEqual((turn.result["message"], len(turn.result["actions_performed"])), ("Updated John Smith.", 1))
        self.answer(TO_500, Calls(("update_lead_data", {"id": self.john, "value": 500})), Text("Done."))
        self.assertEqual(self.interrupted("undo that").result["message"], "Undone.")
        self.assertEqual(self.now().value, 0)  # the second one stands

    def interrupted(self: Any, message: str) -> Turn:
        """A turn whose worker dies before it can say that it is done."""
        with org_scope(self.alice):
            turn = engine.start(self.alice, message)
            engine.answer(turn.pk)
            self.assertEqual(Turn.objects.get(pk=turn.pk).state, "SUCCESS")
            steps = Turn.objects.get(pk=turn.pk).steps[:1]
            long_ago = timezone.now() - timedelta(minutes=3)
            Turn.objects.filter(pk=turn.pk).update(state="PROCESSING", result=None, steps=steps, updated_at=long_ago)
            self.assertEqual([waiting.pk for waiting in engine.unfinished()], [turn.pk])
            engine.answer(turn.pk)
            engine.answer(turn.pk)  # delivered twice
            return Turn.objects.get(pk=turn.pk)

    def test_a_turn_that_is_worked_at_is_left_alone(self: Any) -> None:
        with org_scope(self.alice):
            turn = engine.start(self.alice, TO_500)
            Turn.objects.filter(pk=turn.pk).update(state="PROCESSING", attempt=1)
            engine.answer(turn.pk)
            self.assertEqual((Turn.objects.get().state, list(engine.unfinished())), ("PROCESSING", []))
            Turn.objects.filter(pk=turn.pk).update(attempt=9, updated_at=timezone.now() - timedelta(minutes=3))
            engine.answer(turn.pk)
            self.assertIn("each try broke off", Turn.objects.get().error)

    def test_half_an_hour_is_enough(self: Any) -> None:
        with org_scope(self.alice):
            turn = engine.start(self.alice, TO_500)
            Turn.objects.filter(pk=turn.pk).update(created_at=timezone.now() - timedelta(minutes=31))
            engine.answer(turn.pk)
            self.assertIn("longer than 30 minutes", Turn.objects.get().error)


class ResponsesFaultsTest(OverBoth, EngineTestCase):
    api = "responses"


class ChatFaultsTest(OverBoth, EngineTestCase):
    api = "chat"


class AtOnceTest(CommittedTestCase):
    """Real threads, and rows that are committed."""

    def propose(self) -> ToolCall:
        made = self.client_of(self.alice).post("/api/v1/leads/", {"name": "John Smith"}).json()
        all_tools()
        with org_scope(self.alice):
            return engine.use_tool(self.alice, "convert_lead", {"id": made["id"]})

    def test_two_confirmations_at_once_do_it_once(self) -> None:
        call = self.propose()

        def confirm() -> Any:
            with org_scope(self.alice):
                return engine.confirm(self.alice, call.pk)

        results = self.at_once(*[confirm] * 4)
        self.assertEqual(sum(isinstance(result, ToolCall) for result in results), 1)
        refused = [result for result in results if isinstance(result, ToolError)]
        self.assertEqual([(error.message, error.code) for error in refused], [("This was answered already.", 409)] * 3)
        self.assertEqual(self.client_of(self.alice).get("/api/v1/accounts/").json()["count"], 1)

    def test_two_workers_at_one_turn_do_it_once(self) -> None:
        made = self.client_of(self.alice).post("/api/v1/leads/", {"name": "John Smith"}).json()
        comment = Calls(("comment_on_lead", {"id": made["id"], "comment": "Hi"}))
        with OpenAIServer([comment, Text("Done.")]) as server, self.settings(OPENAI_API="chat", **server.settings):
            with org_scope(self.alice):
                turn = engine.start(self.alice, "Think it over, and then add a comment to John: Hi")

            def work() -> Any:
                with org_scope(self.alice):
                    engine.answer(turn.pk)

            self.at_once(*[work] * 4)
        self.assertEqual(len(server.requests), 2)
        self.assertEqual(self.client_of(self.alice).get(f"/api/v1/leads/comment/{made['id']}/").json()["count"], 1)

    def test_a_worker_that_was_given_up_changes_nothing_more(self) -> None:
        made = self.client_of(self.alice).post("/api/v1/leads/", {"name": "John Smith"}).json()

        def slow(request: Any) -> Any:
            with org_scope(self.alice):
                Turn.objects.update(attempt=7)  # another has taken it up meanwhile
            connection.close()
            return Calls(("comment_on_lead", {"id": made["id"], "comment": "Hi"}))

        with OpenAIServer(slow) as server, self.settings(OPENAI_API="chat", **server.settings):
            turn = engine.say(self.alice, "Think it over, and then add a comment to John: Hi")
        self.assertEqual(turn.state, "PROCESSING")
        self.assertEqual(self.client_of(self.alice).get(f"/api/v1/leads/comment/{made['id']}/").json()["count"], 0)

    def test_the_same_call_at_once_is_done_once(self) -> None:
        made = self.client_of(self.alice).post("/api/v1/leads/", {"name": "John Smith"}).json()
        all_tools()
        with org_scope(self.alice):
            turn = engine.start(self.alice, "x")

        def use() -> Any:
            with org_scope(self.alice):
                return engine.use_tool(self.alice, "comment_on_lead", {"id": made["id"], "comment": "Hi"}, turn=turn, key="0.0")

        results = self.at_once(*[use] * 4)
        self.assertEqual(len({getattr(call, "pk", repr(call)) for call in results}), 1, results)
        self.assertEqual(self.client_of(self.alice).get(f"/api/v1/leads/comment/{made['id']}/").json()["count"], 1)
