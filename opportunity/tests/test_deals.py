"""Deals with lines, their closing and quote, what rots, the forecast and goals."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import time_machine
from django.utils import timezone

from common.records.models import Pipeline, Stage
from common.tenancy import org_scope
from common.testing import OrgTestCase
from opportunity.models import ExchangeRate, Goal, Opportunity, StageLimit, TaxRate

LINES = [{"description": "Engine", "quantity": "2", "price": "500.00", "discount": "10"}]


class DealTestCase(OrgTestCase):
    @property
    def api(self) -> Any:
        """Alice's client, signed in at the time that it is."""
        return self.client_of(self.alice)

    def make(self, code: int = 201, **values: Any) -> Any:
        response = self.api.post("/api/v1/opportunities/", {"name": "Engines", "currency": "EUR", **values}, format="json")
        self.assertEqual(response.status_code, code, response.content)
        return response.json()

    def change(self, pk: str, code: int = 200, **values: Any) -> Any:
        response = self.api.patch(f"/api/v1/opportunities/{pk}/", values, format="json")
        self.assertEqual(response.status_code, code, response.content)
        return response.json()

    def do(self, pk: str, action: str, code: int = 200, **values: Any) -> Any:
        response = self.api.post(f"/api/v1/opportunities/{pk}/{action}/", values, format="json")
        self.assertEqual(response.status_code, code, response.content)
        return response.json()

    def stage(self, kind: str) -> Stage:
        with org_scope(self.alice):
            return Stage.objects.filter(pipeline__module="opportunities", kind=kind).order_by("position")[0]


class LinesTest(DealTestCase):
    def test_the_amount_comes_from_the_lines_before_tax(self) -> None:
        with org_scope(self.alice):
            vat = TaxRate.objects.create(name="VAT", percent=19)
        deal = self.make(lines=[{**LINES[0], "tax": str(vat.pk)}])
        self.assertEqual((deal["amount"], deal["lines"][0]["total"]), ("900.00", "1071.00"))
        self.change(deal["id"], 400, amount="5")
        self.assertEqual(self.change(deal["id"], amount="900.00", name="More engines")["name"], "More engines")
        self.assertEqual(self.change(deal["id"], lines=[])["amount"], "900.00")
        self.assertEqual(self.change(deal["id"], amount="5")["amount"], "5.00")
        self.make(400, amount="1", lines=LINES)

    def test_a_list_and_a_board_leave_lines_out(self) -> None:
        self.make(lines=LINES)
        self.assertNotIn("lines", self.api.get("/api/v1/opportunities/").json()["results"][0])
        cards = [card for column in self.api.get("/api/v1/opportunities/board/").json() for card in column["cards"]]
        self.assertNotIn("lines", cards[0])


class CloseTest(DealTestCase):
    def test_it_goes_to_the_won_or_lost_stage_with_the_reason(self) -> None:
        for won, kind in ((True, "won"), (False, "lost")):
            deal = self.make()
            closed = self.do(deal["id"], "close", won=won, reason="Best service")
            self.assertEqual((closed["stage"], closed["close_reason"]), (str(self.stage(kind).pk), "Best service"))
            self.assertTrue(closed["closed_on"])
            self.do(deal["id"], "close", 409, won=not won, reason="x")
        self.do(self.make()["id"], "close", 400, won=True)

    def test_a_pipeline_without_such_a_stage_says_so(self) -> None:
        with org_scope(self.alice):
            pipeline = Pipeline.objects.create(module="opportunities", name="Bare")
            stage = Stage.objects.create(pipeline=pipeline, name="Only")
        deal = self.make(stage=str(stage.pk))
        self.assertIn("no stage", str(self.do(deal["id"], "close", 400, won=True, reason="x")))

    def test_a_quote_is_an_estimate_with_the_deals_lines(self) -> None:
        deal = self.make(lines=LINES)
        found = self.do(deal["id"], "quote", 201, due_date="2030-01-01")
        estimate = self.api.get(f"/api/v1/invoices/{found['id']}/").json()
        self.assertEqual(
            (estimate["kind"], estimate["opportunity"], estimate["total"], estimate["currency"]),
            ("estimate", deal["id"], "900.00", "EUR"),
        )
        self.assertEqual(len(estimate["lines"]), 1)
        self.do(self.make()["id"], "quote", 400)

    def test_who_may_make_no_invoices_makes_no_quote(self) -> None:
        deal = self.make(lines=LINES)
        role = {"name": "Seller", "permissions": {"opportunities": {"view": "all", "edit": "all"}, "invoices": {"view": "all"}}}
        pk = self.api.post("/api/v1/roles/", role, format="json").json()["id"]
        with org_scope(self.alice):
            self.uma.role_id = pk
            self.uma.save()
        self.assert_error(self.client_of(self.uma).post(f"/api/v1/opportunities/{deal['id']}/quote/"), 403)


