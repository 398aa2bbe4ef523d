"""What customers answer lands on the record that they were written to about, once, and nothing goes round in circles."""

from email.message import EmailMessage
from typing import Any

import pytest
from django.test import override_settings
from rest_framework.test import APIClient

from common.records.models import Attachment
from common.tenancy import org_scope
from common.testing.committed import CommittedTestCase
from common.testing.imap_server import PASSWORD, PROGRAM, USER, ImapServer
from emails.inbound import take_in
from emails.letters import mail_of_token, reply_token
from emails.models import Email, MailAccount
from emails.tasks import fetch_mail
from emails.tests.cases import MailTestCase


def answer(text: str = "Yes, two please.", **headers: str) -> EmailMessage:
    message = EmailMessage()
    usual = {
        "From": "Ada Byron <ada@engines.example>",
        "To": "sales@ours.example",
        "Subject": "Re: Your kayaks",
        "Message-ID": "<a1@engines.example>",
    }
    for name, value in {**usual, **{name.replace("_", "-"): value for name, value in headers.items()}}.items():
        if value:
            message[name] = value
    message.set_content(text)
    return message


class InboundTestCase(MailTestCase):
    def setUp(self) -> None:
        super().setUp()
        made = self.api.post("/api/v1/mail-accounts/", {"address": "sales@ours.example"})
        self.assertEqual(made.status_code, 201, made.content)
        self.path = "/" + made.json()["inbound_url"].split("/", 3)[3]
        self.api.patch("/api/v1/emails/settings/", {"reply_address": "sales@ours.example"})

    def post(self, message: Any, path: str = "") -> Any:
        raw = message if isinstance(message, bytes) else message.as_bytes()
        return APIClient().post(path or self.path, raw, content_type="message/rfc822")

    def taken(self, message: Any) -> str:
        response = self.post(message)
        self.assertEqual(response.status_code, 200, response.content)
        return str(response.json()["outcome"])

    def received(self) -> list[Email]:
        with org_scope(self.org):
            return list(Email.objects.filter(status="received").order_by("id"))


