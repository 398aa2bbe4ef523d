"""What tasks do beyond what every record does: completion, series, subtasks, checklists, reminders."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import time_machine
from django.db import connection

from common.calendar.scheduled import send_reminders
from common.notifications.models import Notification
from common.tenancy import org_scope
from common.testing import OrgTestCase
from common.testing.committed import CommittedTestCase
from tasks.models import Task
from tasks.services import make_due_tasks
from tasks.tasks import make_recurring_tasks

URL = "/api/v1/tasks/"
#: A Sunday.
TRAVEL = time_machine.travel(datetime(2027, 5, 30, 12, tzinfo=UTC), tick=False)


class TaskTestCase(OrgTestCase):
    def setUp(self) -> None:
        self.client = self.client_of(self.alice)

    @contextmanager
    def at(self, moment: datetime) -> Iterator[None]:
        with time_machine.travel(moment, tick=False):
            self.client = self.client_of(self.alice)  # a token lasts a day
            yield

    def make(self, profile: Any = None, **data: Any) -> dict[str, Any]:
        response = self.client_of(profile or self.alice).post(URL, {"title": "Water the plants", **data})
        self.assertEqual(response.status_code, 201, response.content)
        return response.json()

    def patch(self, task: dict[str, Any], **data: Any) -> Any:
        return self.client.patch(f"{URL}{task['id']}/", data)

    def titles(self, query: str) -> list[str]:
        return sorted(row["title"] for row in self.client.get(f"{URL}?{query}").json()["results"])

    def following(self, task: dict[str, Any]) -> list[dict[str, Any]]:
        return [row for row in self.client.get(URL).json()["results"] if row["follows"] == task["id"]]


@TRAVEL
class CompletionTest(TaskTestCase):
    def test_completed_at_follows_the_stage_however_it_changes(self) -> None:
        task = self.make()
        self.assertIsNone(task["completed_at"])
        done = self.patch(task, status="Completed").json()
        self.assertIsNotNone(done["completed_at"])
        self.assertEqual(self.patch(task, title="Again").json()["completed_at"], done["completed_at"])
        moved = self.client.put(f"{URL}{task['id']}/status/", {"status": "In Progress"}).json()
        self.assertIsNone(moved["completed_at"])
        moved = self.client.put(f"{URL}{task['id']}/status/", {"status": "Completed"}).json()
        self.assertIsNotNone(moved["completed_at"])
        self.assertIsNotNone(self.make(status="Completed")["completed_at"])

    def test_overdue_is_what_is_open_and_was_due_before_today_where_the_organization_is(self) -> None:
        self.org.timezone = "Pacific/Auckland"
        self.org.save()
        self.make(title="yesterday", due_date="2027-06-01")
        self.make(title="today there", due_date="2027-06-02")
        self.make(title="done", due_date="2027-06-01", status="Completed")
        self.make(title="some day")
        self.make(self.mallory, title="theirs", due_date="2027-06-01")
        with self.at(datetime(2027, 6, 1, 13, tzinfo=UTC)):  # the 2nd, in Auckland
            self.assertEqual(self.titles("overdue=true"), ["yesterday"])
            self.assertEqual(self.titles("overdue=false"), ["done", "some day", "today there"])
        self.assert_error(self.client.get(f"{URL}?overdue=perhaps"), 400, field="overdue")


@TRAVEL
class SeedTest(TaskTestCase):
    """What clients of seed 004's system send."""

    def test_its_parameters_and_its_patch(self) -> None:
        lead = self.client.post("/api/v1/leads/", {"name": "Ada"}).json()["id"]
        task = self.make(title="about Ada", lead_id=lead, due_date="2027-06-01", assigned_to=[str(self.uma.pk)])
        self.assertEqual(task["lead"], lead)
        self.make(title="other", due_date="2027-06-02")
        self.assertEqual(self.titles(f"lead_id={lead}"), ["about Ada"])
        self.assertEqual(self.titles("due_before=2027-06-02"), ["about Ada"])
        self.assertEqual(self.titles("due_before=2027-06-02T10:00:00Z"), ["about Ada"])
        self.assertEqual(self.titles(f"assigned_to={self.uma.pk}&status=New&due_before=2027-07-01"), ["about Ada"])
        self.assertEqual(self.patch(task, status="in progress").json()["status"], "In Progress")
        self.assert_error(self.client.get(f"{URL}?due_before=soon"), 400, field="due_before")

    def test_a_lead_of_another_organization_does_not_exist(self) -> None:
        theirs = self.client_of(self.mallory).post("/api/v1/leads/", {"name": "Zoe"}).json()["id"]
        self.assert_error(self.client.post(URL, {"title": "x", "lead_id": theirs}), 400, field="lead", says="does not exist")
        self.make(self.mallory, title="theirs", lead=theirs)
        self.assertEqual(self.titles(f"lead_id={theirs}"), [])


