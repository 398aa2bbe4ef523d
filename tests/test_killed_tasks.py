"""Tasks that run by themselves, killed in the middle: the next worker does what is due, once, however often it is asked to.

Each task is held where it has claimed its row and begun to write, by a lock on the table that it writes to next.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg2
import pytest
from django.db import connection
from django.utils import timezone

from cases.models import Case, CaseMail, SlaPolicy
from cases.tasks import fetch_mail_of_org, watch_clocks
from cases.tests.test_inbound import mail
from common.notifications.models import Notification
from common.people.models import Session
from common.tasks import forget_old_sessions
from common.tenancy import org_scope
from common.testing.administrator import administrator
from common.testing.imap_server import PASSWORD, PROGRAM, USER, ImapServer
from common.testing.worker import Worker
from events.models import Event
from invoices.models import Invoice, RecurringInvoice
from invoices.tasks import make_recurring_invoices
from planner.models import Plan
from planner.tasks import send_due_reminders
from tasks.models import Task
from tasks.tasks import make_recurring_tasks
from tests.test_workers import KilledWorkerTest

TASKS = (send_due_reminders, watch_clocks, make_recurring_invoices, make_recurring_tasks, fetch_mail_of_org)
#: What each of them writes to last: that is where it is killed.
LAST_WRITTEN = ("notifications", "notifications", "invoice_lines", "checklist_items", "case_mails")


def on_its_own() -> Any:
    """A connection as the server's administrator, which holds locks and sees who waits for them."""
    return psycopg2.connect(**{**administrator(), "dbname": connection.settings_dict["NAME"]})


