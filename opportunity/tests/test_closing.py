"""A deal is closed from the day on which it stands in a stage for won or lost ones, whichever way it came there."""

from datetime import UTC, datetime
from typing import Any

import time_machine

from assistant.tools import call_tool
from common.tenancy import org_scope
from opportunity.models import Opportunity
from opportunity.tests.test_deals import DealTestCase
from tests.admin_rows import AdminTestCase, make_record

URL = "/api/v1/opportunities/"
TODAY = "2027-05-04"


@time_machine.travel(datetime(2027, 5, 4, 12, tzinfo=UTC), tick=False)
class ClosingTest(DealTestCase):
    def patched(self, pk: str, status: str) -> Any:
        return self.change(pk, status=status)

    def moved(self, pk: str, status: str) -> Any:
        response = self.api.put(f"{URL}{pk}/status/", {"status": status, "card_order": 1}, format="json")
        self.assertEqual(response.status_code, 200, response.content)
        return response.json()

    def told(self, pk: str, status: str) -> Any:
        with org_scope(self.alice, source="assistant"):
            return call_tool(self.alice, "update_opportunity_status", {"id": pk, "status": status})

    def test_whichever_way_it_is_won_it_has_a_day_and_loses_it_when_it_is_reopened(self) -> None:
        for to in (self.patched, self.moved, self.told):
            with self.subTest(to.__name__):
                deal = self.make()
                self.assertIsNone(deal["closed_on"])
                self.assertEqual(to(deal["id"], "Won")["closed_on"], TODAY)
                self.assertIsNone(to(deal["id"], "Negotiation")["closed_on"])
                self.assertEqual(to(deal["id"], "Lost")["closed_on"], TODAY)

    def test_a_deal_can_begin_as_a_won_one(self) -> None:
        self.assertEqual(self.make(status="Won")["closed_on"], TODAY)
        self.assertEqual(self.make(status="Won", closed_on="2027-01-15")["closed_on"], "2027-01-15")
        self.assertIsNone(self.make()["closed_on"])

    def test_a_day_that_is_said_counts_and_one_that_is_only_sent_back_does_not(self) -> None:
        deal = self.make()
        self.assertEqual(self.change(deal["id"], status="Won", closed_on="2027-04-30")["closed_on"], "2027-04-30")
        self.assertEqual(self.change(deal["id"], status="Won")["closed_on"], "2027-04-30")
        reopened = self.change(deal["id"], status="Proposal", closed_on="2027-04-30", close_reason="")
        self.assertEqual((reopened["closed_on"], reopened["close_reason"]), (None, ""))
        self.assertEqual(self.change(deal["id"], status="Lost", closed_on=None)["closed_on"], TODAY)

    def test_reopened_or_lost_after_all_it_has_another_day_and_no_old_reason(self) -> None:
        deal = self.make()
        closed = self.do(deal["id"], "close", won=True, reason="Best service", closed_on="2027-03-01")
        self.assertEqual((closed["closed_on"], closed["close_reason"]), ("2027-03-01", "Best service"))
        lost = self.moved(deal["id"], "Lost")
        self.assertEqual((lost["closed_on"], lost["close_reason"]), (TODAY, ""))

    def test_a_place_in_the_same_column_changes_no_day(self) -> None:
        deal = self.make(status="Won", closed_on="2027-01-15")
        self.assertEqual(self.moved(deal["id"], "Won")["closed_on"], "2027-01-15")


@time_machine.travel(datetime(2027, 5, 4, 12, tzinfo=UTC), tick=True)
class AdminClosingTest(AdminTestCase):
    def test_the_admin_closes_and_reopens_as_the_api_does(self) -> None:
        with org_scope(self.org):
            deal = make_record(Opportunity, "Engines")
            stages = {stage.name: stage.pk for stage in deal.stage.pipeline.stages.all()}
            Opportunity.objects.filter(pk=deal.pk).update(stage=stages["Qualification"], closed_on=None)
        self.change(deal, stage=stages["Won"])
        self.assertEqual(str(self.fresh(deal).closed_on), TODAY)
        self.change(deal, stage=stages["Proposal"])
        self.assertIsNone(self.fresh(deal).closed_on)
        self.change(deal, stage=stages["Lost"], closed_on="2027-02-01")
        self.assertEqual(str(self.fresh(deal).closed_on), "2027-02-01")
