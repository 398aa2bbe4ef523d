"""Mails that were sent and did not arrive: a report comes back (RFC 3464), the mail says so, and nothing else happens."""

from email.message import EmailMessage, Message
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any

import pytest
from django.test import SimpleTestCase
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.models import Case
from common.inbound import NotAMail, failures_in, read_mail
from common.people.models import OutgoingMail
from common.tenancy import org_scope
from common.testing.committed import CommittedTestCase
from common.testing.imap_server import PASSWORD, PROGRAM, USER, ImapServer
from emails.models import BlockedAddress, Email, MailAccount
from emails.tasks import fetch_mail
from emails.tests.test_inbound import InboundTestCase

ADA = "ada@engines.example"
NO_SUCH_USER = "550 5.1.1 <ada@engines.example>: user unknown"


def headers_of(values: dict[str, str]) -> Message:
    block = Message()
    for name, value in values.items():
        if value:
            block[name] = value
    return block


def report(original: str, *recipients: dict[str, str], whole: bool = True, **headers: str) -> bytes:
    """A delivery status notification about the mail with a Message-ID, as mail servers write it."""
    usual = {
        "Final-Recipient": f"rfc822; {ADA}",
        "Action": "failed",
        "Status": "5.1.1",
        "Diagnostic-Code": f"smtp; {NO_SUCH_USER}",
    }
    message = MIMEMultipart("report", report_type="delivery-status")
    given = {"From": "Mail Delivery System <MAILER-DAEMON@mx.example>", "To": "sales@ours.example", "Message-ID": "<dsn@mx>",
             "Subject": "Undelivered Mail Returned to Sender", "Auto-Submitted": "auto-replied", "Return-Path": "<>"}  # fmt: skip
    for name, value in {**given, **headers}.items():
        message[name] = value
    message.attach(MIMEText("I'm sorry to have to inform you that your message could not be delivered.\n"))
    blocks = [{"Reporting-MTA": "dns; mx.example"}, *({**usual, **one} for one in recipients or ({},))]
    part = Message()
    part["Content-Type"] = "message/delivery-status"
    part.set_payload([headers_of(block) for block in blocks])
    message.attach(part)
    ours = EmailMessage()
    ours["Message-ID"], ours["Subject"], ours["To"] = original, "Your kayaks", ADA
    if whole:
        ours.set_content("They are ready.")
        message.attach(MIMEMessage(ours))
    else:
        message.attach(MIMEText(ours.as_string(), "rfc822-headers"))
    return message.as_bytes()


