"""What time brings about: recurring invoices, what becomes overdue, reminders."""

from datetime import UTC, datetime
from typing import Any

import time_machine
from django.core import mail

from common.tenancy import org_scope
from invoices.models import Invoice, RecurringInvoice
from invoices.tasks import look_after_invoices, make_recurring_invoices
from invoices.tests.test_flow import InvoiceTestCase


def on(day: int, month: int = 1) -> Any:
    return time_machine.travel(datetime(2027, month, day, 12, tzinfo=UTC), tick=False)


class RecurringTest(InvoiceTestCase):
    def made(self) -> list[Invoice]:
        with org_scope(self.org):
            return list(Invoice.objects.exclude(recurring=None).order_by("recurs_on"))

    def repeat(self, **values: Any) -> str:
        pk = self.make()
        self.do(pk, "repeat", rule="FREQ=MONTHLY;BYMONTHDAY=1", starts_on="2027-01-01", **values)
        return pk

    def test_each_due_day_makes_one_however_often_it_is_looked(self) -> None:
        pk = self.repeat(days_to_pay=14)
        self.assertEqual(self.read(pk)["recurrence"]["next_on"], "2027-01-01")
        for moment, count in ((on(1), 1), (on(1), 1), (on(31), 1), (on(1, 2), 2), (on(15, 5), 5)):
            with moment:
                make_recurring_invoices()
            self.assertEqual(len(self.made()), count)
        first = self.made()[0]
        self.assertEqual(
            (str(first.recurs_on), str(first.due_date), first.status, str(first.total)),
            ("2027-01-01", "2027-01-15", "draft", "2831.000"),
        )
        self.assertEqual(self.read(pk)["recurrence"]["next_on"], "2027-06-01")

    def test_it_can_be_sent_at_once_and_waits_where_nobody_can_get_it(self) -> None:
        contact = self.api.post("/api/v1/contacts/", {"last_name": "Byron", "email": "ada@engines.example"}).json()["id"]
        good, bad = self.repeat(send=True), self.repeat(send=True)
        self.api.patch(f"/api/v1/invoices/{good}/", {"contact": contact}, format="json")
        with on(1), self.captureOnCommitCallbacks(execute=True):
            make_recurring_invoices()
        by_template = {str(invoice.recurring.template_id): invoice for invoice in self.made_with_rules()}
        self.assertEqual((by_template[good].status, by_template[good].number), ("sent", "INV-2027-0001"))
        self.assertEqual((by_template[bad].status, by_template[bad].number), ("draft", ""))
        self.assertIn("Not sent", by_template[bad].status_reason)
        self.assertEqual(len(mail.outbox), 1)

    def made_with_rules(self) -> list[Invoice]:
        with org_scope(self.org):
            return list(Invoice.objects.exclude(recurring=None).select_related("recurring"))

    def test_a_rule_can_be_stopped_and_ends(self) -> None:
        pk = self.repeat()
        self.do(pk, "repeat/stop")
        self.do(pk, "repeat/stop", 409)
        with on(1):
            make_recurring_invoices()
        self.assertEqual(self.made(), [])
        self.do(pk, "repeat", rule="FREQ=DAILY;COUNT=3", starts_on="2027-01-01")
        with on(20):
            make_recurring_invoices()
        self.assertEqual(len(self.made()), 3)
        with org_scope(self.org):
            self.assertIsNone(RecurringInvoice.objects.get().next_on)

    def test_rules_that_are_none_are_refused(self) -> None:
        pk = self.make()
        for rule in (
            "",
            "x",
            "FREQ=SECONDLY",
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
            "FREQ=DAILY;COUNT=0",
            "FREQ=DAILY;UNTIL=20200101",
            "A" * 301,
        ):
            self.do(pk, "repeat", 400, rule=rule, starts_on="2027-01-01")
        self.do(self.make(kind="estimate"), "repeat", 409, rule="FREQ=DAILY", starts_on="2027-01-01")


class OverdueTest(InvoiceTestCase):
    def due(self, **values: Any) -> str:
        contact = self.api.post("/api/v1/contacts/", {"last_name": "Byron", "email": "ada@engines.example"}).json()["id"]
        with on(1):
            pk = self.make(due_date="2027-01-10", contact=contact, **values)
            self.do(pk, "send")
        return pk

    def look(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            look_after_invoices()

    def test_it_becomes_overdue_the_day_after_and_is_reminded_of_in_steps(self) -> None:
        pk = self.due()
        expected = [
            (10, "sent", 0),
            (11, "overdue", 1),
            (11, "overdue", 1),
            (16, "overdue", 1),
            (17, "overdue", 2),
            (24, "overdue", 3),
        ]
        for day, status, reminders in expected:
            with on(day):
                self.look()
            body = self.read(pk)
            self.assertEqual((day, body["status"], body["reminders_sent"]), (day, status, reminders))
            self.assertEqual(len(mail.outbox), reminders)
        self.assertIn("Overdue", mail.outbox[0].subject)

    def test_who_pays_or_is_spared_hears_nothing(self) -> None:
        paid, spared = self.due(), self.due(send_reminders=False)
        with on(5):
            self.do(paid, "payments", amount="2831.00")
        with on(28):
            self.look()
        self.assertEqual((self.read(paid)["status"], self.read(spared)["status"]), ("paid", "overdue"))
        self.assertEqual(mail.outbox, [])

    def test_a_late_invoice_that_is_partly_paid_stays_overdue(self) -> None:
        pk = self.due()
        with on(20):
            self.assertEqual(self.do(pk, "payments", amount="1.00")["status"], "overdue")
            self.do(pk, "remind")
        self.assertEqual(self.read(pk)["reminders_sent"], 1)
        with on(20):
            self.do(self.make(), "remind", 409)
