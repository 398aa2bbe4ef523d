"""Two at once: numbers without a gap, one sending, no over-payment."""

import re
from datetime import date, timedelta

from django.db import transaction

from common.people.models import Org, OutgoingMail
from common.records.numbers import next_number
from common.tenancy import org_scope
from common.testing.committed import CommittedTestCase
from invoices.models import Invoice, Payment
from invoices.tasks import look_after_invoices, make_recurring_invoices

LINES = [{"description": "Sea kayak", "price": "100"}]


class AtOnceTest(CommittedTestCase):
    def draft(self) -> str:
        response = self.client_of(self.alice).post(
            "/api/v1/invoices/", {"title": "Kayak", "currency": "EUR", "lines": LINES}, format="json"
        )
        self.assertEqual(response.status_code, 201, response.content)
        return str(response.json()["id"])

    def post(self, pk: str, action: str, **values: object) -> int:
        return int(self.client_of(self.alice).post(f"/api/v1/invoices/{pk}/{action}/", values, format="json").status_code)

    def test_numbers_have_no_gap_though_some_are_given_back(self) -> None:
        org = Org.objects.get(pk=self.org.pk)

        def take(fails: bool) -> str:
            with org_scope(org), transaction.atomic():
                number = next_number("invoice", 2026)
                if fails:
                    raise RuntimeError
                return number

        results = self.at_once(*[lambda fails=index % 3 == 0: take(fails) for index in range(12)])
        numbers = sorted(result for result in results if isinstance(result, str))
        self.assertEqual(numbers, [f"INV-2026-{number:04d}" for number in range(1, 9)])

    def test_many_are_sent_at_once(self) -> None:
        drafts = [self.draft() for _ in range(6)]
        codes = self.at_once(*[lambda pk=pk: self.post(pk, "send", mail=False) for pk in drafts])
        self.assertEqual(codes, [200] * 6)
        with org_scope(self.org):
            numbers = sorted(Invoice.objects.values_list("number", flat=True))
        self.assertEqual([int(re.sub(".*-", "", number)) for number in numbers], [1, 2, 3, 4, 5, 6])

    def test_a_double_click_sends_once(self) -> None:
        pk = self.draft()
        codes = self.at_once(*[lambda: self.post(pk, "send", mail=False)] * 3)
        self.assertEqual(sorted(codes), [200, 409, 409])

    def test_a_double_click_pays_once(self) -> None:
        pk = self.draft()
        self.post(pk, "send", mail=False)
        codes = self.at_once(*[lambda: self.post(pk, "payments", amount="100")] * 3)
        self.assertEqual(sorted(codes), [200, 409, 409])
        with org_scope(self.org):
            self.assertEqual([str(payment.amount) for payment in Payment.objects.all()], ["100.000"])

    def test_workers_at_once_make_each_recurring_invoice_once(self) -> None:
        pk = self.draft()
        rule = {"rule": "FREQ=DAILY", "starts_on": str(date.today() - timedelta(days=4))}
        self.assertEqual(self.client_of(self.alice).post(f"/api/v1/invoices/{pk}/repeat/", rule, format="json").status_code, 200)
        self.at_once(*[make_recurring_invoices] * 4)
        with org_scope(self.org):
            days = sorted(Invoice.objects.exclude(recurring=None).values_list("recurs_on", flat=True))
        self.assertEqual(days, [date.today() - timedelta(days=back) for back in (4, 3, 2, 1, 0)])

    def test_workers_at_once_remind_once(self) -> None:
        contact = (
            self.client_of(self.alice).post("/api/v1/contacts/", {"last_name": "Byron", "email": "ada@x.example"}).json()["id"]
        )
        pk, due = self.draft(), date.today() - timedelta(days=3)
        dates = {"contact": contact, "issue_date": str(due), "due_date": str(due)}
        self.client_of(self.alice).patch(f"/api/v1/invoices/{pk}/", dates, format="json")
        self.assertEqual(self.post(pk, "send"), 200)
        before = OutgoingMail.objects.count()
        self.at_once(*[look_after_invoices] * 4)
        look_after_invoices()
        self.assertEqual(OutgoingMail.objects.count(), before + 1)
