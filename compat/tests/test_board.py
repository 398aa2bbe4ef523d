"""The Lightweight CRM's documents, request by request."""

import json
from typing import Any

from common.testing import OrgTestCase

STAGES = ["Interest", "Meeting booked", "Proposal sent", "Closed win", "Closed lost"]
JANE = {"name": "Jane Smith", "company": "Tech Solutions", "email": "jane@tech.com", "phone": "+1987654321", "value": 7500.00,
        "notes": "Follow up next week", "source": "Referral", "status": "Interest"}  # fmt: skip
NOWHERE = "0192d3c0-0000-7000-8000-000000000000"


class BoardTest(OrgTestCase):
    def setUp(self) -> None:
        self.client = self.client_of(self.alice)

    def make(self, name: str = "Jane Smith", **data: Any) -> Any:
        response = self.client.post("/leads/", {**JANE, "name": name, **data})
        self.assertEqual(response.status_code, 201, response.content)
        return response.json()

    def names(self, status: str) -> list[str]:
        return [card["name"] for card in self.client.get("/leads/").json()[status]]

    def test_test(self) -> None:
        expected = {"message": "Django API is working!", "status": "success"}
        self.assertEqual(self.client_of(None).get("/test/").json(), expected)

    def test_a_new_lead_has_exactly_the_documented_fields(self) -> None:
        self.make()
        body = self.make()
        self.assertEqual({name: body[name] for name in JANE}, JANE)
        self.assertEqual(body["card_order"], 2)
        self.assertEqual(set(body) - set(JANE), {"id", "card_order", "created_at", "updated_at"})
        self.assertTrue(body["created_at"].endswith("Z"))

    def test_the_board_has_the_stages_in_order_with_totals(self) -> None:
        self.assertEqual(self.client.get("/leads/").json(), {stage: [] for stage in STAGES})
        made = [self.make("One"), self.make("Two"), self.make("Three", status="Closed win")]
        self.client_of(self.mallory).post("/leads/", JANE)
        response = self.client.get("/leads/?per_column=1")
        self.assertEqual(list(response.json()), STAGES)
        self.assertEqual(response.json()["Interest"], [made[0]])
        self.assertEqual(json.loads(response["X-Column-Counts"]), dict(zip(STAGES, [2, 0, 0, 1, 0], strict=True)))

    def test_bad_data_fails_to_create_a_lead(self) -> None:
        for data in ({}, {"name": ""}, {**JANE, "value": "much"}, {**JANE, "status": "Nowhere"}, {**JANE, "email": "no"}):
            response = self.client.post("/leads/", data)
            self.assert_error(response, 400)
            self.assertEqual(response.json()["error"], "Failed to create lead")
            self.assertTrue(response.json()["details"])
        self.assertEqual(self.client.get("/leads/").json()["Interest"], [])

    def test_get_put_and_delete(self) -> None:
        body = self.make()
        url = f"/leads/{body['id']}/"
        self.assertEqual(self.client.get(url).json(), body)
        changed = self.client.put(url, {"company": "Updated Company Name", "value": 8000.00}).json()
        self.assertEqual((changed["company"], changed["value"], changed["name"]), ("Updated Company Name", 8000.0, "Jane Smith"))
        self.assertEqual(self.client.put(url, changed).status_code, 200)
        response = self.client.delete(url)
        self.assertEqual((response.status_code, response.content), (204, b""))
        self.assert_error(self.client.get(url), 404)

    def test_what_is_not_there_is_lead_not_found(self) -> None:
        theirs = self.client_of(self.mallory).post("/leads/", JANE).json()["id"]
        for pk in (NOWHERE, theirs, "nonsense"):
            for method, path in (("get", ""), ("put", ""), ("delete", ""), ("put", "status/")):
                response = getattr(self.client, method)(f"/leads/{pk}/{path}", {"status": "Interest"})
                self.assert_error(response, 404)
                self.assertEqual(response.json()["error"], "Lead not found")

    def test_a_card_moves_to_its_place(self) -> None:
        ids = {name: self.make(name)["id"] for name in "ABCD"}
        moved = self.client.put(f"/leads/{ids['D']}/status/", {"status": "Interest", "card_order": 2}).json()
        self.assertEqual((moved["card_order"], self.names("Interest")), (2, ["A", "D", "B", "C"]))
        self.client.put(f"/leads/{ids['C']}/status/", {"status": "Interest", "card_order": 1})
        self.assertEqual(self.names("Interest"), ["C", "A", "D", "B"])
        moved = self.client.put(f"/leads/{ids['A']}/status/", {"status": "meeting booked", "card_order": 99}).json()
        self.assertEqual((moved["status"], moved["card_order"]), ("Meeting booked", 1))
        self.client.put(f"/leads/{ids['C']}/status/", {"status": "Interest"})
        self.assertEqual(self.names("Interest"), ["D", "B", "C"])

    def test_status_is_required_and_must_be_a_stage(self) -> None:
        url = f"/leads/{self.make()['id']}/status/"
        for data in ({}, {"status": ""}, {"card_order": 1}):
            response = self.client.put(url, data)
            self.assert_error(response, 400)
            self.assertEqual(response.json()["error"], "Status is required")
        self.assert_error(self.client.put(url, {"status": "Nowhere"}), 400, field="status")
        for order in (0, -1, "first", 10**30):
            self.assert_error(self.client.put(url, {"status": "Interest", "card_order": order}), 400, field="card_order")

    def test_a_token_is_needed(self) -> None:
        self.assert_error(self.client_of(None).get("/leads/"), 401)
        self.assert_error(self.client_of(None).post("/leads/", JANE), 401)

    def test_it_answers_without_the_slash_too(self) -> None:
        pk = self.client.post("/leads", JANE).json()["id"]
        self.assertEqual(self.client.get(f"/leads/{pk}").status_code, 200)
        self.assertEqual(self.client.put(f"/leads/{pk}/status", {"status": "Closed lost"}).json()["status"], "Closed lost")

    def test_the_board_costs_the_same_for_one_and_three(self) -> None:
        self.make()
        one = self.cost(self.client, "/leads/")
        self.make(), self.make()
        self.assertEqual(self.cost(self.client, "/leads/"), one)
