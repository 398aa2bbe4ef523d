"""What was promised, over nights, weekends, holidays and changes of the clocks; and what happens when it is not kept."""

from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine
from django.db import transaction

from cases.models import BusinessHours, Case, SlaPolicy
from cases.sla import raise_alerts
from cases.tasks import watch_clocks
from common.notifications.models import Notification
from common.people.models import Org
from common.records.models import MODULES
from common.tenancy import org_scope
from common.testing import OrgTestCase
from common.testing.committed import CommittedTestCase

FRIDAY = datetime(2026, 5, 8, 13, tzinfo=UTC)  # 15:00 in Oslo
HOUR = timedelta(hours=1)


class SlaTestCase(OrgTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        Org.objects.filter(pk=cls.org.pk).update(timezone="Europe/Oslo")
        cls.org.refresh_from_db()
        with org_scope(cls.org):
            cls.hours = BusinessHours.objects.create(name="Office", holidays={"2026-05-14": "Ascension Day"})
            cls.policy = SlaPolicy.objects.create(
                name="All",
                hours=cls.hours,
                first_answer_minutes=120,
                resolution_minutes=600,
                raises_priority=True,
                assigns_lead=True,
            )

    def setUp(self) -> None:
        self.client = self.client_of(self.alice)

    def open(self, at: datetime = FRIDAY, **values: Any) -> str:
        with time_machine.travel(at, tick=False):
            response = self.client_of(self.alice).post("/api/v1/cases/", {"name": "The seat is loose", **values})
        assert response.status_code == 201, response.content
        return response.json()["id"]

    def send(self, at: datetime, method: str, path: str, body: Any = None) -> Any:
        with time_machine.travel(at, tick=False):
            response = getattr(self.client_of(self.alice), method)(f"/api/v1/cases/{path}", body or {})
        assert response.status_code < 300, response.content
        return response.json()

    def case(self, pk: str) -> Any:
        with org_scope(self.org):
            return Case.objects.get(pk=pk)

    def alerts(self, at: datetime) -> int:
        with org_scope(self.org, source="system"):
            return raise_alerts(at)

    def told(self) -> list[tuple[str, str]]:
        with org_scope(self.org):
            return list(Notification.objects.order_by("id").values_list("kind", "text"))


class DeadlineTest(SlaTestCase):
    def test_a_friday_afternoon_goes_on_on_monday_and_a_holiday_is_left_out(self) -> None:
        case = self.case(self.open())
        self.assertEqual(case.first_answer_due, datetime(2026, 5, 8, 15, tzinfo=UTC))  # 17:00 in Oslo
        self.assertEqual(case.resolution_due, datetime(2026, 5, 11, 15, tzinfo=UTC))
        before_holiday = self.case(self.open(datetime(2026, 5, 13, 14, tzinfo=UTC)))
        self.assertEqual(before_holiday.first_answer_due, datetime(2026, 5, 15, 8, tzinfo=UTC))

    def test_over_a_change_of_the_clocks_the_wall_clock_decides(self) -> None:
        case = self.case(self.open(datetime(2026, 10, 23, 14, tzinfo=UTC)))  # 16:00, summer
        self.assertEqual(case.first_answer_due, datetime(2026, 10, 26, 9, tzinfo=UTC))  # 10:00, winter

    def test_the_first_policy_that_fits_counts_and_a_change_looks_again(self) -> None:
        with org_scope(self.org):
            SlaPolicy.objects.create(name="Urgent", position=0, priority="Urgent", first_answer_minutes=30)
            SlaPolicy.objects.filter(pk=self.policy.pk).update(position=1)
            SlaPolicy.objects.create(name="Off", priority="Urgent", position=0, first_answer_minutes=1, is_active=False)
        pk = self.open()
        self.assertEqual(self.case(pk).sla_policy_id, self.policy.pk)
        body = self.send(FRIDAY, "patch", f"{pk}/", {"priority": "Urgent"})
        self.assertEqual((body["first_answer_due"], body["resolution_due"]), ("2026-05-08T13:30:00Z", None))
        body = self.send(FRIDAY, "patch", f"{pk}/", {"description": "Still"})
        self.assertEqual(body["first_answer_due"], "2026-05-08T13:30:00Z")

    def test_waiting_moves_the_deadline_by_the_working_time_waited(self) -> None:
        pk = self.open()
        self.send(FRIDAY + HOUR, "put", f"{pk}/status/", {"status": "Waiting on customer"})
        waiting = self.case(pk)
        self.assertEqual((waiting.stopped_since, waiting.next_alert_at), (FRIDAY + HOUR, None))
        self.assertEqual(self.alerts(FRIDAY + 300 * HOUR), 0)
        monday = datetime(2026, 5, 11, 9, tzinfo=UTC)  # an hour of Friday, and two of Monday were waited
        body = self.send(monday, "patch", f"{pk}/", {"status": "Assigned"})
        self.assertEqual((body["first_answer_due"], body["stopped_since"]), ("2026-05-11T10:00:00Z", None))
        self.assertEqual(body["resolution_due"], "2026-05-12T10:00:00Z")
        self.send(monday, "put", f"{pk}/status/", {"status": "Waiting on customer"})
        body = self.send(monday, "put", f"{pk}/status/", {"status": "Assigned"})
        self.assertEqual(body["first_answer_due"], "2026-05-11T10:00:00Z")

    def test_closing_notes_when_and_reopening_goes_on(self) -> None:
        pk = self.open()
        body = self.send(FRIDAY + HOUR, "put", f"{pk}/status/", {"status": "Closed"})
        self.assertEqual((body["resolved_at"], body["closed_on"]), ("2026-05-08T14:00:00Z", "2026-05-08"))
        self.assertIsNone(self.case(pk).next_alert_at)
        body = self.send(FRIDAY + 2 * HOUR, "put", f"{pk}/status/", {"status": "New"})
        self.assertEqual((body["resolved_at"], body["closed_on"]), (None, None))
        self.assertEqual(body["first_answer_due"], "2026-05-11T08:00:00Z")

    def test_a_comment_that_the_customer_may_read_is_the_first_answer(self) -> None:
        pk = self.open()
        self.send(FRIDAY, "post", f"comment/{pk}/", {"comment": "Who knows seats?", "is_internal": True})
        self.assertIsNone(self.case(pk).first_answered_at)
        self.send(FRIDAY + HOUR, "post", f"comment/{pk}/", {"comment": "Turn both screws."})
        self.send(FRIDAY + 2 * HOUR, "post", f"comment/{pk}/", {"comment": "And?"})
        case = self.case(pk)
        self.assertEqual(case.first_answered_at, FRIDAY + HOUR)
        self.assertEqual(case.next_alert_at, datetime(2026, 5, 11, 13, tzinfo=UTC))  # of the resolution: eight of ten hours


class AlertTest(SlaTestCase):
    def test_near_then_breached_each_told_once(self) -> None:
        pk = self.open(assigned_to=[str(self.uma.pk)])
        self.assertEqual(self.alerts(FRIDAY + HOUR), 0)
        near = FRIDAY + 1.6 * HOUR
        self.assertEqual([self.alerts(near), self.alerts(near)], [1, 0])
        self.assertEqual(self.case(pk).first_answer_state, "near")
        self.assertEqual([self.alerts(FRIDAY + 2 * HOUR), self.alerts(FRIDAY + 3 * HOUR)], [1, 0])
        case = self.case(pk)
        self.assertEqual((case.first_answer_state, case.priority), ("breached", "High"))
        number = f"#{case.number} The seat is loose"
        self.assertEqual(
            self.told(),
            [
                ("due", f"Little time is left to answer {number}: until 8 May 17:00"),
                ("breached", f"{number} was to be answered by 8 May 17:00"),
            ],
        )

    def test_a_breach_escalates_once_for_both_clocks_and_keeps_the_promise(self) -> None:
        with org_scope(self.org):
            team = MODULES["teams"].objects.create(name="Help", lead=self.max)  # type: ignore[misc]
        pk = self.open(teams=[str(team.pk)], assigned_to=[str(self.uma.pk)])
        due = self.case(pk).resolution_due
        self.assertEqual(self.alerts(FRIDAY + 100 * HOUR), 1)
        case = self.case(pk)
        self.assertEqual((case.priority, case.first_answer_state, case.resolution_state), ("High", "breached", "breached"))
        self.assertEqual(case.resolution_due, due)
        with org_scope(self.org):
            self.assertEqual(set(case.assigned_to.all()), {self.uma, self.max})
        self.assertEqual(len([kind for kind, _ in self.told() if kind == "breached"]), 4)  # two clocks, two people

    def test_a_shift_by_waiting_does_not_warn_again(self) -> None:
        pk = self.open()
        self.alerts(FRIDAY + 1.6 * HOUR)
        self.send(FRIDAY + 1.7 * HOUR, "put", f"{pk}/status/", {"status": "Waiting on customer"})
        self.send(FRIDAY + 96 * HOUR, "put", f"{pk}/status/", {"status": "New"})
        self.assertEqual(self.alerts(FRIDAY + 96 * HOUR), 0)
        self.assertEqual(self.case(pk).first_answer_state, "near")

    def test_the_other_org_is_not_told(self) -> None:
        self.open()
        with org_scope(self.other):
            self.assertEqual(raise_alerts(FRIDAY + 300 * HOUR), 0)
            self.assertEqual(Notification.objects.count(), 0)
        with time_machine.travel(FRIDAY + 300 * HOUR, tick=False):
            self.assertEqual([watch_clocks(), watch_clocks()], [1, 0])

    def test_a_case_in_the_bin_rests(self) -> None:
        pk = self.open()
        self.client_of(self.alice).delete(f"/api/v1/cases/{pk}/")
        self.assertEqual(self.alerts(FRIDAY + 300 * HOUR), 0)


class WorkersTest(CommittedTestCase):
    def test_what_a_worker_that_dies_had_begun_the_next_one_does(self) -> None:
        class Killed(Exception):
            pass

        with org_scope(self.org):
            SlaPolicy.objects.create(name="All", resolution_minutes=1, raises_priority=True)
        self.client_of(self.alice).post(
            "/api/v1/cases/", {"name": "A case", "priority": "Low", "assigned_to": [str(self.uma.pk)]}
        )
        later = datetime.now(UTC) + HOUR
        with org_scope(self.org, source="system"):
            with self.assertRaises(Killed), transaction.atomic():
                self.assertEqual(raise_alerts(later), 1)
                raise Killed  # before the commit: the server rolls back what a dead worker left
            self.assertEqual((Notification.objects.count(), Case.objects.get().priority), (0, "Low"))
            self.assertEqual([raise_alerts(later), raise_alerts(later)], [1, 0])
            self.assertEqual((Notification.objects.count(), Case.objects.get().priority), (1, "Normal"))

    def test_two_workers_at_once_tell_of_each_case_once(self) -> None:
        with org_scope(self.org):
            SlaPolicy.objects.create(name="All", resolution_minutes=1, raises_priority=True)
        client = self.client_of(self.alice)
        for number in range(8):
            client.post("/api/v1/cases/", {"name": f"Case {number}", "priority": "Low", "assigned_to": [str(self.uma.pk)]})

        def work() -> int:
            with org_scope(self.org, source="system"):
                return raise_alerts(datetime.now(UTC) + HOUR)

        self.assertEqual(sum(self.at_once(work, work, work)), 8)
        with org_scope(self.org):
            self.assertEqual(Notification.objects.filter(kind="breached").count(), 8)
            self.assertEqual(set(Case.objects.values_list("priority", flat=True)), {"Normal"})


class DeskSetupTest(OrgTestCase):
    def test_bad_hours_holidays_and_zones_are_refused_by_name(self) -> None:
        client = self.client_of(self.alice)
        for field, bad in (
            ("week", [{}, {"mon": []}, {"xyz": []}, {"mon": [["9", "17"]]}, {"mon": [["17:00", "09:00"]]}, {"mon": "x"}, [1],
                      {"mon": [["09:00", "12:00"], ["11:00", "13:00"]]}, {"mon": [["09:00", "25:00"]]}, {"mon": [[9, 17]]}]),
            ("holidays", [{"25.12.": "Christmas"}, ["2026-12-25"], {"": ""}]),
            ("timezone", ["Mars/Olympus", "../etc/passwd", "/etc/passwd"]),
        ):  # fmt: skip
            for value in bad:
                with self.subTest(f"{field} {value}"):
                    response = client.post("/api/v1/business-hours/", {"name": "Office", field: value})
                    self.assert_error(response, 400, field=field)

    def test_who_looks_after_the_desk_changes_it_and_others_read(self) -> None:
        body = {"name": "All", "resolution_minutes": 60}
        pk = self.client_of(self.max).post("/api/v1/sla-policies/", body).json()["id"]
        self.assertEqual(self.client_of(self.uma).get("/api/v1/sla-policies/").json()["count"], 1)
        self.assert_error(self.client_of(self.uma).post("/api/v1/sla-policies/", body), 403)
        self.assert_error(self.client_of(self.vic).get("/api/v1/sla-policies/"), 403)
        self.assert_error(self.client_of(self.mallory).get(f"/api/v1/sla-policies/{pk}/"), 404)

    def test_hours_in_use_stay(self) -> None:
        client = self.client_of(self.alice)
        hours = client.post("/api/v1/business-hours/", {"name": "Office"}).json()["id"]
        client.post("/api/v1/sla-policies/", {"name": "All", "hours": hours, "resolution_minutes": 60})
        self.assert_error(client.delete(f"/api/v1/business-hours/{hours}/"), 409)
