"""Messages that the router answers without a language model: the seeds' dialogues, names, questions, refusals."""

import time
from typing import Any

from django.db import connection
from django.test import TestCase, override_settings
from django.test.utils import CaptureQueriesContext

from assistant import engine
from assistant.models import ToolCall, Turn
from assistant.router import HELP, Answer, Context, route
from common.people.models import Profile
from common.records.models import Comment
from common.tenancy import all_orgs, org_scope
from common.testing import OrgTestCase
from crm import demo
from leads.models import Lead
from opportunity.models import Opportunity

no_model = override_settings(OPENAI_API_KEY="")


def told(turn: Turn) -> str:
    assert turn.state == Turn.State.SUCCESS, turn.error
    return str(turn.result["message"])


@no_model
class SeedDialogueTest(TestCase):
    """What the seeds show, as written, in the demo's organization."""

    @classmethod
    def setUpTestData(cls) -> None:
        demo.load()
        with all_orgs():
            cls.astrid = Profile.objects.select_related("user", "org", "role").get(user__email="astrid@fjord.example")

    def say(self, message: str) -> Turn:
        return engine.say(self.astrid, message)

    def lead(self, name: str) -> Lead:
        with org_scope(self.astrid):
            return Lead.objects.select_related("stage").get(name=name)

    def test_dialogues(self) -> None:
        turn = self.say("Show me all leads from Acme Corp")
        self.assertTrue(told(turn).startswith("I found 2 leads from Acme Corp:\n\n1. **"), told(turn))
        self.assertEqual(
            {(row["name"], row["company"], row["status"]) for row in turn.result["leads_data"]},
            {("Jane Smith", "Acme Corp", "Meeting booked"), ("John Doe", "Acme Corp", "Interest")},
        )
        self.assertEqual(turn.result["actions_performed"], [])
        self.assertIn("Jane Doe", told(self.say("Show me all leads from Microsoft")))
        self.assertEqual(told(self.say("Show me all leads from Initech")), "I found no leads from Initech.")
        for message, name, stage in (
            ("Move John Doe to meeting booked status", "John Doe", "Meeting booked"),
            ("Move John Smith to closed win", "John Smith", "Closed win"),
            ("Move Jane Doe to meeting booked", "Jane Doe", "Meeting booked"),
        ):
            turn = self.say(message)
            self.assertEqual(told(turn), f"Moved **{name}** to {stage}.")
            self.assertEqual(self.lead(name).stage.name, stage)
            self.assertEqual([action["action"] for action in turn.result["actions_performed"]], ["update_lead_status"])
        self.assertEqual(
            told(self.say("Create a new lead for Sarah Johnson at Google")), "Created the lead **Sarah Johnson** (Google)."
        )
        sarah = self.lead("Sarah Johnson")
        self.assertEqual((sarah.company, sarah.stage.name), ("Google", "Interest"))
        self.assertIn("no lead with the id “abc-123”", told(self.say("Update the phone number for lead ID abc-123")))
        self.assertIn("What should the phone number", told(self.say(f"Update the phone number for lead ID {sarah.pk}")))
        self.say("+1-555-0199")
        self.assertEqual(self.lead("Sarah Johnson").phone, "+1-555-0199")

    def test_lead_of_another_system_is_found_by_its_id_there(self) -> None:
        with org_scope(self.astrid):
            Lead.objects.filter(name="Hanna Virtanen").update(external_id="abc-123")
        self.say("Update the phone number for lead ID abc-123 to +49 30 1")
        self.assertEqual(self.lead("Hanna Virtanen").phone, "+49 30 1")

    def test_questions_of_the_issue(self) -> None:
        self.assertEqual(told(self.say("How many deals close in 2019?")), "There are **0 opportunities** closing in 2019.")
        self.assertIn("4 opportunities", told(self.say("How many deals close after today?")))
        self.assertIn("EUR 87,444", told(self.say("total value of open deals by stage")))
        self.say("Move Hanna Virtanen to meeting booked")
        self.assertEqual(self.lead("Hanna Virtanen").stage.name, "Meeting booked")


@no_model
class RouterTestCase(OrgTestCase):
    def setUp(self) -> None:
        self.make("John Smith", "Acme Corp", value=100)
        self.make("Mary Major", "Initech")

    def make(self, name: str, company: str = "", profile: Profile | None = None, **values: Any) -> str:
        with org_scope(profile or self.alice):
            response = self.client_of(profile or self.alice).post("/api/v1/leads/", {"name": name, "company": company, **values})
        return str(response.json()["id"])

    def say(self, message: str, profile: Profile | None = None) -> str:
        return told(engine.say(profile or self.alice, message))

    def now(self, name: str) -> Lead:
        with org_scope(self.org):
            return Lead.with_bin.select_related("stage").filter(name=name).latest("created_at")

    def calls(self) -> list[tuple[str, str]]:
        with org_scope(self.org):
            return list(ToolCall.objects.order_by("id").values_list("name", "status"))