class BounceTest(InboundTestCase):
    def blocked(self) -> dict[str, str]:
        with org_scope(self.org):
            return dict(BlockedAddress.objects.values_list("address", "reason"))

    def bounced(self, pk: str, *recipients: dict[str, str], **more: Any) -> Any:
        """The mail after a report about it."""
        response = self.post(report(self.row(pk).message_id, *recipients, **more))
        self.assertEqual((response.status_code, response.json()), (200, {"outcome": "bounced", "email": pk}))
        return self.shown(pk)

    def nothing_else(self) -> None:
        with org_scope(self.org):
            self.assertEqual((Case.objects.count(), Email.objects.filter(status="received").count()), (0, 0))
        self.assertEqual(OutgoingMail.objects.exclude(subject__contains="Not delivered").count(), 0)

    def test_the_mail_says_why_its_writer_is_told_once_and_the_address_gets_no_mail_any_more(self) -> None:
        for whole in (True, False):
            with self.subTest(whole=whole):
                pk, _ = self.sent(subject=f"Kayaks {whole}")
                for _ in range(2):  # a second worker, or a server that says it twice
                    mail = self.bounced(pk, whole=whole)
                    self.assertEqual((mail["status"], mail["error"]), ("bounced", f"{ADA}: 5.1.1 {NO_SUCH_USER}"))
                self.assertEqual(self.blocked(), {ADA: "invalid"})
                told = [row["text"] for row in self.api.get("/api/v1/notifications/").json()["results"]]
                self.assertEqual(told.count(f"Not delivered to {ADA}: Kayaks {whole}"), 1)
                self.assert_error(self.api.patch(f"/api/v1/emails/{pk}/", {"subject": "x"}), 409)
                self.assert_error(self.act(self.write(), "send"), 400, field="to", says="invalid")
                with org_scope(self.org):
                    BlockedAddress.objects.all().delete()
        self.nothing_else()

    def test_a_full_mailbox_is_no_wrong_address_and_a_delay_is_no_failure(self) -> None:
        pk, _ = self.sent()
        delayed = report(self.row(pk).message_id, {"Action": "delayed", "Status": "4.4.1"})
        self.assertNotEqual(self.taken(delayed), "bounced")
        self.assertEqual(self.shown(pk)["status"], "sent")
        for status, words in (("5.2.2", "smtp; 552 mailbox full"), ("5.7.1", "smtp; 550 looks like spam"), ("4.4.7", "")):
            mail = self.bounced(pk, {"Status": status, "Diagnostic-Code": words})
            self.assertEqual(mail["status"], "bounced")
            self.assertIn(f"{ADA}: {status}", mail["error"])
        self.assertEqual(self.blocked(), {})

    def test_of_several_addresses_those_are_named_that_it_did_not_reach(self) -> None:
        pk, _ = self.sent(to=[ADA, "Bo@x.example"], cc=["cy@x.example"])
        alias = {"Original-Recipient": "rfc822;BO@x.example", "Final-Recipient": "rfc822; box7@host.example"}
        self.bounced(pk, {})
        mail = self.bounced(pk, alias)
        self.assertEqual([line.partition(": ")[0] for line in mail["error"].splitlines()], [ADA, "bo@x.example"])
        self.assertEqual(set(self.blocked()), {ADA, "bo@x.example"})

    def test_a_made_up_report_blocks_nobody_we_did_not_write_to(self) -> None:
        pk, _ = self.sent()
        self.bounced(pk, {"Final-Recipient": "rfc822; ceo@rival.example"})
        self.assertEqual(self.blocked(), {})
        for original in ("<never@ours.example>", ""):
            self.assertEqual(self.taken(report(original)), "ignored")
        draft = self.write()
        self.change(draft, message_id="<draft@ours.example>")
        self.assertEqual(self.taken(report("<draft@ours.example>")), "ignored")
        self.assertEqual(self.shown(draft)["status"], "draft")
        self.nothing_else()

    def test_a_report_in_another_organization_changes_nothing_here(self) -> None:
        pk, _ = self.sent()
        theirs = self.client_of(self.mallory).post("/api/v1/mail-accounts/", {"address": "z@theirs.example"}).json()
        path = "/" + theirs["inbound_url"].split("/", 3)[3]
        self.assertEqual(self.post(report(self.row(pk).message_id), path).json()["outcome"], "ignored")
        self.assertEqual(self.shown(pk)["status"], "sent")

    def test_the_help_desks_mailbox_passes_it_on_and_opens_no_case(self) -> None:
        pk, _ = self.sent()
        desk = self.api.post("/api/v1/mailboxes/", {"name": "Help", "address": "help@ours.example"}).json()
        taken = self.post(report(self.row(pk).message_id), "/" + desk["inbound_url"].split("/", 3)[3]).json()
        self.assertEqual(taken, {"outcome": "bounced", "case": None, "number": None})
        self.assertEqual(self.shown(pk)["status"], "bounced")
        self.nothing_else()


class BrokenTest(SimpleTestCase):
    @settings(deadline=None, max_examples=30)
    @given(st.binary(max_size=40), st.integers(0, 1200))
    def test_broken_reports_end_well(self, noise: bytes, place: int) -> None:
        raw = report("<x@ours.example>")
        try:
            mail = read_mail(raw[:place] + noise + raw[place + len(noise) :])
        except NotAMail:
            return
        self.assertIsInstance(mail.failures, list)
        self.assertEqual(failures_in(Message()), [])


@pytest.mark.skipif(PROGRAM is None, reason="dovecot is not installed")
class ImapBounceTest(CommittedTestCase):
    def test_a_report_that_is_fetched_counts_as_one_that_is_posted(self) -> None:
        client = self.client_of(self.alice)
        pk = client.post("/api/v1/emails/", {"to": [ADA], "subject": "Kayaks", "body_text": "Ready"}).json()["id"]
        with org_scope(self.org):
            Email.objects.filter(pk=pk).update(status="sent", message_id="<ours@ours.example>")
        with ImapServer() as server:
            values = {"imap_host": "127.0.0.1", "imap_port": server.port, "imap_security": "none", "imap_user": USER}
            client.post("/api/v1/mail-accounts/", {"address": USER, "imap_password": PASSWORD, **values})
            server.deliver(report("<ours@ours.example>"))
            fetch_mail()
        with org_scope(self.org):
            self.assertEqual(MailAccount.objects.get().error, "")
            self.assertEqual(BlockedAddress.objects.get().address, ADA)
        self.assertEqual(client.get(f"/api/v1/emails/{pk}/").json()["status"], "bounced")
        self.assertEqual(client.get("/api/v1/emails/").json()["count"], 1)