@TRAVEL
class SeriesTest(TaskTestCase):
    def weekly(self, **data: Any) -> dict[str, Any]:
        return self.make(**{"due_date": "2027-06-01", "recurrence": "FREQ=WEEKLY", **data})

    def test_completing_one_makes_the_next_once(self) -> None:
        contact = self.client.post("/api/v1/contacts/", {"last_name": "Byron"}).json()["id"]
        task = self.weekly(
            assigned_to=[str(self.uma.pk)], contacts=[contact], priority="High", reminder="2027-06-01T07:00:00Z",
            checklist=[{"text": "Fern", "done": True}, {"text": "Ivy"}],
        )  # fmt: skip
        done = self.patch(task, status="Completed").json()
        self.assertEqual(done["recurrence"], "")
        self.patch(task, status="New")
        self.patch(task, status="Completed")
        (following,) = self.following(task)
        same = {name: following[name] for name in ("title", "priority", "assigned_to", "contacts")}
        self.assertEqual(same, {name: task[name] for name in same})
        self.assertEqual((following["due_date"], following["status"]), ("2027-06-08", "New"))
        self.assertEqual((following["reminder"], following["recurrence"]), ("2027-06-08T07:00:00Z", "FREQ=WEEKLY"))
        self.assertEqual([(item["text"], item["done"]) for item in following["checklist"]], [("Fern", False), ("Ivy", False)])

    def test_a_due_one_is_followed_by_the_next_once_and_a_second_run_does_nothing(self) -> None:
        task = self.weekly(due_date="2027-06-01")
        self.weekly(title="later", due_date="2027-06-20")
        with self.at(datetime(2027, 6, 1, 12, tzinfo=UTC)):
            self.assertEqual(make_recurring_tasks(), 1)
            self.assertEqual(make_recurring_tasks(), 0)
            (following,) = self.following(task)
            self.assertEqual(following["due_date"], "2027-06-08")
            self.patch(task, status="Completed")
            self.assertEqual(len(self.following(task)), 1)

    def test_after_a_long_standstill_the_next_one_is_not_overdue_already(self) -> None:
        task = self.weekly()
        with self.at(datetime(2027, 7, 15, 12, tzinfo=UTC)):
            make_recurring_tasks()
            self.assertEqual([row["due_date"] for row in self.following(task)], ["2027-07-20"])

    def test_a_series_with_an_end_ends(self) -> None:
        task, dues = self.weekly(recurrence="RRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3", due_date="2027-06-30"), []
        while task:
            dues.append(task["due_date"])
            self.patch(task, status="Completed")
            task = next(iter(self.following(task)), None)
        self.assertEqual(dues, ["2027-06-30", "2027-07-31", "2027-08-31"])

    def test_bad_rules_are_refused(self) -> None:
        rules = ["FREQ=SECONDLY", "FREQ=HOURLY", "FREQ=DAILY;COUNT=100000", "WEEKLY", "FREQ=WEEKLY;BYDAY=XX",
                 "FREQ=DAILY;BYHOUR=1", "FREQ=DAILY;COUNT=2;UNTIL=20270101", "FREQ=DAILY;UNTIL=20279999", ";",
                 "FREQ=DAILY;FREQ=DAILY", "FREQ=DAILY;BYMONTH=13", "FREQ=WEEKLY;BYSETPOS=999"]  # fmt: skip
        for rule in rules:
            response = self.client.post(URL, {"title": "x", "due_date": "2027-06-01", "recurrence": rule})
            self.assert_error(response, 400, field="recurrence")
        self.assert_error(self.client.post(URL, {"title": "x", "recurrence": "FREQ=DAILY"}), 400, field="due_date")
        task = self.weekly()
        self.assert_error(self.patch(task, due_date=None), 400, field="due_date")


@TRAVEL
class SubtaskTest(TaskTestCase):
    def test_no_task_is_below_itself(self) -> None:
        top = self.make()
        middle = self.make(parent=top["id"])
        bottom = self.make(parent=middle["id"])
        for parent in (top, middle, bottom):
            self.assert_error(self.patch(top, parent=parent["id"]), 400, field="parent", says="own parent")
        self.assertEqual(self.titles(f"parent={middle['id']}"), ["Water the plants"])
        self.assertEqual(self.patch(bottom, parent=top["id"]).json()["parent"], top["id"])

    def test_subtasks_are_not_endlessly_deep(self) -> None:
        parent = None
        for _ in range(21):
            parent = self.make(parent=parent)["id"] if parent else self.make()["id"]
        self.assert_error(self.client.post(URL, {"title": "x", "parent": parent}), 400, field="parent", says="deep")

    def test_a_task_of_another_organization_is_no_parent(self) -> None:
        theirs = self.make(self.mallory)
        self.assert_error(
            self.client.post(URL, {"title": "x", "parent": theirs["id"]}), 400, field="parent", says="does not exist"
        )