class NameTest(RouterTestCase):
    def test_misspelt_names_find_the_only_record_alike(self) -> None:
        for written in ("Jon Smith", "John Smiht", "jhon smith", "Smith John", "JOHN SMITH", "Jon Smyth"):
            self.say("move John Smith to Interest")
            self.assertEqual(self.say(f"Move {written} to proposal sent"), "Moved **John Smith** to Proposal sent.", written)

    def test_name_that_is_like_none_finds_none(self) -> None:
        self.assertEqual(self.say("Move Xavier Quill to proposal sent"), "I found no lead called “Xavier Quill”.")
        self.assertEqual(self.calls(), [])

    def test_two_misspelt_alike_are_asked_about(self) -> None:
        self.make("Jahn Smith")
        self.assertIn("Which one", self.say("Move Jehn Smith to proposal sent"))
        self.assertEqual(self.now("John Smith").stage.name, "Interest")

    def test_same_name_is_asked_about_and_an_answer_does_what_was_asked(self) -> None:
        self.make("John Smith", "Globex")
        for answer, company in (
            ("the one at Acme", "Acme Corp"),
            ("2", "Acme Corp"),
            ("the second one", "Acme Corp"),
            ("Globex", "Globex"),
        ):
            asked = self.say("set John Smith's value to 777")
            self.assertIn("1. **John Smith** – Globex · Interest\n2. **John Smith** – Acme Corp · Interest", asked)
            self.assertEqual(self.say(answer), "Changed the value of **John Smith** to USD 777.")
            with org_scope(self.org):
                self.assertEqual(list(Lead.objects.filter(value=777).values_list("company", flat=True)), [company])
                Lead.objects.update(value=1)

    def test_older_record_of_a_name_counts_however_many_have_the_word_elsewhere(self) -> None:
        self.make("Ann Website", "Older Ltd")
        with org_scope(self.alice):
            for number in range(40):
                self.make(f"Person {number}", source="Website")
        self.make("Bob Website", "Newer Ltd")
        asked = self.say("move Website to closed win")
        self.assertIn("1. **Bob Website** – Newer Ltd", asked)
        self.assertIn("2. **Ann Website** – Older Ltd", asked)

    def test_email_address_names_a_record(self) -> None:
        self.make("Ann Smith", "Globex", email="ann@globex.example")
        self.assertIn("**Ann Smith** (lead)", self.say("show me ann@globex.example"))

    def test_question_is_dropped_by_another_wish(self) -> None:
        self.make("John Smith", "Globex")
        self.say("delete John Smith")
        self.assertIn("Initech", self.say("show me Mary Major"))
        self.assertEqual(self.say("the second one"), HELP)

    def test_chosen_record_that_is_gone_by_then_is_not_found(self) -> None:
        pk = self.make("John Smith", "Globex")
        self.say("move John Smith to closed win")
        self.client_of(self.alice).delete(f"/api/v1/leads/{pk}/")
        self.assertEqual(self.say("the one at Globex"), "That did not work: Not found.")

    def test_pronouns_mean_what_the_last_answer_was_about(self) -> None:
        self.say("show me John Smith")
        self.say("move him to meeting booked")
        self.assertIn("Changed the value", self.say("set his value to 250"))
        self.assertEqual(self.say("what is its value?"), "The value of **John Smith** is USD 250.")
        self.say("show me all leads")
        self.assertIn("Which one", self.say("move it to closed lost"))
        self.assertEqual((self.now("John Smith").stage.name, self.now("John Smith").value), ("Meeting booked", 250))

    def test_pronoun_without_anybody_before_is_not_claimed(self) -> None:
        self.assertEqual(self.say("move her to closed lost"), HELP)

    def test_name_of_another_org_is_not_there(self) -> None:
        theirs = self.make("Zoe Quartz", "Secret Ltd", self.mallory, phone="+1 999")
        for message in (
            "show me Zoe Quartz",
            "delete Zoe Quartz",
            f"move lead ID {theirs} to closed lost",
            "leads from Secret Ltd",
        ):
            answer = self.say(message)
            self.assertIn("I found no", answer)
            self.assertNotIn("999", answer)
        with org_scope(self.other):
            self.assertEqual(Lead.objects.get(pk=theirs).stage.name, "Interest")


