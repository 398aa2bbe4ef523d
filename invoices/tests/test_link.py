"""What a customer sees and does behind the link."""

from django.test import Client

from common.tenancy import org_scope
from invoices.models import Invoice
from invoices.tests.test_flow import InvoiceTestCase


class LinkTest(InvoiceTestCase):
    def path_of(self, pk: str) -> str:
        url = self.read(pk)["public_url"]
        return str(url[url.index("/i/") :])

    def test_a_draft_has_none(self) -> None:
        self.assertIsNone(self.read(self.make())["public_url"])

    def test_opening_it_marks_the_invoice_as_viewed_and_shows_only_it(self) -> None:
        self.sent(title="Another invoice")
        pk = self.sent()
        page = Client().get(self.path_of(pk))
        self.assertContains(page, "Two sea kayaks")
        self.assertContains(page, "€2,831.00")
        self.assertNotContains(page, "Another invoice")
        self.assertEqual(page["Cache-Control"], "max-age=0, no-cache, no-store, must-revalidate, private")
        self.assertEqual(self.read(pk)["status"], "viewed")
        self.assertEqual(Client().get(self.path_of(pk) + "pdf/").content[:5], b"%PDF-")

    def test_looking_without_opening_marks_nothing(self) -> None:
        pk = self.sent()
        Client().head(self.path_of(pk))
        self.assertEqual(self.read(pk)["status"], "sent")

    def test_no_other_link_opens_anything(self) -> None:
        path = self.path_of(self.sent())
        swapped = path[:5] + ("A" if path[5] != "A" else "B") + path[6:]
        for bad in (swapped, "/i/x/", "/i/%00/", "/i/" + "A" * 60 + "/", "/i/" + "é" * 40 + "/", path[:-8] + "/"):
            for suffix in ("", "pdf/"):
                self.assertEqual(Client().get(bad + suffix).status_code, 404, bad)
            self.assertEqual(Client().post(bad + "answer/", {"answer": "accept", "by": "x"}).status_code, 404, bad)

    def test_an_estimate_is_answered_once(self) -> None:
        pk = self.sent(kind="estimate")
        path = self.path_of(pk)
        self.assertContains(Client().get(path), "Accept the estimate")
        Client().post(path + "answer/", {"answer": "accept", "by": ""})
        Client().post(path + "answer/", {"answer": "nonsense", "by": "Ada"})
        self.assertEqual(self.read(pk)["status"], "viewed")
        customer = Client()
        self.assertContains(
            customer.post(path + "answer/", {"answer": "accept", "by": "Ada\x00 <b>Byron</b>"}, follow=True), "Thank you"
        )
        self.assertContains(customer.post(path + "answer/", {"answer": "decline", "by": "Ada"}, follow=True), "only once")
        body = self.read(pk)
        self.assertEqual((body["status"], body["answered_by"]), ("accepted", "Ada <b>Byron</b>"))
        self.assertNotContains(Client().get(path), "<b>Byron</b>")

    def test_an_estimate_whose_time_is_over_cannot_be_accepted(self) -> None:
        pk = self.sent(kind="estimate", issue_date="2020-01-01", due_date="2020-02-01")
        page = Client().post(self.path_of(pk) + "answer/", {"answer": "accept", "by": "Ada"}, follow=True)
        self.assertContains(page, "The time of this estimate is over")
        self.assertEqual(self.read(pk)["status"], "viewed")

    def test_an_invoice_is_not_answered(self) -> None:
        pk = self.sent()
        Client().post(self.path_of(pk) + "answer/", {"answer": "accept", "by": "Ada"})
        self.assertEqual(self.read(pk)["status"], "sent")

    def test_of_an_org_that_is_closed_it_is_dead(self) -> None:
        path = self.path_of(self.sent())
        with org_scope(self.org):
            self.assertTrue(Invoice.objects.exists())
        self.org.is_active = False
        self.org.save()
        self.assertEqual(Client().get(path).status_code, 404)
