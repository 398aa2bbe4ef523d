"""What is on whose calendar: agenda, what next, free and busy; and plans that are done."""

from datetime import UTC, datetime
from typing import Any

import time_machine

from common.people.models import Profile
from common.records.models import Interaction
from common.tenancy import org_scope
from common.testing import OrgTestCase

API = "/api/v1"
#: A Monday.
TRAVEL = time_machine.travel(datetime(2027, 3, 1, 8, tzinfo=UTC), tick=False)


class PlannerTestCase(OrgTestCase):
    def post(self, path: str, profile: Profile | None = None, **data: Any) -> Any:
        response = self.client_of(profile or self.alice).post(f"{API}/{path}/", data)
        self.assertEqual(response.status_code, 201, response.content)
        return response.json()

    def plan(self, subject: str, start: str, profile: Profile | None = None, **data: Any) -> Any:
        return self.post("planner", profile, subject=subject, start=start, **data)

    def task(self, title: str, due: str, profile: Profile | None = None, **data: Any) -> Any:
        return self.post("tasks", profile, title=title, due_date=due, **data)

    def event(self, title: str, start: str, end: str, profile: Profile | None = None, **data: Any) -> Any:
        return self.post("events", profile, title=title, start=start, end=end, **data)

    def get(self, path: str, profile: Profile | None = None, **query: Any) -> Any:
        response = self.client_of(profile or self.alice).get(f"{API}/planner/{path}/", query)
        self.assertEqual(response.status_code, 200, response.content)
        return response.json()

    def agenda(self, profile: Profile | None = None, **query: Any) -> list[tuple[str, str]]:
        query = {"from": "2027-03-01", "to": "2027-04-01", **query}
        return [(row["start"][5:16], row["title"]) for row in self.get("agenda", profile, **query)["results"]]