@pytest.mark.skipif(PROGRAM is None, reason="dovecot is not installed")
class KilledTaskTest(KilledWorkerTest):
    def setUp(self) -> None:
        super().setUp()
        self.watcher = on_its_own()
        self.watcher.autocommit = True
        self.addCleanup(self.watcher.close)
        self.api = self.client_of(self.alice)
        self.imap = self.enterContext(ImapServer())

    def post(self, module: str, **values: Any) -> str:
        response = self.api.post(f"/api/v1/{module}/", values, format="json")
        assert response.status_code in (200, 201), response.content
        return str(response.json().get("id"))

    def make_due(self) -> None:
        """Something to do for each task."""
        now = timezone.now()
        day, soon, uma = now.date().isoformat(), (now + timedelta(hours=1)).isoformat(), [str(self.uma.pk)]
        self.post("tasks", title="Remind", assigned_to=uma, reminder=soon)
        self.post("planner", subject="Remind", assigned_to=uma, start=soon, reminders=[5])
        self.post(
            "events", title="Remind", assigned_to=uma, start=soon, end=(now + timedelta(hours=2)).isoformat(), reminders=[5]
        )
        self.post("tasks", title="Weekly", due_date=day, recurrence="FREQ=WEEKLY", checklist=[{"text": "Look"}])
        template = self.post("invoices", title="Rent", currency="EUR", lines=[{"description": "Boat", "price": "5"}])
        self.post(f"invoices/{template}/repeat", rule="FREQ=YEARLY", starts_on=day)
        case = self.post("cases", name="Late", assigned_to=uma)
        mailbox = {"imap_host": "127.0.0.1", "imap_port": self.imap.port, "imap_security": "none", "imap_user": USER}
        self.post("mailboxes", name="Help", address=USER, imap_password=PASSWORD, **mailbox)
        self.imap.deliver(mail())
        with org_scope(self.org):
            for model in (Task, Plan, Event):
                model.objects.exclude(remind_at=None).update(remind_at=now - timedelta(minutes=1))
            policy = SlaPolicy.objects.create(name="Quick", first_answer_minutes=1)
            long_ago = now - timedelta(hours=2)
            Case.objects.filter(pk=case).update(sla_policy=policy, created_at=long_ago, next_alert_at=long_ago)

    def done(self) -> dict[str, int]:
        """How much of it was done."""
        with org_scope(self.org):
            told = Notification.objects.filter(recipient=self.uma)
            return {
                "reminded": told.filter(kind="due").count(),
                "warned": told.filter(kind="breached").count(),
                "invoices": Invoice.objects.exclude(recurring=None).count(),
                "tasks": Task.objects.exclude(follows=None).count(),
                "cases": Case.objects.exclude(name="Late").count(),
            }

    @contextmanager
    def held(self, *tables: str) -> Iterator[None]:
        """Nobody writes to ``tables``."""
        holder = on_its_own()
        try:
            with holder.cursor() as cursor:
                for table in sorted(set(tables)):
                    cursor.execute(f'LOCK TABLE "{table}" IN SHARE MODE')
            yield
        finally:
            holder.close()

    def asked(self, sql: str, *values: Any) -> int:
        with self.watcher.cursor() as cursor:
            cursor.execute(sql, values)
            return int(cursor.fetchone()[0])

    def waiting(self) -> int:
        """How many of the workers' transactions wait for a lock."""
        return self.asked("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")

    def until(self, true: Callable[[], Any]) -> None:
        end = time.monotonic() + 30
        while not true():
            assert time.monotonic() < end, self.log.read_text()[-4000:]
            time.sleep(0.02)

    def kill(self, worker: Worker) -> None:
        """Also wait until the database has noticed, and taken back what was not committed."""
        worker.kill()
        connection.close()
        theirs = "FROM pg_stat_activity WHERE datname = current_database() AND usename = %s"
        self.asked(f"SELECT count(pg_terminate_backend(pid)) {theirs}", connection.settings_dict["USER"])
        self.until(lambda: self.asked(f"SELECT count(*) {theirs}", connection.settings_dict["USER"]) == 0)

    def send(self, *tasks: Any) -> None:
        with org_scope(self.alice):
            for task in tasks:
                self.broker.send(task)

    def run_to_the_end(self, worker: Worker, *tasks: Any) -> None:
        """Have a worker that does one task after the other do ``tasks``, and know when it is through."""
        Session.objects.create(user=self.max.user, expires_at=timezone.now() - timedelta(days=1))
        self.send(*tasks, forget_old_sessions)
        worker.wait_until(lambda: not Session.objects.filter(user=self.max.user).exists())

    def polled_long_ago(self) -> None:
        self.watcher.cursor().execute("UPDATE mailboxes SET polled_at = NULL")

    def test_what_was_begun_is_taken_back_and_done_once_by_the_next(self) -> None:
        self.make_due()
        nothing = dict.fromkeys(self.done(), 0)
        first = self.worker(at_once=len(TASKS))
        with self.held(*LAST_WRITTEN):
            self.send(*TASKS)
            first.wait_until(lambda: self.waiting() == len(TASKS))
            self.kill(first)
        self.assertEqual(self.done(), nothing)
        self.polled_long_ago()
        second = self.worker()
        self.run_to_the_end(second, *TASKS, *TASKS)
        everything = {"reminded": 3, "warned": 1, "invoices": 1, "tasks": 1, "cases": 1}
        self.assertEqual(self.done(), everything)
        with org_scope(self.org):
            self.assertEqual(Task.objects.exclude(follows=None).get().checklist.count(), 1)
            self.assertEqual(Invoice.objects.exclude(recurring=None).get().lines.count(), 1)
            self.assertGreater(RecurringInvoice.objects.get().next_on, timezone.now().date())
        self.assert_a_mail_that_was_stored_and_not_marked_is_known_again(second)
        self.assertEqual(self.done(), everything | {"cases": 2})

    def assert_a_mail_that_was_stored_and_not_marked_is_known_again(self, worker: Worker) -> None:
        """Killed between our commit and the word to the mail server, which is silent."""
        self.imap.deliver(mail("The other seat, too.", subject="Another"))
        self.polled_long_ago()
        with self.held("case_mails"):
            self.send(fetch_mail_of_org)
            worker.wait_until(lambda: self.waiting() == 1)
            self.imap.hang()
        worker.wait_until(lambda: self.done()["cases"] == 2)
        self.kill(worker)
        self.imap.restart()
        self.assertEqual(self.unseen(), 1)
        self.polled_long_ago()
        with org_scope(self.alice):
            self.assertEqual([fetch_mail_of_org(), fetch_mail_of_org()], [1, 0])
            self.assertEqual(CaseMail.objects.filter(direction="inbound").count(), 2)
        self.assertEqual(self.unseen(), 0)

    def unseen(self) -> int:
        with self.imap.open() as box:
            return len(list(box.fetch("UNSEEN", mark_seen=False)))