class RottingTest(DealTestCase):
    def test_a_deal_rots_after_its_stages_limit_until_it_moves(self) -> None:
        with time_machine.travel(timezone.now() - timedelta(days=10), tick=False):
            deal = self.make()
        with org_scope(self.alice):
            StageLimit.objects.create(stage_id=deal["stage"], days=9)
            limit = StageLimit.objects.create(stage=self.stage("won"), days=1)
        url = "/api/v1/opportunities/"
        self.assertTrue(self.api.get(f"{url}{deal['id']}/").json()["rotting"])
        self.assertEqual([len(self.api.get(f"{url}?rotting={flag}").json()["results"]) for flag in ("true", "false")], [1, 0])
        self.assert_error(self.api.get(f"{url}?rotting=perhaps"), 400, field="rotting")
        moved = self.api.patch(f"{url}{deal['id']}/status/", {"stage": str(limit.stage_id)}, format="json").json()
        self.assertGreater(moved["stage_entered_at"], deal["stage_entered_at"])
        self.assertFalse(moved["rotting"])

    def test_only_another_stage_begins_a_new_age(self) -> None:
        deal = self.make()
        same = self.api.patch(f"/api/v1/opportunities/{deal['id']}/status/", {"status": deal["status"]}, format="json").json()
        self.assertEqual(same["stage_entered_at"], deal["stage_entered_at"])
        moved = self.change(deal["id"], stage=str(self.stage("won").pk))
        self.assertGreater(moved["stage_entered_at"], deal["stage_entered_at"])


