"""What a model may do at once, what it only proposes, and what it is told."""

import json
from decimal import Decimal
from typing import Any

import time_machine
from django.test import override_settings

from assistant import engine
from assistant.models import Turn
from common.records.models import Comment
from common.tenancy import org_scope
from leads.models import Lead

from .engine_case import EngineTestCase
from .openai_server import Calls, Text

LOOK = Calls(("search_leads", {"search": "john"}))


class OverBoth:
    """Runs each test over both of OpenAI's APIs."""

    def test_it_searches_and_answers(self: Any) -> None:
        result = self.answer("Explain why the deal with John stalled", LOOK, Text("Nobody called him."))
        self.assertEqual(result["message"], "Nobody called him.")
        self.assertEqual(result["ai_message"], result["message"])
        self.assertEqual([(lead["id"], lead["name"]) for lead in result["leads_data"]], [(self.john, "John Smith")])
        self.assertEqual((result["actions_performed"], result["proposals"]), ([], []))
        first, second = self.server.requests
        self.assertEqual({first.api, second.api}, {self.api})
        self.assertEqual([role for role, _ in first.said], ["system", "user"])
        self.assertIn("John Smith", json.loads(second.results[0])["untrusted_data_from_records"]["results"][0]["name"])

    def test_what_was_asked_for_is_done_at_once_and_undone_on_a_word(self: Any) -> None:
        change = Calls(("update_lead_data", {"id": self.john, "value": 500}))
        result = self.answer("Please find John and then change his value to 500", LOOK, change, Text("Done."))
        self.assertEqual(self.now().value, 500)
        [action] = result["actions_performed"]
        self.assertEqual((action["action"], action["status"], action["name"]), ("update_lead_data", "done", "John Smith"))
        self.assertEqual(self.answer("undo that")["message"], "Undone.")
        self.assertEqual(self.now().value, 100)
        self.assertEqual(self.answer("undo that")["message"], "There is nothing that I could undo.")

    def test_what_was_not_asked_for_is_proposed_and_done_on_yes(self: Any) -> None:
        change = Calls(("update_lead_data", {"id": self.john, "value": 0}))
        result = self.answer("Explain what John's notes say", LOOK, change, Text("Set his value to 0?"))
        self.assertEqual(self.now().value, 100)
        [proposal] = result["proposals"]
        self.assertEqual([float(value) for value in proposal["diff"][0]["changes"]["value"]], [100, 0])
        self.assertEqual(result["actions_performed"], [])
        result = self.answer("yes")
        self.assertEqual((self.now().value, result["message"]), (0, "Updated John Smith."))
        self.assertEqual(len(result["actions_performed"]), 1)

    def test_on_no_nothing_is_done_and_a_later_yes_means_nothing(self: Any) -> None:
        self.answer("Explain John", Calls(("update_lead_status", {"id": self.john, "status": "Closed lost"})), Text("Move?"))
        self.assertEqual(self.answer("No, thanks")["message"], "All right, I changed nothing.")
        self.answer("yes", Text("Yes what?"))
        self.assertEqual((self.now().stage.name, self.calls()), ("Interest", [("update_lead_status", "cancelled")]))

    def test_deleting_and_bulk_changes_are_proposed_whatever_was_said(self: Any) -> None:
        self.answer(
            "Think it over, and then delete the lead John Smith",
            Calls(("delete_lead", {"id": self.john})),
            Text("Delete John Smith?"),
        )
        self.assertIsNone(self.now().deleted_at)
        bulk = {"leads": [self.john, self.ada], "assigned_to": str(self.uma.pk)}
        self.answer(
            "Think it over, and then assign John Smith and Ada Byron to Uma",
            Calls(("bulk_assign_leads", bulk)),
            Text("Both to Uma?"),
        )
        with org_scope(self.org):
            self.assertFalse(self.now().assigned_to.exists())
        self.assertIn("Done", self.answer("ok!")["message"])
        with org_scope(self.org):
            self.assertEqual(self.now(self.ada).assigned_to.get(), self.uma)
        self.assertIsNone(self.now().deleted_at)  # "ok" was about the last question

    def test_many_small_changes_are_a_bulk_change(self: Any) -> None:
        steps = [(f"Lead {number}", self.make_lead(f"Lead {number}")) for number in range(7)]
        calls = Calls(*(("update_lead_data", {"id": pk, "company": "Acme"}) for _, pk in steps))
        result = self.answer(
            "Think it over, and then update the company of each lead to Acme", calls, Text("Five are done; two more?")
        )
        self.assertEqual((len(result["actions_performed"]), len(result["proposals"])), (5, 2))

    def test_who_wants_to_be_asked_is_asked(self: Any) -> None:
        self.prefer_to_be_asked()
        change = Calls(("update_lead_status", {"id": self.john, "status": "Meeting booked"}))
        result = self.answer("Think it over, and then move John to meeting booked", change, Text("Shall I?"))
        self.assertEqual((self.now().stage.name, len(result["proposals"])), ("Interest", 1))
        self.assertEqual(self.answer("Yes.")["message"], "Moved John Smith to Meeting booked.")

    def test_an_answer_to_a_question_means_what_was_asked_before(self: Any) -> None:
        self.make_lead("John Miller")
        both = Calls(("search_leads", {"search": "john"}))
        self.answer(
            "Think it over, and then move John to meeting booked, whichever is older", both, Text("John Smith or John Miller?")
        )
        self.answer(
            "The Smith that you found",
            Calls(("update_lead_status", {"id": self.john, "status": "Meeting booked"})),
            Text("Done."),
        )
        self.assertEqual(self.now().stage.name, "Meeting booked")

    def test_few_tools_are_shown_and_others_found(self: Any) -> None:
        found = Calls(("find_tools", {"query": "create a contact"}))
        self.answer("Explain how we stand, in general", found, Text("Fine."))
        first, second = self.server.requests
        self.assertLess(len(first.tools), 20)
        self.assertIn("search_leads", first.tools)
        self.assertIn("find_tools", first.tools)
        self.assertNotIn("create_contact", first.tools)
        self.assertIn("create_contact", second.tools)
        self.answer("Explain, too, how our accounts do", Text("Well."))
        self.assertIn("search_accounts", self.server.requests[2].tools)

    def test_a_model_is_told_the_last_ten_messages_of_a_day_until_they_are_cleared(self: Any) -> None:
        with time_machine.travel("2026-11-02T10:00:00Z", tick=True) as clock:
            for number in range(7):
                self.answer(f"Explain number {number} to me in general", Text(f"Answer {number}"))
            said = [text for role, text in self.server.requests[-1].said if role != "system"]
            self.assertEqual(len(said), 11)
            self.assertEqual((said[0], said[-1]), ("Explain number 1 to me in general", "Explain number 6 to me in general"))
            self.answer("Explain as somebody else", Text("Hm."), profile=self.max)
            self.assertEqual(len(self.server.requests[-1].said), 2)
            clock.shift(25 * 3600)
            self.answer("Explain it a day later", Text("Good morning."))
            self.assertEqual(len(self.server.requests[-1].said), 2)
            with org_scope(self.alice):
                engine.clear(self.alice)
            self.answer("Explain it after clearing", Text("Hello."))
            self.assertEqual(len(self.server.requests[-1].said), 2)

    def test_clearing_drops_proposals(self: Any) -> None:
        self.answer("Explain John", Calls(("delete_lead", {"id": self.john})), Text("Delete?"))
        with org_scope(self.alice):
            engine.clear(self.alice)
        self.answer("yes", Text("Yes what?"))
        self.assertEqual((self.now().deleted_at, self.calls()), (None, [("delete_lead", "cancelled")]))

    def test_tokens_and_cost_are_counted_and_bounded(self: Any) -> None:
        usage = {"usage": (1_000_000, 100_000)}
        turn = self.say("Explain John's deal", Calls(("search_leads", {}), **usage), Text("Well.", **usage))
        self.assertEqual((turn.input_tokens, turn.output_tokens, turn.model), (2_000_000, 200_000, "gpt-6-luna"))
        self.assertEqual(turn.cost, Decimal("0.3"))
        self.org_settings(monthly_limit=Decimal("0.30"))
        self.assertIn("limit for the language model is used up", self.answer("Explain it again, please")["message"])
        self.assertEqual(len(self.server.requests), 2)
        self.answer("Explain our deals", Text("Fine."), profile=self.mallory)  # their own purse

    def test_withheld_fields_never_leave(self: Any) -> None:
        self.org_settings(withheld_fields=["email", "notes"])
        self.client_of(self.alice).patch(f"/api/v1/leads/{self.john}/", {"notes": "He owns a castle."})
        reads = [(name, {"id": self.john}) for name in ("get_lead", "lead_history")]
        moved = ("update_lead_data", {"id": self.john, "email": "new@acme.example"})
        self.answer("Explain John", Calls(*reads, ("search_leads", {"search": "john"}), moved), Text("A lead."))
        with org_scope(self.alice), override_settings(OPENAI_API_KEY=""):
            spoken = engine.start(self.alice, "Say what John's address is")
            Turn.objects.filter(pk=spoken.pk).update(state="SUCCESS", result={"message": "It is john@acme.example."})
        self.answer("Explain that to me once more", Text("No."))
        sent = json.dumps(self.server.requests)
        self.assertIn("John Smith", sent)
        self.assertIn("Say what John's address is", sent)
        for secret in ("john@acme.example", "castle"):
            self.assertNotIn(secret, sent)
        self.assertEqual(self.now().email, "john@acme.example")

    def test_another_orgs_record_is_not_found(self: Any) -> None:
        names = ("get_lead", "delete_lead", "update_lead_data", "comment_on_lead", "update_lead_status", "lead_history")
        more = {"comment_on_lead": {"comment": "x"}, "update_lead_status": {"status": "Interest"}}
        calls = Calls(*((name, {"id": self.sam, **more.get(name, {})}) for name in names), ("search_leads", {"search": "secret"}))
        self.answer(f"Think it over, and then update, move, comment on and delete {self.sam}", calls, Text("There is none."))
        *outcomes, found = [json.loads(text) for text in self.server.requests[1].results]
        self.assertEqual({(outcome["status"], outcome["error"]) for outcome in outcomes}, {("failed", "Not found.")})
        self.assertNotIn("Secret Sam", json.dumps([outcomes, found]))

    def test_a_lower_role_does_no_more_over_the_assistant(self: Any) -> None:
        calls = Calls(
            ("update_lead_data", {"id": self.john, "value": 1}),
            ("delete_lead", {"id": self.john}),
            ("get_lead", {"id": self.john}),
        )
        for person, error in ((self.uma, "Not found."), (self.vic, "Your role may not")):
            self.answer(
                "Think it over, and then update John's value to 1 and delete him", calls, Text("I may not."), profile=person
            )
            for text in self.server.requests[-1].results:
                self.assertIn(error, json.loads(text)["error"])
        self.assertEqual(self.server.requests[-1].tools, ["search_everything", "find_tools"])  # a search finds nothing for Vic
        self.assertEqual((self.now().value, self.now().deleted_at), (100, None))

    def test_messages_of_all_kinds(self: Any) -> None:
        for text in ("مرحبا، من هو جون؟", "👩‍🚀🚀 ¿qué?", "‮evil‬ {name} %s {}", "x" * 10_000):
            self.assertEqual(self.answer(text, Text(f"Heard: {text[:50]}"))["message"], f"Heard: {text[:50]}")
            self.assertEqual(self.server.requests[-1].said[-1], ("user", text))

    def test_comments_are_the_persons_words(self: Any) -> None:
        said = "Think it over, and then add a comment to John that he wants two boats in May"
        self.answer(said, Calls(("comment_on_lead", {"id": self.john, "comment": "Wants two boats in May."})), Text("Done."))
        with org_scope(self.org):
            self.assertEqual(Comment.objects.get().comment, "Wants two boats in May.")

    def test_a_new_lead_is_what_was_said(self: Any) -> None:
        made = {"name": "Sarah Johnson", "company": "Google", "phone": "+44 20 7183 8750", "value": 5000, "status": "Interest"}
        said = "Think it over, and then create a new lead for sarah johnson at Google, phone +442071838750, worth 5k"
        self.answer(said, Calls(("create_lead", made)), Text("Done."))
        more = made | {"name": "Eve Evil"}
        self.answer("Think it over, and then create a new lead for Tom", Calls(("create_lead", more)), Text("Hm."))
        with org_scope(self.org):
            self.assertEqual(Lead.objects.filter(company="Google").count(), 1)

    def test_the_last_answers_record_need_not_be_named(self: Any) -> None:
        self.answer("Explain John", LOOK, Text("A lead."))
        self.answer(
            "Think it over, and then update his phone to +442071838750",
            Calls(("update_lead_data", {"id": self.john, "phone": "+442071838750"})),
            Text("Done."),
        )
        self.assertEqual(self.now().phone, "+442071838750")


class ResponsesTest(OverBoth, EngineTestCase):
    api = "responses"


class ChatTest(OverBoth, EngineTestCase):
    api = "chat"
