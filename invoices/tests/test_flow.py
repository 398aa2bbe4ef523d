"""From a draft to the last payment, and everything on the way that is refused."""

from datetime import date, timedelta
from typing import Any

from django.core import mail

from common.people.models import OutgoingMail
from common.tenancy import org_scope
from common.testing import OrgTestCase
from invoices.models import Invoice
from opportunity.models import Price, Product, TaxRate

LINES = [{"description": "Sea kayak", "quantity": "2", "price": "1490.00", "discount": "5"}]


class InvoiceTestCase(OrgTestCase):
    @property
    def api(self) -> Any:
        """Alice's client, signed in at the time that it is."""
        return self.client_of(self.alice)

    def make(self, **values: Any) -> str:
        body = {"title": "Two sea kayaks", "currency": "EUR", "lines": LINES, **values}
        response = self.api.post("/api/v1/invoices/", body, format="json")
        self.assertEqual(response.status_code, 201, response.content)
        return str(response.json()["id"])

    def do(self, pk: str, action: str, code: int = 200, **values: Any) -> Any:
        response = self.api.post(f"/api/v1/invoices/{pk}/{action}/", values, format="json")
        self.assertEqual(response.status_code, code, response.content)
        return response.json()

    def read(self, pk: str) -> Any:
        return self.api.get(f"/api/v1/invoices/{pk}/").json()

    def sent(self, **values: Any) -> str:
        pk = self.make(**values)
        self.do(pk, "send", mail=False)
        return pk


class LinesTest(InvoiceTestCase):
    def test_lines_are_priced_and_summed_by_the_server(self) -> None:
        with org_scope(self.alice):
            vat = TaxRate.objects.create(name="VAT", percent="19")
        lines = [
            {**LINES[0], "tax": str(vat.pk)},
            {"description": "Paddle", "quantity": "3", "price": "33.335", "discount_type": "amount", "discount": "10"},
        ]
        body = self.read(self.make(lines=lines))
        self.assertEqual([body[name] for name in ("subtotal", "discount", "tax", "total", "balance")],
                         ["3080.01", "159.00", "537.89", "3458.90", "3458.90"])  # fmt: skip
        first, second = body["lines"]
        self.assertEqual(
            (first["tax_name"], first["tax_percent"], first["subtotal"], first["total"]), ("VAT", "19", "2980.00", "3368.89")
        )
        self.assertEqual((second["price"], second["quantity"], second["subtotal"]), ("33.335", "3", "100.01"))

    def test_amounts_have_their_currencys_decimals(self) -> None:
        for currency, total in (("JPY", "3"), ("KWD", "2.501"), ("EUR", "2.50")):
            body = self.read(self.make(currency=currency, lines=[{"description": "x", "price": "2.5005"}]))
            self.assertEqual((body["currency"], body["total"]), (currency, total))

    def test_a_list_leaves_lines_out_unless_they_are_asked_for(self) -> None:
        self.make()
        self.assertNotIn("lines", self.api.get("/api/v1/invoices/").json()["results"][0])
        row = self.api.get("/api/v1/invoices/?fields=id,lines").json()["results"][0]
        self.assertEqual(row["lines"][0]["description"], "Sea kayak")

    def test_lines_are_replaced_as_a_whole_and_what_was_read_may_be_sent_back(self) -> None:
        pk = self.make()
        body = self.read(pk)
        response = self.api.put(f"/api/v1/invoices/{pk}/", body, format="json")
        self.assertEqual(response.status_code, 200, response.content)
        self.assertEqual(response.json()["lines"], body["lines"])
        response = self.api.patch(f"/api/v1/invoices/{pk}/", {"lines": []}, format="json")
        self.assertEqual((response.json()["lines"], response.json()["total"]), ([], "0.00"))

    def test_a_product_brings_its_price_in_the_documents_currency(self) -> None:
        with org_scope(self.alice):
            kayak = Product.objects.create(name="Sea kayak", price="1490", currency="EUR")
            Price.objects.create(product=kayak, currency="GBP", price="1290")
        for currency, price in (("EUR", "1490.00"), ("GBP", "1290.00")):
            line = self.read(self.make(currency=currency, lines=[{"product": str(kayak.pk)}]))["lines"][0]
            self.assertEqual((line["price"], line["description"]), (price, "Sea kayak"))
        response = self.api.post(
            "/api/v1/invoices/", {"title": "x", "currency": "USD", "lines": [{"product": str(kayak.pk)}]}, format="json"
        )
        self.assert_error(response, 400, field="lines", says="no price in USD")

    def test_products_and_taxes_of_another_org_do_not_exist(self) -> None:
        with org_scope(self.mallory):
            rows = {
                "product": Product.objects.create(name="Theirs", price=1, currency="EUR"),
                "tax": TaxRate.objects.create(name="Theirs", percent=1),
            }
        for name, row in rows.items():
            response = self.api.post(
                "/api/v1/invoices/", {"title": "x", "lines": [{**LINES[0], name: str(row.pk)}]}, format="json"
            )
            self.assert_error(response, 400, field="lines", says="does not exist")
            self.assertNotIn("Theirs", response.content.decode())

    def test_bad_lines_are_refused_by_name(self) -> None:
        wrong: list[dict[str, Any]] = [
            {"quantity": "-1"},
            {"price": "-1"},
            {"discount": "101"},
            {"discount_type": "amount", "discount": "99999"},
            {"price": "99999999999", "quantity": "99999999"},
            {"price": "1e400"},
            {"quantity": "NaN"},
            {"nonsense": 1},
            {"tax": "x"},
            {"description": "a\x00b"},
        ]
        bad: list[Any] = [
            {"price": "1"},
            {"description": "x"},
            "text",
            None,
            7,
            [],
            *({**LINES[0], **change} for change in wrong),
        ]
        for line in bad:
            with self.subTest(str(line)):
                response = self.api.post("/api/v1/invoices/", {"title": "x", "lines": [line]}, format="json")
                self.assert_error(response, 400, field="lines")
        for lines in ("text", 7, {"a": 1}, [LINES[0]] * 501):
            self.assert_error(
                self.api.post("/api/v1/invoices/", {"title": "x", "lines": lines}, format="json"), 400, field="lines"
            )
        self.assert_error(
            self.api.post("/api/v1/invoices/", {"title": "x", "currency": "XQX"}, format="json"), 400, field="currency"
        )
        self.assertEqual(self.api.get("/api/v1/invoices/").json()["count"], 0)