class ChangeTest(RouterTestCase):
    def test_note_is_a_comment_with_the_very_words(self) -> None:
        self.say("Add a note to John Smith: Wants 10 boats, “blue” ones; call on Monday.")
        with org_scope(self.org):
            self.assertEqual(Comment.objects.get().comment, "Wants 10 boats, “blue” ones; call on Monday.")

    def test_small_changes_are_proposed_to_who_wants_that(self) -> None:
        self.client_of(self.alice).patch("/api/v1/assistant/preferences/", {"applies_small_changes": False})
        self.assertIn("Move **John Smith** to Closed win?", self.say("move John Smith to closed win"))
        self.assertEqual(self.now("John Smith").stage.name, "Interest")
        self.say("yes")
        self.assertEqual(self.now("John Smith").stage.name, "Closed win")

    def test_delete_is_always_proposed(self) -> None:
        self.assertIn("Delete **John Smith** (Acme Corp · Interest)?", self.say("delete John Smith"))
        self.assertIsNone(self.now("John Smith").deleted_at)
        self.say("yes")
        self.assertIsNotNone(self.now("John Smith").deleted_at)
        self.assertEqual(self.say("restore John Smith"), "Restored **John Smith**.")
        self.assertIsNone(self.now("John Smith").deleted_at)

    def test_deal_finds_its_account(self) -> None:
        self.say("create an account Harbour Outdoor")
        self.say('create a deal "Spring fleet" for Harbour Outdoor worth 12,500.50')
        with org_scope(self.org):
            deal = Opportunity.objects.select_related("account").get()
        self.assertEqual((deal.name, str(deal.amount), deal.account.name), ("Spring fleet", "12500.50", "Harbour Outdoor"))

    def test_role_decides(self) -> None:
        for message in (
            "show me John Smith",
            "what is the value of John Smith",
            "delete John Smith",
            "move John Smith to closed win",
        ):
            self.assertIn("I found no", self.say(message, self.uma))
            self.assertRegex(self.say(message, self.vic), "I found no record|may not view leads")
        self.assertIn("may not create", self.say("create a new lead for Ada Byron at Engines", self.vic))
        self.assertIn("not edit", self.say("move John Smith to closed win", self.max))
        self.assertEqual(self.now("John Smith").stage.name, "Interest")


class UnclearTest(RouterTestCase):
    MESSAGES = (
        "", "   ", "?", "🚣‍♀️", "مرحبا", "שלום John Smith", "\u202eeteled John Smith", "'; DROP TABLE leads; --", "${7*7}{{7*7}}",
        "(a+)+$" * 50, "((((((((((((((((((((((((", "\\" * 500, "a" * 999, "to " * 300, "and " * 250, "John's " * 140,
        "move " + "John Smith to " * 60, "update the " + "phone of " * 100, "create a lead " + "a at " * 180,
        "show me leads " + "from x " * 120,
        "leads over " + "1,." * 250, "how many leads " + "created this week " * 50,
        "move John Smith to won\nand delete Mary Major",
        "move John Smith to closed win and delete Mary Major", "Move John Smith to closed win. Delete Mary Major",
        'set John Smith\'s company to "Acme". Then delete Mary Major', "create a lead Ada at Acme and then delete Mary Major",
        "assign John Smith to Max and Mary Major to Uma", "delete everything", "delete all", "do not delete John Smith",
        "should I move John Smith to closed win?", "what if I delete John Smith", "x" * 100_000, "Show me leads " * 7000,
    )  # fmt: skip

    def test_nothing_is_done_and_at_once(self) -> None:
        for message in self.MESSAGES:
            began = time.perf_counter()
            answer = self.route(message)
            self.assertLess(time.perf_counter() - began, 1, message[:60])
            self.assertTrue(
                answer is None or answer.question or answer.text.startswith(("I found no", "Which")), (message[:60], answer)
            )
        with org_scope(self.org):
            self.assertEqual(Lead.objects.filter(stage__name="Interest").count(), 2)

    def route(self, message: str) -> Answer | None:
        def refuse(name: str, arguments: Any) -> Any:
            raise AssertionError(f"{message[:60]!r} used {name}({arguments})")

        with org_scope(self.alice):
            return route(message, self.alice, refuse, Context())


class CostTest(RouterTestCase):
    def test_what_no_index_can_count_is_not_counted(self) -> None:
        for number in range(12):
            self.make(f"Person {number}", source="Website", value=5)
        self.assertTrue(self.say("leads from Website").startswith("I found more than 10 leads from Website:"))
        self.assertTrue(self.say("show me all leads").startswith("I found 14 leads:"))
        self.assertTrue(self.say("leads over 50").startswith("I found 1 lead over 50:"))

    def test_statements_do_not_grow_with_rows(self) -> None:
        self.say("help")
        messages = ("show me all leads", "move John Smith to closed win", "show me Jon Smiht", "how many leads by status")
        for number in range(12):
            self.make(f"Somebody {number}", "Acme Corp")
        few = [self.cost_of(message) for message in messages]
        for number in range(12):
            self.make(f"Person {number}", "Acme Corp")
        self.assertEqual([self.cost_of(message) for message in messages], few)

    def cost_of(self, message: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            self.say(message)
        self.say("help")
        return len(queries)
