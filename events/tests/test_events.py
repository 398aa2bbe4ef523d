"""Times of events: single ones, series and their occurrences."""

from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine

from common.calendar.scheduled import send_reminders
from common.notifications.models import Notification
from common.people.models import Profile
from common.tenancy import org_scope
from common.testing import OrgTestCase
from events.models import Event

URL = "/api/v1/events/"
#: A Monday, in winter.
NOW = datetime(2027, 3, 1, 8, tzinfo=UTC)
TRAVEL = time_machine.travel(NOW, tick=False)


class EventTestCase(OrgTestCase):
    def setUp(self) -> None:
        self.client = self.client_of(self.alice)

    def make(self, profile: Profile | None = None, **data: Any) -> dict[str, Any]:
        body = {"title": "Stand-up", "start": "2027-03-01T08:00:00Z", "end": "2027-03-01T08:30:00Z", **data}
        response = self.client_of(profile or self.alice).post(URL, body)
        self.assertEqual(response.status_code, 201, response.content)
        return response.json()

    def weekly(self, **data: Any) -> dict[str, Any]:
        return self.make(**{"timezone": "Europe/Oslo", "recurrence": "FREQ=WEEKLY", **data})

    def refuse(self, field: str, **data: Any) -> Any:
        body = {"title": "x", "start": "2027-03-01T08:00:00Z", "end": "2027-03-01T08:30:00Z", **data}
        response = self.client.post(URL, body)
        self.assert_error(response, 400, field=field)
        return response.json()["details"][field]

    def occurrences(self, after: str = "2027-03-01", before: str = "2027-04-01", profile: Any = None, **query: Any) -> list[Any]:
        response = self.client_of(profile or self.alice).get(f"{URL}occurrences/", {"from": after, "to": before, **query})
        self.assertEqual(response.status_code, 200, response.content)
        return response.json()["results"]

    def starts(self, *days: str, **query: Any) -> list[str]:
        return [row["start"][:16] for row in self.occurrences(*days, **query)]

    def change(self, event: dict[str, Any], occurrence: str, scope: str, **values: Any) -> Any:
        body = {"occurrence": occurrence, "scope": scope, **values}
        return self.client.post(f"{URL}{event['id']}/change-occurrence/", body)

    def cancel(self, event: dict[str, Any], occurrence: str, scope: str = "one") -> Any:
        return self.client.post(f"{URL}{event['id']}/cancel-occurrence/", {"occurrence": occurrence, "scope": scope})


@TRAVEL
class TimesTest(EventTestCase):
    def test_an_event_ends_after_it_starts(self) -> None:
        self.refuse("end", end="2027-03-01T08:00:00Z")
        self.refuse("end", end="2027-03-01T07:00:00Z")
        self.refuse("end", end="2029-03-01T07:00:00Z")
        event = self.make()
        self.assert_error(self.client.patch(f"{URL}{event['id']}/", {"end": "2027-03-01T07:00:00Z"}), 400, field="end")
        moved = self.client.patch(f"{URL}{event['id']}/", {"start": "2027-03-02T10:00:00Z"}).json()
        self.assertEqual(moved["end"], "2027-03-02T10:30:00Z")

    def test_what_lasts_all_day_goes_from_midnight_to_midnight_of_its_zone(self) -> None:
        event = self.make(all_day=True, timezone="Europe/Oslo", start="2027-03-27T12:00:00Z", end="2027-03-28T12:00:00Z")
        self.assertEqual(
            (event["start"], event["end"]), ("2027-03-26T23:00:00Z", "2027-03-28T22:00:00Z")
        )  # 47 hours: the clocks change

    def test_zones_are_iana_names_and_the_organizations_without_one(self) -> None:
        self.org.timezone = "Asia/Kathmandu"
        self.org.save()
        self.assertEqual(self.make()["timezone"], "Asia/Kathmandu")
        for name in ("Mars/Base", "../etc/passwd", "CET+1"):
            self.refuse("timezone", timezone=name)

    def test_absurd_rules_are_refused(self) -> None:
        rules = ["FREQ=SECONDLY", "FREQ=MINUTELY;COUNT=3", "FREQ=DAILY;COUNT=5000", "FREQ=DAILY;INTERVAL=0", "nonsense",
                 "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=WEEKLY;BYDAY=FUN", "FREQ=DAILY;UNTIL=20270101;COUNT=1"]  # fmt: skip
        for rule in rules:
            self.refuse("recurrence", recurrence=rule)
        self.assertIn("2027-03-02", str(self.refuse("start", recurrence="FREQ=WEEKLY;BYDAY=TU")))

    def test_times_far_away_and_malformed_ranges_are_refused(self) -> None:
        self.refuse("start", start="0001-01-01T00:00:00Z", end="0001-01-01T01:00:00Z")
        self.refuse("start", start="9999-12-31T22:00:00Z", end="9999-12-31T23:00:00Z")
        ranges = [("", ""), ("x", "2027-01-01"), ("2027-01-02", "2027-01-01"), ("2027-01-01", "2029-01-01"),
                  ("2027-13-01", "2027-01-01"), ("0001-01-01", "0001-02-01"), ("2027-01-01T25:00:00Z", "2027-02-01")]  # fmt: skip
        queries: list[dict[str, str]] = [{"from": after, "to": before} for after, before in ranges]
        for query in [*queries, {"from": "2027-01-01", "to": "2027-02-01", "cursor": "x"}]:
            self.assert_error(self.client.get(f"{URL}occurrences/", query), 400)