@TRAVEL
class AgendaTest(PlannerTestCase):
    def test_plans_events_and_tasks_stand_in_one_order(self) -> None:
        lead = self.post("leads", name="Ada")["id"]
        self.plan("Call", "2027-03-02T09:00:00Z", duration=15, lead=lead, activity_type="call")
        self.event("Demo", "2027-03-02T08:00:00Z", "2027-03-02T09:00:00Z")
        self.task("Offer", "2027-03-02", priority="High")
        self.event("Stand-up", "2027-03-01T08:00:00Z", "2027-03-01T08:15:00Z", recurrence="FREQ=WEEKLY;COUNT=2")
        rows = self.get("agenda", **{"from": "2027-03-01", "to": "2027-03-10"})["results"]
        shown = [
            (row["kind"], row["start"], row["end"], row["title"], row["type"], row["record_type"], row["done"]) for row in rows
        ]
        self.assertEqual(shown, [
            ("event", "2027-03-01T08:00:00Z", "2027-03-01T08:15:00Z", "Stand-up", "Meeting", None, False),
            ("task", "2027-03-02T00:00:00Z", None, "Offer", "High", None, False),
            ("event", "2027-03-02T08:00:00Z", "2027-03-02T09:00:00Z", "Demo", "Meeting", None, False),
            ("plan", "2027-03-02T09:00:00Z", "2027-03-02T09:15:00Z", "Call", "call", "lead", False),
            ("event", "2027-03-08T08:00:00Z", "2027-03-08T08:15:00Z", "Stand-up", "Meeting", None, False),
        ])  # fmt: skip
        self.assertEqual((rows[3]["record"], rows[0]["occurrence"], rows[2]["occurrence"]), (lead, "2027-03-01T08:00:00Z", None))

    def test_it_is_what_is_assigned_to_one_or_one_takes_part_in_or_made_for_nobody(self) -> None:
        uma = {"assigned_to": [str(self.uma.pk)]}
        self.task("for Uma", "2027-03-02", **uma)
        self.task("mine", "2027-03-03")
        self.task("hers", "2027-03-04", self.uma)
        self.task("theirs", "2027-03-05", self.mallory)
        self.plan("together", "2027-03-06T08:00:00Z", attendees=[str(self.uma.pk)])
        self.event("invited", "2027-03-07T08:00:00Z", "2027-03-07T09:00:00Z", participants=[{"profile": str(self.uma.pk)}])
        titles = [title for _, title in self.agenda()]
        self.assertEqual(titles, ["mine", "together", "invited"])
        self.assertEqual([title for _, title in self.agenda(self.uma)], ["for Uma", "hers", "together", "invited"])

    def test_days_are_those_of_the_organization(self) -> None:
        self.org.timezone = "America/New_York"
        self.org.save()
        self.task("due", "2027-03-14")
        self.task("next day", "2027-03-15")
        self.assertEqual(self.agenda(**{"from": "2027-03-14", "to": "2027-03-15"}), [("03-14T05:00", "due")])
        self.assertEqual(self.agenda(**{"from": "2027-03-15", "to": "2027-03-16"}), [("03-15T04:00", "next day")])

    def test_pages_show_each_entry_once(self) -> None:
        for day in range(2, 12):
            self.task(f"t{day}", f"2027-03-{day:02}")
            self.plan(f"p{day}", f"2027-03-{day:02}T00:00:00Z")
            self.event(f"e{day}", f"2027-03-{day:02}T00:00:00Z", f"2027-03-{day:02}T01:00:00Z")
        self.event("daily", "2027-03-01T00:00:00Z", "2027-03-01T00:30:00Z", recurrence="FREQ=DAILY")
        whole = self.agenda(**{"to": "2027-03-13", "limit": 500})
        self.assertEqual(len(whole), 42)
        url, found = f"{API}/planner/agenda/?from=2027-03-01&to=2027-03-13&limit=4", []
        while url:
            body = self.client_of(self.alice).get(url).json()
            found += [(row["start"][5:16], row["title"]) for row in body["results"]]
            url = body["next"]
        self.assertEqual(found, whole)
        for cursor in ("x", "bnVsbA", "WzEsMiwzXQ"):
            url = f"{API}/planner/agenda/?from=2027-03-01&to=2027-03-13&cursor={cursor}"
            self.assert_error(self.client_of(self.alice).get(url), 400, field="cursor")

    def test_it_takes_four_statements_at_any_size(self) -> None:
        url = f"{API}/planner/agenda/?from=2027-03-01&to=2027-04-01"
        client = self.client_of(self.alice)
        self.event("daily", "2027-03-01T00:00:00Z", "2027-03-01T00:30:00Z", recurrence="FREQ=DAILY")
        one = self.cost(client, url)
        for number in range(3):
            self.task(f"t{number}", "2027-03-02")
            self.event("daily", "2027-03-01T00:00:00Z", "2027-03-01T00:30:00Z", recurrence="FREQ=DAILY")
        self.assertEqual(self.cost(client, url), one)
        self.assertLessEqual(one, 4)

    def test_what_next_begins_with_what_is_overdue(self) -> None:
        self.task("late", "2026-01-02")
        self.task("done", "2026-01-02", status="Completed")
        self.task("today", "2027-03-01")
        self.task("far", "2027-06-01")
        self.plan("missed", "2027-02-01T09:00:00Z")
        self.plan("called", "2027-02-01T09:00:00Z", status="done")
        self.event("over", "2027-02-01T09:00:00Z", "2027-02-01T10:00:00Z")
        self.event("on now", "2027-03-01T07:30:00Z", "2027-03-01T08:30:00Z")
        rows = self.get("next")["results"]
        expected = [("late", True), ("missed", True), ("today", False), ("on now", False)]
        self.assertEqual([(row["title"], row["overdue"]) for row in rows], expected)


