"""The role client: it sees the invoices and estimates that were sent to it, and no drafts."""

from typing import Any

from common.tenancy import org_scope
from contacts.models import Contact
from invoices.models import Invoice
from invoices.tests.test_flow import InvoiceTestCase

URL = "/api/v1/invoices/"


class ClientTest(InvoiceTestCase):
    def setUp(self) -> None:
        self.vics = self.client_of(self.vic)
        self.contact = self.api.post("/api/v1/contacts/", {"last_name": "Vic", "email": "Vic@example.com"}).json()["id"]
        self.sent_one = self.sent(contact=self.contact)
        self.draft = self.make(contact=self.contact, title="Not yet for you")
        self.others = self.sent(title="Another's")

    def listed(self, **query: Any) -> list[str]:
        return [row["id"] for row in self.vics.get(URL, query).json()["results"]]

    def test_a_client_sees_what_was_sent_to_them_and_no_drafts(self) -> None:
        self.assertEqual(self.listed(), [self.sent_one])
        self.assertEqual(self.listed(status="draft"), [])
        self.assertEqual(self.listed(search="yet"), [])
        self.assertEqual(self.vics.get(f"{URL}{self.sent_one}/").json()["total"], "2831.00")
        self.assertEqual(self.vics.get(f"{URL}{self.sent_one}/pdf/").status_code, 200)
        for hidden in (self.draft, self.others):
            for path in ("", "pdf/", "history/", "timeline/", "interactions/"):
                self.assert_error(self.vics.get(f"{URL}{hidden}/{path}"), 404)
            self.assert_error(self.vics.get(f"{URL}comment/{hidden}/"), 404)
        self.assertEqual([row["count"] for row in self.vics.get(f"{URL}summary/").json()], [1])
        self.assertNotIn("Not yet", str(self.vics.get("/api/v1/search/", {"q": "kayaks yet"}).json()))
        self.do(self.draft, "send", mail=False)
        self.assertEqual(set(self.listed()), {self.sent_one, self.draft})

    def test_they_look_and_comment_and_change_nothing(self) -> None:
        self.assertEqual(self.vics.post(f"{URL}comment/{self.sent_one}/", {"comment": "Paid today"}).status_code, 201)
        for action, body in (
            ("payments", {"amount": "1.00"}),
            ("cancel", {}),
            ("credit", {}),
            ("interactions", {"type": "note"}),
        ):
            self.assert_error(self.vics.post(f"{URL}{self.sent_one}/{action}/", body), 403)
        self.assert_error(self.vics.patch(f"{URL}{self.sent_one}/", {"notes": "x"}), 403)
        self.assert_error(self.vics.get(f"{URL}{self.sent_one}/history/"), 403)  # which tells what stood in the draft

    def test_a_contact_in_the_bin_or_of_another_org_names_nobody(self) -> None:
        with org_scope(self.other):
            contact = Contact.objects.create(last_name="Vic", email="vic@example.com")
            Invoice.objects.create(title="Theirs", contact=contact, status="sent", number="X-1")
        self.assertEqual(self.listed(), [self.sent_one])
        self.api.delete(f"/api/v1/contacts/{self.contact}/")
        self.assertEqual(self.listed(), [])