@TRAVEL
class ChecklistTest(TaskTestCase):
    def test_it_is_written_whole_and_ticked_by_item(self) -> None:
        task = self.make(checklist=[{"text": "Fern"}, {"text": "Ivy"}])
        fern, ivy = task["checklist"]
        ticked = self.client.post(f"{URL}{task['id']}/tick/", {"item": ivy["id"]}).json()
        self.assertEqual([item["done"] for item in ticked["checklist"]], [False, True])
        changed = self.patch(task, checklist=[{"text": "Oak"}, {**ivy, "done": True, "text": "Old ivy"}]).json()["checklist"]
        self.assertEqual([(item["text"], item["done"]) for item in changed], [("Oak", False), ("Old ivy", True)])
        self.assertEqual(changed[1]["id"], ivy["id"])
        self.assert_error(self.client.post(f"{URL}{task['id']}/tick/", {"item": fern["id"]}), 400, field="item")
        self.assertEqual(self.patch(task, checklist=[]).json()["checklist"], [])

    def test_an_item_of_another_task_or_organization_is_not_taken(self) -> None:
        other, theirs = (self.make(profile, checklist=[{"text": "Fern"}]) for profile in (self.alice, self.mallory))
        task = self.make()
        for stranger in (other, theirs):
            item = stranger["checklist"][0]["id"]
            self.assert_error(self.patch(task, checklist=[{"id": item, "text": "Mine"}]), 400, field="checklist")
            self.assert_error(self.client.post(f"{URL}{task['id']}/tick/", {"item": item}), 400, field="item")
        for bad in ([{"text": ""}], [{"text": "x" * 201}], "Fern", [{"text": "a", "more": 1}], [{"text": "a"}] * 101):
            self.assert_error(self.patch(task, checklist=bad), 400, field="checklist")


@TRAVEL
class ReminderTest(TaskTestCase):
    def told(self) -> list[tuple[str, str]]:
        with org_scope(self.org):
            return sorted((row.recipient.user.name, row.text) for row in Notification.objects.select_related("recipient__user"))

    def remind(self) -> int:
        with org_scope(self.org, source="system"):
            return send_reminders(Task)

    def test_whoever_has_the_task_is_reminded_once(self) -> None:
        soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
        task = self.make(reminder=soon, due_date="2027-06-01", assigned_to=[str(self.uma.pk), str(self.max.pk)])
        self.make(title="done", reminder=soon, status="Completed")
        self.make(title="mine", reminder=soon)
        self.make(self.mallory, title="theirs", reminder=soon)
        etag = self.client.get(f"{URL}{task['id']}/")["ETag"]
        self.assertEqual(self.remind(), 0)
        with self.at(datetime.now(UTC) + timedelta(minutes=6)):
            self.assertEqual((self.remind(), self.remind()), (2, 0))
            self.patch(task, title="still reminded once")
            self.assertEqual(self.remind(), 0)
        text = "Reminder: Water the plants, due 1 June 2027"
        self.assertEqual(self.told(), [("Alice", "Reminder: mine"), ("Max", text), ("Uma", text)])
        self.assertNotIn("remind_at", str(self.client.get(f"{URL}{task['id']}/history/").json()))
        self.assertTrue(etag)


class TwoAtOnceTest(CommittedTestCase):
    def make(self, **data: Any) -> dict[str, Any]:
        return self.client_of(self.alice).post(URL, {"title": "Water", **data}).json()

    def test_two_who_complete_a_recurring_task_make_one_next(self) -> None:
        task = self.make(due_date=str(date.today()), recurrence="FREQ=DAILY")
        complete = lambda: self.client_of(self.alice).patch(f"{URL}{task['id']}/", {"status": "Completed"}).status_code  # noqa: E731

        def due() -> int:
            with org_scope(self.org, source="system"):
                return make_due_tasks()

        self.assertLessEqual(set(self.at_once(complete, complete, due, due)) - {0, 1}, {200})
        with org_scope(self.org):
            self.assertEqual(Task.objects.filter(follows=task["id"]).count(), 1)
            self.assertEqual(Task.objects.count(), 2)

    def test_two_who_close_a_circle_of_parents_do_not(self) -> None:
        one, two = self.make(), self.make()

        def put(child: Any, parent: Any) -> Any:
            return lambda: self.client_of(self.alice).patch(f"{URL}{child['id']}/", {"parent": parent["id"]}).status_code

        self.assertIn(sorted(self.at_once(put(one, two), put(two, one))), [[200, 400], [200, 409]])

    def test_a_worker_that_dies_halfway_leaves_nothing_and_the_next_one_does_it(self) -> None:
        self.make(due_date=str(date.today()), recurrence="FREQ=DAILY")

        def die(execute: Any, sql: str, *rest: Any) -> Any:
            if sql.startswith('INSERT INTO "tasks"'):
                execute(sql, *rest)
                raise SystemExit("killed")
            return execute(sql, *rest)

        with self.assertRaises(SystemExit), connection.execute_wrapper(die):
            make_recurring_tasks()
        self.assertEqual((make_recurring_tasks(), make_recurring_tasks()), (1, 0))
