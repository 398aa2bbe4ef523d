"""The role client: it sees the events in which it takes part, by the address they were invited at or as a contact."""

from common.tenancy import org_scope
from common.testing import OrgTestCase
from events.models import Participant

URL = "/api/v1/events/"
TIMES = {"start": "2026-12-01T09:00:00Z", "end": "2026-12-01T10:00:00Z", "send_mail": False}


class ClientTest(OrgTestCase):
    def setUp(self) -> None:
        self.client, self.vics = self.client_of(self.alice), self.client_of(self.vic)
        self.contact = self.client.post("/api/v1/contacts/", {"last_name": "Vic", "email": "vic@elsewhere.example"}).json()["id"]
        self.hidden = self.make("Among us", contact=self.contact)  # about them is not with them

    def make(self, title: str, **values: object) -> str:
        response = self.client.post(URL, {"title": title, **TIMES, **values}, format="json")
        self.assertEqual(response.status_code, 201, response.content)
        return str(response.json()["id"])

    def listed(self) -> list[str]:
        return [row["title"] for row in self.vics.get(URL).json()["results"]]

    def test_a_client_sees_the_events_that_name_them(self) -> None:
        named = self.make("Demo", participants=[{"contact": self.contact}])
        self.assertEqual(self.listed(), [])  # the contact has another address so far
        self.client.patch(f"/api/v1/contacts/{self.contact}/", {"email": "Vic@Example.com"})
        self.assertEqual(self.listed(), ["Demo"])
        self.make("Workshop", participants=[{"email": "vic@example.com"}])
        self.assertEqual(set(self.listed()), {"Demo", "Workshop"})
        self.assertEqual(self.vics.get(f"{URL}{named}/").json()["title"], "Demo")
        range_ = {"from": "2026-12-01", "to": "2026-12-02"}
        self.assertEqual(len(self.vics.get(f"{URL}occurrences/", range_).json()["results"]), 2)
        self.assert_error(self.vics.get(f"{URL}{self.hidden}/"), 404)
        self.assert_error(self.vics.patch(f"{URL}{named}/", {"title": "x"}), 403)
        self.assert_error(self.vics.post(f"{URL}{named}/interactions/", {"type": "note"}), 403)
        self.assert_error(self.vics.get(f"{URL}{named}/conflicts/"), 403)
        self.client.delete(f"/api/v1/contacts/{self.contact}/")
        self.assertEqual(self.listed(), ["Workshop"])

    def test_an_answer_is_a_new_version_of_the_event(self) -> None:
        pk = self.make("Demo", participants=[{"email": "vic@example.com"}])
        known = self.client.get(f"{URL}{pk}/")["ETag"]
        self.assertEqual(self.vics.post(f"{URL}{pk}/respond/", {"response": "accepted"}).status_code, 200)
        again = self.client.get(f"{URL}{pk}/", headers={"If-None-Match": known})
        self.assertEqual(again.json()["participants"][0]["response"], "accepted")
        with org_scope(self.org):
            self.assertEqual(Participant.objects.get(event=pk).response, "accepted")