@TRAVEL
class SeriesTest(EventTestCase):
    def test_nine_in_oslo_stays_nine_in_oslo(self) -> None:
        self.weekly()
        self.assertEqual(self.starts("2027-03-20", "2027-04-10"), ["2027-03-22T08:00", "2027-03-29T07:00", "2027-04-05T07:00"])
        self.assertEqual(self.starts("2027-10-20", "2027-11-05"), ["2027-10-25T07:00", "2027-11-01T08:00"])

    def test_a_time_that_the_clocks_skip_or_repeat_comes_once(self) -> None:
        self.make(timezone="Europe/Oslo", recurrence="FREQ=DAILY", start="2027-03-01T01:30:00Z", end="2027-03-01T02:00:00Z")
        self.assertEqual(self.starts("2027-03-27", "2027-03-30"), ["2027-03-27T01:30", "2027-03-28T01:30", "2027-03-29T00:30"])
        self.assertEqual(self.starts("2027-10-30", "2027-11-02"), ["2027-10-30T00:30", "2027-10-31T00:30", "2027-11-01T01:30"])

    def test_one_without_end_is_worked_out_as_far_as_one_looks_a_page_at_a_time(self) -> None:
        self.weekly(recurrence="FREQ=DAILY")
        self.make(title="once", start="2090-05-02T07:30:00Z", end="2090-05-02T08:00:00Z")
        url, found = f"{URL}occurrences/?from=2090-05-01&to=2090-06-01&limit=7", []
        while url:
            body = self.client.get(url).json()
            found += [(row["start"], row["title"]) for row in body["results"]]
            url = body["next"]
        self.assertEqual((len(found), len(set(found))), (32, 32))
        self.assertEqual(found, sorted(found))

    def test_one_occurrence_is_changed_or_cancelled(self) -> None:
        event = self.weekly()
        self.assertEqual(
            self.change(event, "2027-03-08T08:00:00Z", "one", start="2027-03-09T12:00:00Z", title="Long one").status_code, 200
        )
        self.assertEqual(self.change(event, "2027-03-15T08:00:00Z", "one", location="Pier 4").status_code, 200)
        self.assertEqual(self.cancel(event, "2027-03-22T08:00:00Z").status_code, 200)
        rows = self.occurrences("2027-03-01", "2027-03-30")
        shown = [(row["start"][:16], row["end"][11:16], row["title"], row["location"], row["changed"]) for row in rows]
        self.assertEqual(shown, [
            ("2027-03-01T08:00", "08:30", "Stand-up", "", False),
            ("2027-03-09T12:00", "12:30", "Long one", "", True),
            ("2027-03-15T08:00", "08:30", "Stand-up", "Pier 4", True),
            ("2027-03-29T07:00", "07:30", "Stand-up", "", False),
        ])  # fmt: skip
        self.assertEqual(rows[1]["occurrence"], "2027-03-08T08:00:00Z")
        for occurrence in ("2027-03-22T08:00:00Z", "2027-03-09T08:00:00Z", "2027-02-22T08:00:00Z"):
            self.assert_error(self.change(event, occurrence, "one", title="x"), 400, field="occurrence")
        self.assert_error(self.change(event, "2027-03-15T08:00:00Z", "one", end="2027-03-01T00:00:00Z"), 400, field="end")
        self.assert_error(self.change(event, "2027-03-15T08:00:00Z", "one", recurrence="FREQ=DAILY"), 400, field="recurrence")

    def test_one_and_all_following_become_a_series_of_their_own(self) -> None:
        event = self.weekly(recurrence="FREQ=WEEKLY;COUNT=5", participants=[{"email": "ada@engines.example"}])
        self.cancel(event, "2027-03-22T08:00:00Z")
        rest = self.change(event, "2027-03-15T08:00:00Z", "following", start="2027-03-15T09:00:00Z", title="Later").json()
        self.assertEqual((rest["series"], rest["recurrence"]), (event["id"], "FREQ=WEEKLY;COUNT=3"))
        self.assertEqual([person["email"] for person in rest["participants"]], ["ada@engines.example"])
        rows = [(row["start"][:16], row["title"]) for row in self.occurrences("2027-03-01", "2027-05-01")]
        self.assertEqual(rows, [("2027-03-01T08:00", "Stand-up"), ("2027-03-08T08:00", "Stand-up"),
                                ("2027-03-15T09:00", "Later"), ("2027-03-29T08:00", "Later")])  # fmt: skip

    def test_all_are_moved_and_what_was_changed_of_single_ones_stays(self) -> None:
        event = self.weekly()
        self.cancel(event, "2027-03-08T08:00:00Z")
        self.change(event, "2027-03-15T08:00:00Z", "one", title="Special")
        moved = self.change(event, "2027-03-29T07:00:00Z", "all", start="2027-03-30T08:00:00Z").json()
        self.assertEqual(moved["start"], "2027-03-02T09:00:00Z")
        rows = [(row["start"][:16], row["title"]) for row in self.occurrences("2027-03-01", "2027-04-01")]
        self.assertEqual(rows, [("2027-03-02T09:00", "Stand-up"), ("2027-03-16T09:00", "Special"),
                                ("2027-03-23T09:00", "Stand-up"), ("2027-03-30T08:00", "Stand-up")])  # fmt: skip
        self.client.patch(f"{URL}{event['id']}/", {"recurrence": "FREQ=WEEKLY;INTERVAL=2"})
        self.assertEqual(
            [row["title"] for row in self.occurrences("2027-03-01", "2027-04-01")], ["Stand-up", "Special", "Stand-up"]
        )
        with org_scope(self.org):
            self.assertEqual(Event.objects.get(pk=event["id"]).changes.count(), 1)

    def test_cancelling_from_one_on_and_altogether(self) -> None:
        event = self.weekly()
        self.assertEqual(self.cancel(event, "2027-03-15T08:00:00Z", "following").status_code, 200)
        self.assertEqual(self.starts("2027-03-01", "2028-01-01"), ["2027-03-01T08:00", "2027-03-08T08:00"])
        self.assertEqual(self.cancel(event, "2027-03-08T08:00:00Z", "all").json()["status"], "cancelled")

    def test_ranges_show_what_has_begun_and_what_one_may_see(self) -> None:
        self.make(title="long", start="2027-02-20T08:00:00Z", end="2027-03-03T08:00:00Z")
        self.make(title="over", start="2027-02-20T08:00:00Z", end="2027-02-28T08:00:00Z")
        self.make(self.mallory, title="theirs", recurrence="FREQ=DAILY")
        self.assertEqual([row["title"] for row in self.occurrences()], ["long"])
        self.assertEqual(self.occurrences(profile=self.uma), [])
        self.assertEqual(self.occurrences(title="nothing"), [])
        for scope in ("one", "following", "all"):
            with org_scope(self.other):
                theirs = str(Event.objects.get().pk)
            self.assert_error(self.change({"id": theirs}, "2027-03-02T08:00:00Z", scope, title="x"), 404)

    def test_a_page_takes_as_many_statements_for_many_series(self) -> None:
        url = f"{URL}occurrences/?from=2027-03-01&to=2027-04-01"
        self.weekly()
        one = self.cost(self.client, url)
        for _ in range(3):
            self.cancel(self.weekly(), "2027-03-08T08:00:00Z")
        self.assertEqual(self.cost(self.client, url), one)
        self.assertLessEqual(one, 4)


