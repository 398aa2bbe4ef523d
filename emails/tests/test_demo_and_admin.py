"""The demo's mails, and mails in the admin."""

from django.test import Client

from common.tenancy import org_scope
from emails.demo import add_demo
from emails.models import Email
from emails.tests.cases import MailTestCase


class DemoTest(MailTestCase):
    def test_the_demo_has_mails_of_each_kind(self) -> None:
        for name in ("Ada", "Bo", "Cy"):
            self.lead(name=name, email=f"{name.lower()}@x.example")
        with org_scope(self.org):
            add_demo("fjord.example", [self.alice, self.max])
            found = sorted(Email.objects.values_list("status", flat=True))
        self.assertEqual(found, ["draft", "received", "sent", "sent"])


class AdminTest(MailTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.browser = Client()
        self.browser.force_login(self.alice.user)

    def test_addresses_are_written_with_commas(self) -> None:
        url = "/admin/emails/email/add/"
        self.assertEqual(self.browser.get(url).status_code, 200)
        values = {"to": "a@x.example, b@x.example", "cc": "", "bcc": "", "subject": "Hi", "body_html": "<b onclick=x>Hi</b>"}
        values |= {"custom_fields": "{}", "body_text": "", "with_tracking": "unknown", "external_id": ""}
        response = self.browser.post(url, values)
        self.assertEqual(
            response.status_code, 302, getattr(response, "context", None) and response.context["adminform"].form.errors
        )
        with org_scope(self.org):
            mail = Email.objects.get()
        self.assertEqual((mail.to, mail.cc, mail.body_html), (["a@x.example", "b@x.example"], [], "<b>Hi</b>"))
        bad = self.browser.post(url, {**values, "to": "a@x.example\nBcc: b@x.example"})
        self.assertEqual(bad.status_code, 200)

    def test_what_was_sent_is_shown_and_not_changed(self) -> None:
        pk, _ = self.sent()
        page = self.browser.get(f"/admin/emails/email/{pk}/change/")
        self.assertContains(page, "sent")
        self.assertEqual(self.browser.post(f"/admin/emails/email/{pk}/change/", {"subject": "x"}).status_code, 403)