class FlowTest(InvoiceTestCase):
    def test_a_draft_is_sent_with_a_number_and_a_pdf_in_the_mail(self) -> None:
        contact = self.api.post("/api/v1/contacts/", {"last_name": "Byron", "email": "ada@engines.example"}).json()["id"]
        pk = self.make(contact=contact)
        with self.captureOnCommitCallbacks(execute=True):
            body = self.do(pk, "send", message="With thanks.")
        year = date.today().year
        self.assertEqual((body["status"], body["number"], body["mailed_to"]), ("sent", f"INV-{year}-0001", "ada@engines.example"))
        (message,) = mail.outbox
        self.assertIn("With thanks.", message.body)
        self.assertIn(body["public_url"], message.body)
        name, content, kind = message.attachments[0]
        self.assertEqual((name, kind, content[:5]), (f"INV-{year}-0001.pdf", "application/pdf", b"%PDF-"))
        self.assertIsNone(OutgoingMail.objects.get(to="ada@engines.example").attachment)

    def test_sending_needs_lines_and_an_address_and_happens_once(self) -> None:
        self.do(self.make(lines=[]), "send", 400, mail=False)
        self.do(self.make(), "send", 400)
        self.do(self.sent(), "send", 409, mail=False)
        with org_scope(self.alice):
            self.assertEqual(Invoice.objects.exclude(number="").count(), 1)

    def test_what_was_sent_is_not_changed_nor_deleted(self) -> None:
        pk = self.sent()
        url, before = f"/api/v1/invoices/{pk}/", self.read(pk)
        for change in ({"title": "x"}, {"lines": LINES}, {"due_date": "2030-01-01"}, {"currency": "USD"}):
            self.assert_error(self.api.patch(url, change, format="json"), 409)
        self.assert_error(self.api.delete(url), 409)
        self.assertEqual(self.read(pk), before)
        self.assertEqual(self.api.patch(url, {"send_reminders": False}, format="json").status_code, 200)

    def test_payments_add_up_and_never_to_more(self) -> None:
        pk = self.sent()
        body = self.do(pk, "payments", amount="831.00", reference="TR-1")
        self.assertEqual((body["status"], body["paid"], body["balance"]), ("partly_paid", "831.00", "2000.00"))
        for amount in ("2000.01", "0", "-1", "0.001", "1e20", "NaN", "x"):
            self.do(pk, "payments", 400, amount=amount)
        self.do(pk, "payments", 409, amount="831.00", reference="TR-1")
        body = self.do(pk, "payments", amount="2000")
        self.assertEqual(
            (body["status"], body["balance"], [one["amount"] for one in body["payments"]]),
            ("paid", "0.00", ["831.00", "2000.00"]),
        )
        self.do(pk, "payments", 409, amount="1")
        body = self.do(pk, "payments/take-back", payment=body["payments"][1]["id"])
        self.assertEqual((body["status"], body["balance"]), ("partly_paid", "2000.00"))
        other = self.sent()
        self.do(other, "payments/take-back", 400, payment=body["payments"][0]["id"])

    def test_a_credit_note_takes_away_from_what_is_owed(self) -> None:
        pk = self.sent()
        self.do(pk, "credit", 400, lines=[{"description": "Too much", "price": "9999"}])
        note = self.do(pk, "credit", 201, lines=[{"description": "A scratch", "price": "100"}], reason="Scratched.")
        self.assertEqual((note["kind"], note["number"][:3], note["total"], note["origin"]), ("credit_note", "CN-", "100.00", pk))
        self.assertEqual((self.read(pk)["balance"], self.read(pk)["status"]), ("2731.00", "partly_paid"))
        self.do(pk, "credit", 400)  # all of it is more than what is left
        whole = self.sent()
        self.do(whole, "credit", 201)
        self.assertEqual(self.read(whole)["status"], "paid")
        self.do(whole, "cancel", 409)

    def test_cancelling_keeps_the_number(self) -> None:
        pk = self.sent()
        body = self.do(pk, "cancel", reason="Ordered twice")
        self.assertEqual((body["status"], body["status_reason"]), ("cancelled", "Ordered twice"))
        self.do(pk, "cancel", 409)
        self.do(pk, "payments", 409, amount="1")
        self.do(self.make(), "cancel", 409)

    def test_an_estimate_is_accepted_and_becomes_one_invoice(self) -> None:
        pk = self.sent(kind="estimate")
        self.assertTrue(self.read(pk)["number"].startswith("EST-"))
        self.do(pk, "payments", 409, amount="1")
        self.assertEqual(self.do(pk, "answer", accepted=True, by="Ada Byron")["status"], "accepted")
        self.do(pk, "answer", 409, accepted=False, by="Ada Byron")
        invoice = self.do(pk, "bill", 201)
        self.assertEqual(
            (invoice["kind"], invoice["status"], invoice["origin"], invoice["total"]), ("invoice", "draft", pk, "2831.00")
        )
        self.do(pk, "bill", 409)
        self.do(invoice["id"], "bill", 409)

    def test_a_credit_note_is_not_made_by_hand(self) -> None:
        self.assert_error(self.api.post("/api/v1/invoices/", {"title": "x", "kind": "credit_note"}), 400, field="kind")
        self.assert_error(
            self.api.post("/api/v1/invoices/", {"title": "x", "issue_date": "2026-02-02", "due_date": "2026-02-01"}),
            400,
            field="due_date",
        )

    def test_aging_by_account_and_currency(self) -> None:
        today = date.today()
        account = self.api.post("/api/v1/accounts/", {"name": "Engines Ltd"}).json()["id"]
        for days, currency in ((-5, "EUR"), (10, "EUR"), (45, "EUR"), (200, "USD")):
            due = today - timedelta(days=days)
            self.sent(
                account=account,
                currency=currency,
                issue_date=str(due - timedelta(days=1)),
                due_date=str(due),
                lines=[{"description": "x", "price": "100"}],
            )
        self.make()
        client = self.client_of(self.mallory)
        theirs = client.post("/api/v1/invoices/", {"title": "Theirs", "lines": LINES}, format="json").json()["id"]
        client.post(f"/api/v1/invoices/{theirs}/send/", {"mail": False}, format="json")
        body = self.api.get("/api/v1/invoices/aging/").json()
        euros, dollars = body["totals"]
        self.assertEqual([euros[name] for name in ("not_due", "days_1_30", "days_31_60", "days_61_90", "days_over_90", "total")],
                         ["100.00", "100.00", "100.00", "0.00", "0.00", "300.00"])  # fmt: skip
        self.assertEqual((dollars["currency"], dollars["days_over_90"]), ("USD", "100.00"))
        self.assertEqual({row["account_name"] for row in body["accounts"]}, {"Engines Ltd"})

    def test_the_pdf_is_for_those_who_see_the_invoice(self) -> None:
        pk = self.make()
        response = self.api.get(f"/api/v1/invoices/{pk}/pdf/")
        self.assertEqual((response["Content-Type"], response.content[:5]), ("application/pdf", b"%PDF-"))
        for who in (self.mallory, self.uma, self.vic):
            self.assert_error(self.client_of(who).get(f"/api/v1/invoices/{pk}/pdf/"), 404)