@TRAVEL
class FreeBusyTest(PlannerTestCase):
    def busy(self, profile: Profile, *people: Profile) -> list[list[tuple[str, str]]]:
        ids = ",".join(str(person.pk) for person in people)
        rows = self.get("free-busy", profile, **{"from": "2027-03-01", "to": "2027-03-09"}, profiles=ids)["results"]
        return [[(span["start"][8:16], span["end"][8:16]) for span in row["busy"]] for row in rows]

    def test_it_tells_when_and_not_what(self) -> None:
        self.event("Secret", "2027-03-01T09:00:00Z", "2027-03-01T10:00:00Z", self.mallory)
        self.event("Secret", "2027-03-01T09:00:00Z", "2027-03-01T10:00:00Z", recurrence="FREQ=WEEKLY",
                   participants=[{"profile": str(self.max.pk)}])  # fmt: skip
        self.plan("Secret", "2027-03-01T09:30:00Z", duration=60)
        self.plan("no time", "2027-03-02T09:30:00Z")
        self.event("cancelled", "2027-03-03T09:00:00Z", "2027-03-03T10:00:00Z", status="cancelled")
        found = self.busy(self.uma, self.alice, self.max, self.uma)
        weekly = ("08T09:00", "08T10:00")
        self.assertEqual(found, [[("01T09:00", "01T10:30"), weekly], [("01T09:00", "01T10:00"), weekly], []])

    def test_whoever_declined_has_time(self) -> None:
        event = self.event("Talk", "2027-03-01T09:00:00Z", "2027-03-01T10:00:00Z", participants=[{"profile": str(self.uma.pk)}])
        self.assertEqual(self.busy(self.alice, self.uma), [[("01T09:00", "01T10:00")]])
        answer = self.client_of(self.uma).post(f"{API}/events/{event['id']}/respond/", {"response": "declined"})
        self.assertEqual(answer.status_code, 200, answer.content)
        self.assertEqual(self.busy(self.alice, self.uma), [[]])

    def test_strangers_are_not_asked_for(self) -> None:
        url = f"{API}/planner/free-busy/?from=2027-03-01&to=2027-03-09&profiles="
        for who in (str(self.mallory.pk), "x", ",".join([str(self.alice.pk)] * 1 + ["0192d3c0-0000-7000-8000-000000000000"])):
            self.assert_error(self.client_of(self.alice).get(url + who), 400, field="profiles")


@TRAVEL
class DoneTest(PlannerTestCase):
    def interactions(self) -> list[Any]:
        with org_scope(self.org):
            return list(Interaction.objects.values_list("type", "subject", "notes", "duration", "lead"))

    def test_what_is_done_is_on_the_timeline_of_its_record_once(self) -> None:
        lead = self.post("leads", name="Ada")["id"]
        plan = self.plan("Call Ada", "2027-03-01T07:00:00Z", lead=lead, activity_type="call", direction="outbound", duration=15)
        client, url = self.client_of(self.alice), f"{API}/planner/{plan['id']}/"
        done = client.post(f"{url}done/", {"notes": "Wants two."})
        self.assertEqual((done.status_code, done.json()["status"]), (200, "done"))
        self.assert_error(client.post(f"{url}done/", {}), 409)
        client.patch(url, {"status": "planned"})
        client.patch(url, {"status": "done"})
        rows = self.interactions()
        self.assertEqual([(*row[:4], str(row[4])) for row in rows], [("call", "Call Ada", "Wants two.", 15, lead)])
        self.assertEqual(client.get(url).json()["interaction"], done.json()["interaction"])

    def test_done_by_its_status_and_about_nothing(self) -> None:
        lead = self.post("leads", name="Ada")["id"]
        self.plan("Note", "2027-03-01T07:00:00Z", lead=lead, status="done")
        nothing = self.plan("Tidy up", "2027-03-01T07:00:00Z")
        self.assertEqual(self.client_of(self.alice).post(f"{API}/planner/{nothing['id']}/done/", {}).json()["status"], "done")
        self.assertEqual([row[:2] for row in self.interactions()], [("note", "Note")])

    def test_nobody_else_marks_it_as_done(self) -> None:
        plan = self.plan("Call", "2027-03-01T07:00:00Z")
        for profile in (self.mallory, self.uma):
            self.assert_error(self.client_of(profile).post(f"{API}/planner/{plan['id']}/done/", {}), 404)
        self.assertEqual(self.interactions(), [])