@TRAVEL
class ReminderTest(EventTestCase):
    def texts(self) -> list[str]:
        with org_scope(self.org):
            return list(Notification.objects.order_by("id").values_list("text", flat=True))

    def test_each_occurrence_is_reminded_of_once(self) -> None:
        event = self.weekly(reminders=[15, 60], recurrence="FREQ=DAILY;COUNT=4")
        self.cancel(event, "2027-03-03T08:00:00Z")
        for minute in range(0, 5 * 24 * 60, 5):
            with time_machine.travel(NOW + timedelta(minutes=minute), tick=False), org_scope(self.org, source="system"):
                if Event.objects.filter(remind_at__lte=datetime.now(UTC)).exists():
                    send_reminders(Event)
        days = ["Tue 2 Mar, 09:00", "Tue 2 Mar, 09:00", "Thu 4 Mar, 09:00", "Thu 4 Mar, 09:00"]
        self.assertEqual(self.texts(), [f"Stand-up: {day} (Europe/Oslo)" for day in days])

    def test_bad_reminders_are_refused(self) -> None:
        for reminders in ([-1], [10**9], ["soon"], [1] * 6, 15):
            self.refuse("reminders", reminders=reminders)


@TRAVEL
class ConflictTest(EventTestCase):
    def test_it_shows_when_those_who_take_part_are_busy(self) -> None:
        uma = [{"profile": str(self.uma.pk)}]
        self.weekly(title="Private", participants=uma)
        event = self.make(start="2027-03-08T08:15:00Z", end="2027-03-08T09:00:00Z", participants=uma)
        found = self.client.get(f"{URL}{event['id']}/conflicts/").json()["results"]
        self.assertIn({"profile": str(self.uma.pk), "occurrence": "2027-03-08T08:15:00Z", "start": "2027-03-08T08:00:00Z",
                       "end": "2027-03-08T08:30:00Z"}, found)  # fmt: skip
        self.assertNotIn("Private", str(found))
        quiet = self.make(start="2027-03-08T08:30:00Z", end="2027-03-08T09:00:00Z", participants=uma)
        self.client.delete(f"{URL}{event['id']}/")
        self.assertEqual(self.client.get(f"{URL}{quiet['id']}/conflicts/").json()["results"], [])
