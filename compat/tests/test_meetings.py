"""The chatbot's meetings, which are events."""

from common.people.models import OutgoingMail
from common.tenancy import org_scope
from common.testing import OrgTestCase
from events.models import Event

DEMO = {"title": "Demo", "date": "2027-12-01T09:00:00Z", "participants": ["ada@engines.example", "Grandma"], "notes": "Bring it."}


class MeetingTest(OrgTestCase):
    def setUp(self) -> None:
        self.client = self.client_of(self.alice)

    def test_it_has_the_documented_fields_and_is_an_event(self) -> None:
        response = self.client.post("/api/meetings", DEMO)
        self.assertEqual(response.status_code, 201, response.content)
        body = response.json()
        self.assertEqual({name: body[name] for name in DEMO}, DEMO)
        self.assertEqual(set(body) - set(DEMO), {"id", "created_at", "updated_at"})
        event = self.client.get(f"/api/v1/events/{body['id']}/").json()
        self.assertEqual((event["start"], event["end"]), ("2027-12-01T09:00:00Z", "2027-12-01T10:00:00Z"))
        self.assertEqual(OutgoingMail.objects.filter(to="ada@engines.example").count(), 1)
        self.assertEqual(self.client.get("/api/meetings").json()["results"], [body])
        self.assertEqual(self.client.get(f"/api/meetings/{body['id']}").json(), body)

    def test_put_and_delete(self) -> None:
        url = f"/api/meetings/{self.client.post('/api/meetings', DEMO).json()['id']}"
        moved = self.client.put(url, {"date": "2027-12-02T09:00:00Z", "participants": ["Grandma"]}).json()
        self.assertEqual((moved["date"], moved["participants"], moved["title"]), ("2027-12-02T09:00:00Z", ["Grandma"], "Demo"))
        with org_scope(self.org):
            self.assertEqual(str(Event.objects.get().end), "2027-12-02 10:00:00+00:00")
        self.assertEqual(self.client.delete(url).status_code, 204)
        self.assert_error(self.client.get(url), 404)

    def test_bad_ones_and_those_of_others(self) -> None:
        for field, value in (
            ("title", ""),
            ("date", "soon"),
            ("participants", "Ada"),
            ("participants", [""]),
            ("notes", 5 * [1]),
            ("more", 1),
        ):
            self.assert_error(self.client.post("/api/meetings", {**DEMO, field: value}), 400, field=field)
        theirs = self.client_of(self.mallory).post("/api/meetings", DEMO).json()["id"]
        for method in ("get", "put", "delete"):
            self.assert_error(getattr(self.client, method)(f"/api/meetings/{theirs}"), 404)
        self.assertEqual(self.client.get("/api/meetings").json()["results"], [])
        self.assert_error(self.client_of(None).get("/api/meetings"), 401)
