"""The router and the modules' services: moments in words, and how many statements it takes to know what a name means."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import connection
from django.test import SimpleTestCase, override_settings
from django.test.utils import CaptureQueriesContext

from assistant import engine
from assistant.router import dates, moments
from common.tenancy import org_scope
from common.testing import OrgTestCase
from leads.models import Lead
from tasks.models import Task

TODAY, ZONE = date(2026, 11, 21), ZoneInfo("Europe/Berlin")  # a Saturday


class MomentTest(SimpleTestCase):
    def test_days_of_the_week(self) -> None:
        for text, expected in (("friday", 27), ("saturday", 28), ("monday", 23), ("next friday", 27), ("last friday", 20)):
            taken = dates.take(text, TODAY)
            self.assertEqual(taken and taken[0].day(), date(2026, 11, expected), text)
        taken = dates.take("friday", TODAY, past=True)
        self.assertEqual(taken and taken[0].day(), date(2026, 11, 20))

    def test_moments(self) -> None:
        at = datetime(2026, 11, 22, 15, 30, tzinfo=ZONE)
        for text in ("tomorrow at 15:30", "at 3:30 pm tomorrow", "on 2026-11-22 at 15.30", "tomorrow, 3:30pm"):
            self.assertEqual(moments.moment(text, TODAY, ZONE), at, text)
        self.assertEqual(moments.moment("tomorrow", TODAY, ZONE), date(2026, 11, 22))
        for text in (
            "tomorrow at 25",
            "tomorrow at 13 pm",
            "tomorrow 7",
            "soon",
            "at 10",
            "next week at 10",
            "tomorrow at 10 or 11",
        ):
            self.assertIsNone(moments.moment(text, TODAY, ZONE), text)
        self.assertEqual(moments.lasting("tomorrow at 10 for half an hour"), ("tomorrow at 10", 30))
        self.assertEqual(moments.lasting("tomorrow at 10 for 2 hours"), ("tomorrow at 10", 120))


@override_settings(OPENAI_API_KEY="")
class NameCostTest(OrgTestCase):
    """What a bare name means is found in one look over all record types, however many there are."""

    def setUp(self) -> None:
        self.say("help")
        client = self.client_of(self.alice)
        for path, body in (
            ("leads", {"name": "Ada Byron"}),
            ("tasks", {"title": "Grind the lenses"}),
            ("cases", {"name": "Loose seat"}),
            ("boards", {"name": "Winter fair"}),
        ):
            self.assertEqual(client.post(f"/api/v1/{path}/", body).status_code, 201)

    def say(self, message: str) -> str:
        turn = engine.say(self.alice, message)
        self.assertEqual(turn.state, "SUCCESS", turn.error)
        return str(turn.result["message"])

    def cost_of(self, message: str) -> int:
        self.say(message)
        self.say("help")
        with CaptureQueriesContext(connection) as queries:
            self.say(message)
        self.say("help")
        return len(queries)

    def test_a_bare_name_costs_the_same_whatever_it_is_of(self) -> None:
        costs = {name: self.cost_of(f"show me {name}") for name in ("Ada Byron", "Grind the lenses", "Loose seat", "Winter fair")}
        self.assertEqual(set(costs.values()), {costs["Ada Byron"]}, costs)
        self.assertLess(costs["Ada Byron"], 30)
        with org_scope(self.org):
            for number in range(3):
                Lead.objects.create(name=f"Grind {number}", stage=Lead.objects.get(name="Ada Byron").stage)
        self.assertEqual(self.cost_of("show me Grind the lenses"), costs["Grind the lenses"])

    def test_a_name_in_the_bin_is_found_in_as_few(self) -> None:
        with org_scope(self.org):
            Task.objects.update(deleted_at="2026-11-01T00:00:00Z")
        with CaptureQueriesContext(connection) as queries:
            self.assertEqual(self.say("restore Grind the lenses"), "Restored **Grind the lenses**.")
        self.assertLess(len(queries), 45)

    def test_a_name_that_nobody_has_is_said_to_be_unknown_at_little_cost(self) -> None:
        self.assertIn("I found no record called “Zebedee”", self.say("show me Zebedee"))
        self.assertLess(self.cost_of("show me Zebedee"), 35)

    def test_a_whole_name_goes_before_parts_of_others(self) -> None:
        client = self.client_of(self.alice)
        client.post("/api/v1/leads/", {"name": "Winter fair organizer"})
        self.assertIn("(board)", self.say("show me Winter fair"))