class InboundTest(InboundTestCase):
    def test_an_answer_lands_on_the_record_and_in_the_thread(self) -> None:
        lead = self.lead(assigned_to=[str(self.uma.pk)])
        pk, server = self.sent(lead=lead)
        sent = server.taken[0][2]
        message = answer(In_Reply_To=sent["Message-ID"])
        message.add_attachment(b"the plan", maintype="application", subtype="octet-stream", filename="plan.txt")
        self.assertEqual(self.taken(message), "answered")
        [mail] = self.received()
        self.assertEqual((str(mail.lead_id), str(mail.answers_id), mail.thread), (lead, pk, self.row(pk).thread))
        self.assertEqual((mail.sender, mail.body_text), ("Ada Byron <ada@engines.example>", "Yes, two please."))
        with org_scope(self.org):
            self.assertEqual(list(Attachment.objects.filter(email=mail).values_list("file_name", flat=True)), ["plan.txt"])
        for person in (self.uma, self.alice):  # who has the lead, and who wrote
            told = self.client_of(person).get("/api/v1/notifications/").json()["results"]
            self.assertEqual([row["text"] for row in told if row["kind"] == "answered"], ["Ada Byron answered: Re: Your kayaks"])
            self.assertEqual(self.client_of(person).get(f"/api/v1/emails/{mail.pk}/").status_code, 200)
        self.assertEqual(self.client_of(self.mallory).get("/api/v1/emails/").json()["count"], 0)

    def test_the_token_in_the_address_is_enough(self) -> None:
        pk, server = self.sent()
        address = server.taken[0][2]["Reply-To"]
        self.assertRegex(address, r"^sales\+[a-z2-7]{42}@ours\.example$")
        self.assertEqual(self.taken(answer(To=address.upper())), "answered")
        self.assertEqual(str(self.received()[0].answers_id), pk)

    def test_made_up_tokens_answer_nothing(self) -> None:
        pk, _ = self.sent()
        with org_scope(self.org):
            good = reply_token(self.row(pk).pk)
            self.assertEqual(str(mail_of_token(good)), pk)
            for token in (good[:-1], good[:-4] + "aaaa", "", "sales", "a" * 42, "é" * 42, good + "a"):
                self.assertIsNone(mail_of_token(token), token)

    def test_an_answer_to_the_answer_continues_the_thread(self) -> None:
        pk, server = self.sent(lead=self.lead())
        self.taken(answer(In_Reply_To=server.taken[0][2]["Message-ID"]))
        [mail] = self.received()
        with_reply, server = self.sent(answers=str(mail.pk), to=[], subject="")
        message = server.taken[0][2]
        self.assertEqual((message["To"], message["Subject"]), ("ada@engines.example", "Re: Your kayaks"))
        self.assertEqual(message["In-Reply-To"], "<a1@engines.example>")
        self.assertEqual(message["References"].split(), [self.row(pk).message_id, "<a1@engines.example>"])
        self.assertEqual(self.shown(with_reply)["lead"], self.shown(pk)["lead"])
        thread = self.api.get("/api/v1/emails/", {"thread": self.shown(pk)["thread"]}).json()
        self.assertEqual(thread["count"], 3)

    def test_the_same_mail_twice_counts_once(self) -> None:
        self.lead()
        self.assertEqual([self.taken(answer()), self.taken(answer())], ["filed", "known"])
        without = answer(Message_ID="")
        self.assertEqual([self.taken(without), self.taken(without)], ["filed", "known"])
        self.assertEqual(len(self.received()), 2)

    def test_our_own_mail_coming_back_is_no_answer(self) -> None:
        _, server = self.sent(lead=self.lead())
        self.assertEqual(self.taken(server.taken[0][2]), "known")
        own = answer(From="Sales <Sales@ours.example>", Message_ID="<2@x>", In_Reply_To=server.taken[0][2]["Message-ID"])
        self.assertEqual(self.taken(own), "ignored")
        self.assertEqual(self.received(), [])

    def test_machines_are_shown_in_their_thread_and_tell_nobody(self) -> None:
        _, server = self.sent(lead=self.lead())
        away = {"Auto_Submitted": "auto-replied", "Message_ID": "<away@x>"}
        self.assertEqual(self.taken(answer(**away)), "ignored")
        self.assertEqual(self.taken(answer(**away, In_Reply_To=server.taken[0][2]["Message-ID"])), "answered")
        self.assertEqual(self.api.get("/api/v1/notifications/", {"kind": "answered"}).json()["count"], 0)

    def test_an_unknown_mail_is_filed_with_its_sender_or_ignored(self) -> None:
        lead = self.lead()
        self.assertEqual(self.taken(answer(From="stranger@x.example")), "ignored")
        self.assertEqual(self.taken(answer()), "filed")
        self.assertEqual(str(self.received()[0].lead_id), lead)
        self.api.patch("/api/v1/emails/settings/", {"unknown_mail": "ignore"})
        self.assertEqual(self.taken(answer(Message_ID="<new@x>")), "ignored")

    def test_a_mail_of_another_organization_is_not_answered_here(self) -> None:
        theirs = self.client_of(self.mallory)
        pk = theirs.post("/api/v1/emails/", {"to": ["z@x.example"], "subject": "zebra", "body_text": "zebra"}).json()["id"]
        with org_scope(self.other):
            Email.objects.filter(pk=pk).update(message_id="<zebra@theirs>", status="sent")
            token = reply_token(Email.objects.get(pk=pk).pk)
        self.assertEqual(self.taken(answer(In_Reply_To="<zebra@theirs>", To=f"sales+{token}@ours.example")), "ignored")
        self.assertEqual(theirs.get("/api/v1/emails/").json()["count"], 1)

    def test_paths_of_nobody(self) -> None:
        good = self.path.rstrip("/").rsplit("/", 1)[1]
        for token in ("x", good[:-3], good[::-1], "a" * 54, str(self.org.pk)):
            self.assert_error(self.post(answer(), f"/api/emails/inbound/{token}/"), 404)
        pk = self.api.get("/api/v1/mail-accounts/").json()["results"][0]["id"]
        self.api.post(f"/api/v1/mail-accounts/{pk}/new-url/")
        self.assert_error(self.post(answer()), 404)

    @override_settings(MAX_MAIL_BYTES=100_000)
    def test_mails_too_large_or_broken_end_well(self) -> None:
        self.assert_error(self.post(answer("x" * 100_000)), 413)
        for raw in (b"", b"\x00\xff", b"Subject: no sender\n\nx", b"From: <>\n\nx", b"From: a@x\x00.example\n\nx"):
            self.assertIn(self.post(raw).status_code, (200, 400), raw)
        self.assertEqual(self.received(), [])

    def test_html_that_would_run_is_made_harmless(self) -> None:
        self.lead()
        message = answer()
        message.add_alternative("<p>Hi<script>x</script><img src=x onerror=x()><b>you</b></p>" + "<div>" * 5000, subtype="html")
        self.taken(message)
        [mail] = self.received()
        self.assertIn("<b>you</b>", mail.body_html)
        self.assertNotIn("script", mail.body_html)
        self.assertNotIn("onerror", mail.body_html)

    def test_only_an_admin_adds_accounts_of_the_organization(self) -> None:
        uma, url = self.client_of(self.uma), "/api/v1/mail-accounts/"
        self.assert_error(uma.post(url, {"address": "u@x.example"}), 400, field="profile")
        self.assert_error(uma.post(url, {"address": "u@x.example", "profile": str(self.alice.pk)}), 400, field="profile")
        made = uma.post(url, {"address": "u@x.example", "profile": str(self.uma.pk), "imap_password": "secret"})
        self.assertEqual(made.status_code, 201, made.content)
        self.assertNotIn("secret", made.content.decode())
        self.assertNotIn("inbound_url", self.api.get(url).content.decode())

    def test_a_persons_own_mail_is_filed_only_with_whom_they_may_see(self) -> None:
        self.lead()
        with org_scope(self.org):
            account = MailAccount.objects.create(address="uma@x.example", profile=self.uma, token_hash="u")
            self.assertEqual(take_in(account, answer().as_bytes()).outcome, "ignored")
            account.profile = self.alice
            self.assertEqual(take_in(account, answer().as_bytes()).outcome, "filed")


@pytest.mark.skipif(PROGRAM is None, reason="dovecot is not installed")
class ImapTest(CommittedTestCase):
    def test_new_mail_is_fetched_once(self) -> None:
        client = self.client_of(self.alice)
        client.post("/api/v1/leads/", {"name": "Ada", "email": "ada@engines.example"})
        with ImapServer() as server:
            values = {"imap_host": "127.0.0.1", "imap_port": server.port, "imap_security": "none", "imap_user": USER}
            client.post("/api/v1/mail-accounts/", {"address": USER, "imap_password": PASSWORD, **values})
            server.deliver(answer().as_bytes())
            for _ in range(2):
                with org_scope(self.org):
                    MailAccount.objects.update(polled_at=None)
                self.assertEqual(fetch_mail(), 1)
        self.assertEqual([row["subject"] for row in client.get("/api/v1/emails/").json()["results"]], ["Re: Your kayaks"])
        self.assertEqual(client.get("/api/v1/mail-accounts/").json()["results"][0]["error"], "")
