"""A record's timeline: of all kinds, in one order, only what one may see."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile

from common.records.models import Interaction
from common.records.serializers import find_stage
from common.records.timeline import id_at
from common.tenancy import org_scope
from common.testing import OrgTestCase
from emails.models import Email
from leads.models import Lead
from tasks.models import Task


class TimelineTestCase(OrgTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.lead, cls.other_lead = cls.lead_of(cls.alice), cls.lead_of(cls.alice)
        cls.their_lead = cls.lead_of(cls.mallory)

    @staticmethod
    def lead_of(profile: Any) -> Lead:
        with org_scope(profile):
            return Lead.objects.create(name="Ada Byron", stage=find_stage("leads"))

    def url(self, lead: Any = None, what: str = "timeline") -> str:
        return f"/api/v1/leads/{(lead or self.lead).pk}/{what}/"

    def read(self, profile: Any = None, **query: Any) -> list[dict[str, Any]]:
        response = self.client_of(profile or self.alice).get(self.url(), query)
        self.assertEqual(response.status_code, 200, response.content)
        return response.json()["results"]

    def post(self, url: str, body: Any, **more: Any) -> Any:
        response = self.client_of(self.alice).post(url, body, **more)
        self.assertEqual(response.status_code, 201, response.content)
        return response.json()

    def log(self, subject: str, at: datetime | None = None, lead: Any = None) -> Any:
        moment = {"occurred_at": at.isoformat()} if at else {}
        return self.post(self.url(lead, "interactions"), {"type": "call", "subject": subject, **moment})


class InteractionTest(TimelineTestCase):
    def test_logged_and_listed_the_latest_first(self) -> None:
        now = datetime.now(UTC)
        self.log("last week", now - timedelta(days=7))
        made = self.log("today")
        self.log("elsewhere", lead=self.other_lead)
        rows = self.client_of(self.alice).get(self.url(what="interactions")).json()["results"]
        self.assertEqual([(row["subject"], row["author"]) for row in rows], [("today", "Alice"), ("last week", "Alice")])
        self.assertEqual(rows[0], made)

    def test_pages_by_cursor(self) -> None:
        for day in range(5):
            self.log(str(day), datetime(2026, 1, 1 + day, tzinfo=UTC))
        url, seen = self.url(what="interactions") + "?cursor=&limit=2", []
        while url:
            page = self.client_of(self.alice).get(url).json()
            seen += [row["subject"] for row in page["results"]]
            url = page["next"]
        self.assertEqual(seen, ["4", "3", "2", "1", "0"])

    def test_changed_and_deleted_by_who_made_it_and_by_admins(self) -> None:
        url = f"/api/v1/interactions/{self.log('a call')['id']}/"
        self.assert_error(self.client_of(self.max).patch(url, {"notes": "no"}), 403)
        self.assert_error(self.client_of(self.mallory).patch(url, {"notes": "no"}), 404)
        self.assert_error(self.client_of(self.uma).get(url), 404)
        self.assertEqual(self.client_of(self.alice).patch(url, {"notes": "Yes.", "duration": 5}).json()["duration"], 5)
        self.assertEqual(self.client_of(self.alice).delete(url).status_code, 204)

    def test_bad_bodies(self) -> None:
        client, url = self.client_of(self.alice), self.url(what="interactions")
        self.assert_error(client.post(url, {}), 400, field="type")
        self.assert_error(client.post(url, {"type": "pigeon"}), 400, field="type")
        self.assert_error(client.post(url, {"type": "call", "duration": -1}), 400, field="duration")
        self.assert_error(client.post(url, {"type": "call", "occurred_at": "soon"}), 400, field="occurred_at")
        self.assert_error(client.post(url, {"type": "call", "lead": str(self.other_lead.pk)}), 400, field="lead")
        self.assert_error(client.post(self.url(self.their_lead, "interactions"), {"type": "call"}), 404)


class TimelineTest(TimelineTestCase):
    def test_every_kind_in_one_order(self) -> None:
        client = self.client_of(self.alice)
        self.post(f"/api/v1/leads/comment/{self.lead.pk}/", {"comment": "Nice."})
        self.log("a month ago", datetime.now(UTC) - timedelta(days=30))
        self.post("/api/v1/tasks/", {"title": "Call", "lead": str(self.lead.pk)})
        upload = {"file": SimpleUploadedFile("plan.txt", b"the plan")}
        self.post(f"/api/v1/leads/attachment/{self.lead.pk}/", upload, format="multipart")
        client.put(self.url(what="status"), {"status": "Meeting booked"})
        with org_scope(self.alice):
            Email.objects.create(subject="Hello", lead=self.lead)
        rows = self.read()
        kinds = ["email", "change", "attachment", "task", "comment", "change", "interaction"]
        self.assertEqual([row["kind"] for row in rows], kinds)
        self.assertEqual(rows[1]["entry"]["changes"]["status"], ["Interest", "Meeting booked"])
        self.assertEqual(rows[1]["entry"]["actor"], {"id": str(self.alice.pk), "name": "Alice"})
        self.assertEqual(rows[3]["entry"]["title"], "Call")
        self.assertEqual(rows[4]["entry"]["comment"], "Nice.")
        self.assertEqual([row["at"] for row in rows], sorted((row["at"] for row in rows), reverse=True))

    def test_only_what_the_caller_may_see(self) -> None:
        with org_scope(self.alice):
            self.lead.assigned_to.add(self.uma)
            hidden = Task.objects.create(title="Alice's own", lead=self.lead, stage=find_stage("tasks"))
            shared = Task.objects.create(title="Uma's too", lead=self.lead, stage=find_stage("tasks"))
            shared.assigned_to.add(self.uma)
            elsewhere = Task.objects.create(title="Of another lead", lead=self.other_lead, stage=find_stage("tasks"))
        with org_scope(self.mallory):
            Task.objects.create(title="Theirs", lead=self.their_lead, stage=find_stage("tasks"))
        self.assertEqual([row["id"] for row in self.read(self.uma, kinds="task")], [str(shared.pk)])
        self.assertEqual([row["id"] for row in self.read(kinds="task")], [str(shared.pk), str(hidden.pk)])
        self.assertNotIn(str(elsewhere.pk), str(self.read()))
        for person, lead in ((self.uma, self.other_lead), (self.vic, self.lead), (self.alice, self.their_lead)):
            self.assert_error(self.client_of(person).get(self.url(lead)), 404)

    def test_what_is_in_the_bin_is_not_there(self) -> None:
        task = self.post("/api/v1/tasks/", {"title": "Call", "lead": str(self.lead.pk)})
        self.client_of(self.alice).delete(f"/api/v1/tasks/{task['id']}/")
        self.assertEqual(self.read(kinds="task"), [])

    def test_a_cursor_walks_all_of_it_once_in_order(self) -> None:
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        with org_scope(self.alice):
            for number in range(6):  # three at the same moment, and moments within one millisecond
                at = moment + timedelta(microseconds=300 * max(0, number - 2))
                Interaction.objects.create(type="call", subject=str(number), lead=self.lead, occurred_at=at)
        for number in range(4):
            self.post(f"/api/v1/leads/comment/{self.lead.pk}/", {"comment": f"{number}"})
            self.client_of(self.alice).patch(f"/api/v1/leads/{self.lead.pk}/", {"notes": f"{number}"})
            self.log(f"now {number}")
        whole = [row["id"] for row in self.read()]
        self.assertEqual(len(whole), 1 + 6 + 12)
        for limit in (1, 2, 5):
            url, seen = f"{self.url()}?limit={limit}", []
            while url:
                page = self.client_of(self.alice).get(url).json()
                seen += [row["id"] for row in page["results"]]
                url = page["next"]
            self.assertEqual(seen, whole)

    def test_the_place_of_an_id_among_moments(self) -> None:
        at = datetime(2026, 1, 1, tzinfo=UTC)
        same = UUID(int=(int(at.timestamp() * 1000) << 80) + 7)
        first = UUID(int=int(at.timestamp() * 1000) << 80)
        after = UUID(int=(int(at.timestamp() * 1000) + 1) << 80)
        self.assertEqual(id_at(at, same), same)
        self.assertEqual(id_at(at, UUID(int=1)), first)
        self.assertEqual(id_at(at, UUID(int=2**127)), after)
        self.assertEqual(id_at(at + timedelta(microseconds=1), UUID(int=1)), after)
        self.assertEqual(id_at(datetime(1900, 1, 1, tzinfo=UTC), same), UUID(int=0))

    def test_what_is_refused(self) -> None:
        client = self.client_of(self.alice)
        bad = {"kinds": ["gossip", "comment,", ""], "cursor": ["x", "W10"], "limit": ["0", "x"], "nonsense": ["1"]}
        for name, values in bad.items():
            for value in values:
                self.assert_error(client.get(self.url(), {name: value}), 400, field=name)

    def test_it_costs_four_statements_however_much_there_is(self) -> None:
        client = self.client_of(self.alice)
        self.test_every_kind_in_one_order()
        self.assertEqual(self.cost(client, self.url()), 4)
        for number in range(5):
            self.post("/api/v1/tasks/", {"title": f"Call {number}", "lead": str(self.lead.pk)})
            self.log(f"Called {number}")
        self.assertEqual(self.cost(client, self.url()), 4)
