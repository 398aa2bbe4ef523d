"""Days, amounts and values in words."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.test import override_settings

from assistant import engine
from assistant.router import dates, values
from assistant.router.talk import Unclear
from common.people.models import Org
from common.tenancy import org_scope
from common.testing import OrgTestCase
from leads.models import Lead

TODAY = date(2026, 11, 21)  # a Saturday


@pytest.mark.parametrize(
    ("words", "start", "end"),
    [
        ("today", "2026-11-21", "2026-11-22"),
        ("yesterday", "2026-11-20", "2026-11-21"),
        ("this week", "2026-11-16", "2026-11-23"),
        ("last week", "2026-11-09", "2026-11-16"),
        ("next month", "2026-12-01", "2027-01-01"),
        ("last month", "2026-10-01", "2026-11-01"),
        ("this quarter", "2026-10-01", "2027-01-01"),
        ("next quarter", "2027-01-01", "2027-04-01"),
        ("last year", "2025-01-01", "2026-01-01"),
        ("in the last 7 days", "2026-11-14", "2026-11-22"),
        ("the next 30 days", "2026-11-21", "2026-12-22"),
        ("in December", "2026-12-01", "2027-01-01"),
        ("in May", "2027-05-01", "2027-06-01"),
        ("in May 2025", "2025-05-01", "2025-06-01"),
        ("on 3 March 2027", "2027-03-03", "2027-03-04"),
        ("March 3rd, 2027", "2027-03-03", "2027-03-04"),
        ("in Q1 2027", "2027-01-01", "2027-04-01"),
        ("in 2025", "2025-01-01", "2026-01-01"),
        ("before 2026-12-01", None, "2026-12-01"),
        ("until 2026-12-01", None, "2026-12-02"),
        ("after 2026-12-01", "2026-12-02", None),
        ("since last month", "2026-10-01", None),
        ("between 2026-01-01 and 2026-01-31", "2026-01-01", "2026-02-01"),
        ("from last month", "2026-10-01", "2026-11-01"),
        ("on friday", "2026-11-27", "2026-11-28"),
        ("last monday", "2026-11-16", "2026-11-17"),
    ],
)
def test_span(words: str, start: str | None, end: str | None) -> None:
    taken = dates.take(words, TODAY)
    assert taken is not None
    span, rest = taken
    assert (span.start and str(span.start), span.end and str(span.end), rest) == (start, end, "")


def test_month_of_the_past_is_the_latest() -> None:
    taken = dates.take("in May", TODAY, past=True)
    assert taken is not None
    assert str(taken[0].start) == "2026-05-01"


@pytest.mark.parametrize("words", ["31 February 2026", "2026-13-01", "12/01/2026", "soon", "", "in 12345", "last 0"])
def test_no_span(words: str) -> None:
    assert dates.take(words, TODAY) is None


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("5000", "5000", ""),
        ("5,000", "5000", ""),
        ("5.000", "5000", ""),
        ("5.000,50 EUR", "5000.50", "EUR"),
        ("€1,250.50", "1250.50", "EUR"),
        ("5k", "5000", ""),
        ("$1.5m", "1500000", "USD"),
        ("1 million dollars", "1000000", "USD"),
        ("CHF 2'500", "2500", "CHF"),
        ("12.5", "12.5", ""),
    ],
)
def test_money(text: str, amount: str, currency: str) -> None:
    assert values.money(text, "EUR") == (Decimal(amount), currency)


def test_dollars_are_the_orgs_own() -> None:
    assert values.money("$5", "CAD") == (Decimal(5), "CAD")


@pytest.mark.parametrize("text", ["", "many", "5 or 6", "5000 apples", "1.2.3", "-5", "5%", "9" * 40])
def test_no_money(text: str) -> None:
    with pytest.raises(Unclear):
        values.money(text, "EUR")


@override_settings(OPENAI_API_KEY="")
class ZoneTest(OrgTestCase):
    def test_today_is_the_orgs(self) -> None:
        """At 23:30 in London it is tomorrow in Berlin: what was made at 22:50 was made yesterday there, not today."""
        Org.objects.filter(pk=self.org.pk).update(timezone="Europe/Berlin")
        with time_machine.travel(datetime(2026, 11, 21, 23, 30, tzinfo=UTC), tick=False):
            for name, minute in (("Early Bird", 50), ("Late Riser", 10)):
                pk = self.client_of(self.alice).post("/api/v1/leads/", {"name": name}).json()["id"]
                hour = 22 if minute == 50 else 23
                with org_scope(self.org):
                    Lead.objects.filter(pk=pk).update(created_at=datetime(2026, 11, 21, hour, minute, tzinfo=UTC))
            told = engine.say(self.alice, "leads created today").result["message"]
        self.assertIn("Late Riser", told)
        self.assertNotIn("Early Bird", told)
