"""The chatbot's tickets are our cases."""

from common.testing import OrgTestCase

SHAPE = {"id", "number", "subject", "description", "priority", "status", "created_at", "updated_at"}


class TicketTest(OrgTestCase):
    def setUp(self) -> None:
        self.client = self.client_of(self.alice)

    def test_a_ticket_is_a_case(self) -> None:
        body = {"subject": "The seat is loose", "description": "Since Monday.", "priority": "high", "status": "open"}
        made = self.client.post("/api/tickets", body)
        self.assertEqual((made.status_code, set(made.json())), (201, SHAPE))
        pk = made.json()["id"]
        self.assertEqual((made.json()["priority"], made.json()["status"]), ("High", "New"))
        self.assertEqual(self.client.get(made["Location"]).json(), made.json())
        self.assertEqual(self.client.get(f"/api/v1/cases/{pk}/").json()["name"], "The seat is loose")
        self.assertEqual(self.client.get("/api/tickets").json()["results"], [made.json()])
        changed = self.client.put(f"/api/tickets/{pk}", {"status": "resolved", "priority": "medium"}).json()
        self.assertEqual((changed["status"], changed["priority"], changed["subject"]), ("Closed", "Normal", "The seat is loose"))
        self.assertTrue(self.client.get(f"/api/v1/cases/{pk}/").json()["resolved_at"])
        self.assertEqual(self.client.delete(f"/api/tickets/{pk}").status_code, 204)
        self.assert_error(self.client.get(f"/api/tickets/{pk}"), 404)

    def test_words_that_mean_nothing_are_refused(self) -> None:
        for field, value in (("status", "nowhere"), ("priority", "extreme"), ("subject", ""), ("name", "x"), ("status", 7)):
            with self.subTest(field):
                body = {"subject": "A", field: value}
                self.assert_error(self.client.post("/api/tickets", body), 400, field=field)
        self.assert_error(self.client.post("/api/tickets", {}), 400, field="subject")

    def test_the_other_org_has_its_own(self) -> None:
        pk = self.client.post("/api/tickets", {"subject": "Ours"}).json()["id"]
        self.assertEqual(self.client_of(self.mallory).get("/api/tickets").json()["count"], 0)
        self.assert_error(self.client_of(self.mallory).put(f"/api/tickets/{pk}", {"subject": "x"}), 404)