class ForecastTest(DealTestCase):
    def forecast(self, **query: Any) -> Any:
        response = self.api.get("/api/v1/opportunities/forecast/", {"from": "2027-01-15", "months": 3, **query})
        self.assertEqual(response.status_code, 200, response.content)
        return response.json()

    def test_by_month_weighted_and_never_over_currencies(self) -> None:
        won = self.stage("won")
        self.make(amount="1000", probability=50, close_date="2027-01-31")
        self.make(amount="500", probability=10, close_date="2027-01-01", currency="USD")
        self.make(amount="700", stage=str(won.pk), closed_on="2027-02-03")
        self.make(amount="9999", probability=90, close_date="2027-04-01")
        self.make(amount="9999", stage=str(self.stage("lost").pk), close_date="2027-01-05")
        self.client_of(self.mallory).post(
            "/api/v1/opportunities/", {"name": "Theirs", "amount": "1", "currency": "EUR", "close_date": "2027-01-05"}
        )
        rows = {(row["month"], row["currency"]): row for row in self.forecast()}
        self.assertEqual(set(rows), {("2027-01-01", "EUR"), ("2027-01-01", "USD"), ("2027-02-01", "EUR")})
        self.assertEqual((rows["2027-01-01", "EUR"]["amount"], rows["2027-01-01", "EUR"]["weighted"]), ("1000.00", "500.00"))
        self.assertEqual(rows["2027-02-01", "EUR"]["won"], "700.00")

    def test_converted_by_the_stated_rates_and_what_has_none_stays(self) -> None:
        for currency in ("USD", "EUR", "GBP"):
            self.make(amount="100", probability=100, close_date="2027-01-31", currency=currency)
        with org_scope(self.alice):
            ExchangeRate.objects.create(currency="EUR", rate=Decimal("1.1"))
        rows = {row["currency"]: row["weighted"] for row in self.forecast(convert="true")}
        self.assertEqual(rows, {"USD": "210.00", "GBP": "100.00"})

    def test_by_owner_and_only_what_one_may_see(self) -> None:
        self.make(amount="100", close_date="2027-01-31", assigned_to=[str(self.uma.pk), str(self.max.pk)])
        self.make(amount="50", close_date="2027-01-31")
        rows = {row["owner"]: row["amount"] for row in self.forecast(by="owner")}
        self.assertEqual(rows, {str(self.uma.pk): "100.00", str(self.max.pk): "100.00", None: "50.00"})
        (mine,) = self.client_of(self.uma).get("/api/v1/opportunities/forecast/?from=2027-01-01").json()
        self.assertEqual(mine["amount"], "100.00")

    def test_bad_questions_are_refused(self) -> None:
        for query in ("from=x", "from=0001-01-01", "months=0", "months=9999", "by=stage", "convert=perhaps", "nonsense=1"):
            self.assert_error(self.api.get(f"/api/v1/opportunities/forecast/?{query}"), 400)

    def test_goals_count_won_deals_of_their_people_once(self) -> None:
        won, team = str(self.stage("won").pk), self.api.post("/api/v1/teams/", {"name": "North"}).json()["id"]
        self.make(amount="300", stage=won, closed_on="2027-01-31", assigned_to=[str(self.uma.pk), str(self.max.pk)], teams=[team])
        self.make(amount="100", stage=won, closed_on="2027-01-31", currency="USD")
        self.make(amount="100", stage=won, closed_on="2027-01-31", currency="JPY")
        self.make(amount="5000", stage=won, closed_on="2027-04-01")
        self.make(amount="5000", close_date="2027-01-31")
        with org_scope(self.alice):
            ExchangeRate.objects.create(currency="EUR", rate=2)
            span = {"starts_on": "2027-01-01", "ends_on": "2027-03-31", "amount": 700, "currency": "EUR"}
            Goal.objects.create(name="all", **span)
            Goal.objects.create(name="uma", profile=self.uma, **span)
            Goal.objects.create(name="north", team_id=team, **span)
            Goal.objects.create(name="vic", profile=self.vic, **span)
        rows = {row["name"]: row for row in self.api.get("/api/v1/goals/progress/").json()}
        self.assertEqual(
            {name: row["won"] for name, row in rows.items()}, {"all": "350.00", "uma": "300.00", "north": "300.00", "vic": "0.00"}
        )
        self.assertEqual((rows["all"]["percent"], rows["all"]["unconverted"]), (50, ["JPY"]))

    def test_goals_that_are_none_are_refused(self) -> None:
        good = {"name": "Q1", "starts_on": "2027-01-01", "ends_on": "2027-03-31", "amount": "100", "currency": "EUR"}
        team = self.api.post("/api/v1/teams/", {"name": "North"}).json()["id"]
        bad = [
            {"ends_on": "2026-12-31"},
            {"amount": "0"},
            {"amount": "-1"},
            {"currency": "XXQ"},
            {"profile": str(self.mallory.pk)},
            {"profile": str(self.uma.pk), "team": team},
        ]
        for change in bad:
            self.assert_error(self.api.post("/api/v1/goals/", {**good, **change}), 400)
        self.assert_error(self.client_of(self.uma).post("/api/v1/goals/", good), 403)
        self.assertEqual(self.api.post("/api/v1/goals/", good).status_code, 201)


class AgeTest(DealTestCase):
    def test_a_move_in_the_admin_is_a_move(self) -> None:
        with time_machine.travel(datetime(2027, 1, 1, tzinfo=UTC), tick=False):
            deal = self.make()
        with org_scope(self.alice):
            row = Opportunity.objects.get(pk=deal["id"])
            row.enter(self.stage("won"))
        self.assertNotEqual(row.stage_entered_at, datetime(2027, 1, 1, tzinfo=UTC))


class PriceTest(DealTestCase):
    def test_prices_are_shown_with_their_products(self) -> None:
        product = self.api.post("/api/v1/products/", {"name": "Engine"}).json()["id"]
        body = {"product": product, "currency": "GBP", "price": "5"}
        pk = self.api.post("/api/v1/prices/", body).json()["id"]
        self.assert_error(self.api.post("/api/v1/prices/", body), 409)
        uma, url = self.client_of(self.uma), f"/api/v1/prices/{pk}/"
        self.assert_error(uma.patch(url, {"price": "1"}), 403)
        self.assertEqual(uma.get(url).json()["price"], "5.0000")
        self.api.delete(f"/api/v1/products/{product}/")
        self.assertEqual(uma.get("/api/v1/prices/").json()["results"], [])
        self.assert_error(uma.get(url), 404)
