"""Mails go out through a real mail server: whole, once, at their time, again after a refusal that may pass."""

import asyncio
import os
import signal
import time
from datetime import timedelta
from threading import Event
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from common.tenancy import org_scope
from common.testing.committed import CommittedTestCase
from common.testing.mail_server import MailServer, free_port, smtp_settings
from emails.models import BlockedAddress, Email
from emails.services import MAX_ATTEMPTS, deliver
from emails.tasks import send_due_emails
from emails.tests.cases import BODY, MailTestCase


class StrictServer(MailServer):
    """Refuses recipients."""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address.startswith("nobody"):
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"


class SlowServer(MailServer):
    """Thinks about the first mail for long; ``asked`` is set when it begins to."""

    def __init__(self) -> None:
        super().__init__([])
        self.asked = Event()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if not self.asked.is_set():
            self.asked.set()
            await asyncio.sleep(30)
        return await super().handle_DATA(server, session, envelope)


class SendingTest(MailTestCase):
    def test_a_mail_arrives_whole_with_bcc_in_the_envelope_only(self) -> None:
        self.api.patch("/api/v1/emails/signature/", {"html": "<p><b>Alice</b> · Ours</p><script>x</script>"})
        pk, server = self.sent(cc=["cc@x.example"], bcc=["secret@x.example"], subject="Zwei Käjaks 🚣")
        [(sender, recipients, message)] = server.taken
        self.assertEqual(sorted(recipients), ["ada@engines.example", "cc@x.example", "secret@x.example"])
        self.assertNotIn("secret@x.example", message.as_string())
        self.assertEqual((message["To"], message["Cc"], message["Bcc"]), ("ada@engines.example", "cc@x.example", None))
        self.assertEqual(message["Subject"], "Zwei Käjaks 🚣")
        self.assertEqual((message["From"], message["Reply-To"]), ("Alice <noreply@localhost>", "alice@example.com"))
        texts = self.parts(message)
        self.assertIn("They are ready", texts["text/plain"])
        self.assertIn("\n-- \nAlice · Ours", texts["text/plain"].replace("\r", ""))
        self.assertIn("<b>Alice</b>", texts["text/html"])
        self.assertNotIn("<script", texts["text/html"])
        shown = self.shown(pk)
        self.assertEqual((shown["status"], shown["attempts"], shown["error"]), ("sent", 1, ""))
        self.assertEqual(shown["message_id"], message["Message-ID"])
        self.assertTrue(shown["sent_at"])

    def test_files_of_the_mail_and_of_its_record_go_along(self) -> None:
        lead = self.lead()
        url = "/api/v1/{}/attachment/{}/"
        plan = self.api.post(url.format("leads", lead), {"file": SimpleUploadedFile("plan.txt", b"the plan")}, format="multipart")
        pk = self.write(lead=lead)
        self.api.post(url.format("emails", pk), {"file": SimpleUploadedFile("price.txt", b"12")}, format="multipart")
        self.assertEqual(self.act(pk, "attach", {"attachments": [plan.json()["id"]]}).status_code, 200)
        self.api.delete(f"/api/v1/attachments/{plan.json()['id']}/")
        with MailServer([]) as server, override_settings(**server.settings):
            self.act(pk, "send")
        files = {part.get_filename(): part.get_content() for part in server.taken[0][2].iter_attachments()}
        self.assertEqual(files, {"price.txt": "12", "plan.txt": "the plan"})
        self.assert_error(self.act(pk, "attach", {"attachments": [plan.json()["id"]]}), 400, says="does not exist")

    def test_files_of_others_cannot_be_picked(self) -> None:
        theirs = self.client_of(self.mallory)
        lead = theirs.post("/api/v1/leads/", {"name": "Zebra"}).json()["id"]
        file = {"file": SimpleUploadedFile("zebra.txt", b"zebra")}
        pk = theirs.post(f"/api/v1/leads/attachment/{lead}/", file, format="multipart").json()["id"]
        self.assert_error(
            self.act(self.write(), "attach", {"attachments": [pk]}), 400, field="attachments", says="does not exist"
        )

    def test_a_passing_refusal_is_tried_again_with_the_same_message_id(self) -> None:
        pk, server = self.sent("451 4.3.0 Try again later")
        shown = self.shown(pk)
        self.assertEqual((shown["status"], shown["error"]), ("sending", "451 4.3.0 Try again later"))
        self.assertEqual(server.taken, [])
        self.assertFalse(self.try_now(pk, early=True))
        with MailServer([]) as server, override_settings(**server.settings):
            self.assertTrue(self.try_now(pk))
        after = self.shown(pk)
        self.assertEqual((after["status"], after["error"], after["attempts"]), ("sent", "", 2))
        self.assertEqual(server.taken[0][2]["Message-ID"], shown["message_id"])

    def try_now(self, pk: str, *, early: bool = False) -> bool:
        if not early:
            self.change(pk, next_attempt_at=timezone.now())
        with org_scope(self.org):
            return deliver(pk)

    def test_a_final_refusal_ends_it_and_says_why(self) -> None:
        pk, _ = self.sent("550 5.7.1 We take no mail from you")
        shown = self.shown(pk)
        self.assertEqual((shown["status"], shown["next_attempt_at"]), ("failed", None))
        self.assertEqual(shown["error"], "550 5.7.1 We take no mail from you")
        with MailServer([]) as server, override_settings(**server.settings):
            self.assertEqual(send_due_emails(), 0)
            self.assertEqual(self.act(pk, "send").status_code, 200)  # by hand, after something was changed
        self.assertEqual((len(server.taken), self.shown(pk)["status"]), (1, "sent"))

    def test_it_gives_up_after_so_many_attempts(self) -> None:
        pk = self.write()
        with override_settings(**smtp_settings(free_port())):
            self.act(pk, "send")
            for _ in range(MAX_ATTEMPTS):
                self.try_now(pk)
        shown = self.shown(pk)
        self.assertEqual((shown["status"], shown["attempts"]), ("failed", MAX_ATTEMPTS))
        self.assertIn("ConnectionRefusedError", shown["error"])

    def test_an_address_that_does_not_exist_is_remembered(self) -> None:
        pk = self.write(to=["nobody@x.example"])
        with StrictServer([]) as server, override_settings(**server.settings):
            self.act(pk, "send")
        self.assertEqual(self.shown(pk)["status"], "failed")
        self.assertIn("nobody@x.example: 550 5.1.1 No such user here", self.shown(pk)["error"])
        again = self.act(self.write(cc=["Nobody@x.example"]), "send")
        self.assert_error(again, 400, field="cc", says="Nobody@x.example gets no mail: invalid")

    def test_blocked_addresses_are_refused_also_when_the_time_comes(self) -> None:
        pk = self.write(to=["no.more@x.example"])
        self.act(pk, "schedule", {"send_at": timezone.now() + timedelta(hours=1)})
        made = self.api.post("/api/v1/blocked-addresses/", {"address": "No.More@x.example"})
        self.assertEqual(made.status_code, 201, made.content)
        self.assert_error(self.act(self.write(to=["no.more@X.example"]), "send"), 400, field="to", says="unsubscribed")
        with org_scope(self.other):
            self.assertEqual(BlockedAddress.objects.count(), 0)
        self.try_now(pk)
        self.assertEqual(self.shown(pk)["status"], "failed")
        self.assertIn("gets no mail", self.shown(pk)["error"])

    def test_a_scheduled_mail_goes_at_its_time_and_can_be_called_back(self) -> None:
        early, late = self.write(subject="early"), self.write(subject="late")
        for pk, minutes in ((early, 5), (late, 60)):
            response = self.act(pk, "schedule", {"send_at": timezone.now() + timedelta(minutes=minutes)})
            self.assertEqual(response.json()["status"], "scheduled")
        self.change(early, next_attempt_at=timezone.now())
        with MailServer([]) as server, override_settings(**server.settings):
            self.assertEqual((send_due_emails(), send_due_emails()), (1, 0))
        self.assertEqual([message["Subject"] for *_, message in server.taken], ["early"])
        self.assertEqual(self.act(late, "call-back").json()["status"], "draft")
        self.assert_error(self.act(late, "call-back"), 409)
        self.assert_error(self.act(early, "call-back"), 409)

    def test_times_that_are_none(self) -> None:
        pk = self.write()
        for moment in (timezone.now() - timedelta(minutes=1), timezone.now() + timedelta(days=999), "tomorrow", None):
            self.assert_error(self.act(pk, "schedule", {"send_at": moment}), 400, field="send_at")

    def test_what_was_sent_stays_as_it_was(self) -> None:
        pk, _ = self.sent()
        self.assert_error(self.api.patch(f"/api/v1/emails/{pk}/", {"body_text": "I never said that"}), 409)
        self.assert_error(self.act(pk, "send"), 409)
        lead = self.lead()
        self.assertEqual(self.api.patch(f"/api/v1/emails/{pk}/", {"lead": lead}).json()["lead"], lead)

    def test_a_mail_in_the_bin_is_not_sent(self) -> None:
        pk = self.write()
        self.act(pk, "schedule", {"send_at": timezone.now() + timedelta(minutes=5)})
        self.api.delete(f"/api/v1/emails/{pk}/")
        self.assertFalse(self.try_now(pk))
        self.assertEqual(self.api.post(f"/api/v1/emails/{pk}/restore/").json()["status"], "draft")

    def test_headers_cannot_be_injected(self) -> None:
        for name, value in (
            ("subject", "Hello\r\nBcc: everyone@x.example"),
            ("subject", "Hello\u2028you"),
            ("to", ["ada@x.example\nBcc: everyone@x.example"]),
            ("cc", ["ada@x.example, everyone@x.example"]),
            ("bcc", ["<ada@x.example>\r\n"]),
            ("to", ["ada@x.example"] * 101),
            ("to", "ada@x.example"),
            ("to", [{"email": "ada@x.example"}]),
        ):
            with self.subTest(name=name, value=str(value)[:40]):
                self.assert_error(self.api.post("/api/v1/emails/", {**BODY, name: value}), 400, field=name)
        self.alice.user.name = "Alice\r\nBcc: everyone@x.example"
        self.alice.user.save()
        _, server = self.sent()
        self.assertEqual(server.taken[0][1], ["ada@engines.example"])
        self.assertIsNone(server.taken[0][2]["Bcc"])

    def test_a_mail_to_nobody_or_with_nothing_is_a_draft_that_cannot_be_sent(self) -> None:
        self.assert_error(self.act(self.write(to=[]), "send"), 400, field="to")
        self.assert_error(self.act(self.write(subject="", body_text=""), "send"), 400, field="subject")
        self.assert_error(self.act(self.write(cc=["a@x.example"] * 60, bcc=["b@x.example"] * 60), "send"), 400, field="to")

    def test_only_who_may_change_a_mail_sends_it(self) -> None:
        pk = self.write()
        self.assert_error(self.act(pk, "send", client=self.client_of(self.max)), 403)
        self.assert_error(self.act(pk, "send", client=self.client_of(self.uma)), 404)
        self.assert_error(self.act(pk, "send", client=self.client_of(self.mallory)), 404)
        self.assertEqual(self.shown(pk)["status"], "draft")

    def test_nobody_sends_in_the_name_of_a_strange_address(self) -> None:
        url = "/api/v1/emails/settings/"
        self.assert_error(self.api.patch(url, {"sender_address": "ceo@bank.example"}), 400, field="sender_address")
        self.assert_error(self.api.patch(url, {"sender_address": "uma@example.com"}), 400, field="sender_address")
        self.uma.user.email_verified_at = timezone.now()
        self.uma.user.save()
        self.assertEqual(self.api.patch(url, {"sender_address": "uma@example.com"}).status_code, 200)
        self.assert_error(self.client_of(self.uma).patch(url, {"with_tracking": False}), 403)
        _, server = self.sent()
        self.assertEqual(server.taken[0][2]["From"], "Alice <uma@example.com>")

    def test_html_is_made_safe_and_gets_a_text(self) -> None:
        html = (
            '<p style="color:red;position:fixed" onclick="x()">Hi <a href="javascript:x()">a</a> <a href="/here">b</a></p>'
            "<img src=x onerror=x()>"
        )
        shown = self.shown(self.write(body_text="", body_html=html))
        for gone in ("onclick", "javascript", "onerror", "position", "/here"):
            self.assertNotIn(gone, shown["body_html"])
        self.assertIn("color:red", shown["body_html"])
        self.assertEqual(shown["body_text"], "Hi a b")

    def test_the_assistant_only_proposes_to_send(self) -> None:
        from assistant.calls import use_tool
        from assistant.models import ToolCall

        pk = self.write()
        with org_scope(self.alice), self.captureOnCommitCallbacks(execute=True) as callbacks:
            call = use_tool(self.alice, "send_email", {"id": pk})
        self.assertEqual((call.status, callbacks), (ToolCall.Status.PROPOSED, []))
        self.assertEqual(self.shown(pk)["status"], "draft")


class TwoWorkersTest(CommittedTestCase):
    def test_two_workers_send_it_once(self) -> None:
        with org_scope(self.alice):
            mail = Email.objects.create(
                to=["ada@x.example"], subject="Once", body_text="Only", status="sending", sent_by=self.alice,
                sender="Alice <a@x.example>", message_id="<1@x.example>", next_attempt_at=timezone.now(),
            )  # fmt: skip

        def work() -> bool:
            with org_scope(self.org):
                return deliver(mail.pk)

        with MailServer([]) as server, override_settings(**server.settings):
            results = self.at_once(work, work, work)
        self.assertEqual(sorted(results), [False, False, True])
        self.assertEqual(len(server.taken), 1)

    def test_a_request_hands_its_mail_over_when_it_commits(self) -> None:
        client = self.client_of(self.alice)
        pk = client.post("/api/v1/emails/", BODY).json()["id"]
        with MailServer([]) as server, override_settings(**server.settings):
            self.assertEqual(client.post(f"/api/v1/emails/{pk}/send/").json()["status"], "sending")
        self.assertEqual([message["Subject"] for *_, message in server.taken], ["Your kayaks"])
        self.assertEqual(client.get(f"/api/v1/emails/{pk}/").json()["status"], "sent")

    def test_a_killed_worker_leaves_the_mail_to_the_next(self) -> None:
        client = self.client_of(self.alice)
        pk = client.post("/api/v1/emails/", BODY).json()["id"]
        client.post(f"/api/v1/emails/{pk}/schedule/", {"send_at": timezone.now() + timedelta(hours=1)})
        with org_scope(self.org):
            Email.objects.update(next_attempt_at=timezone.now())
        with SlowServer() as server, override_settings(**server.settings):
            if not (worker := os.fork()):
                connection.connection = None  # its parent's
                send_due_emails()
                os._exit(0)
            self.assertTrue(server.asked.wait(20))
            self.assertEqual(send_due_emails(), 0)  # while the other has it
            os.kill(worker, signal.SIGKILL)
            os.waitpid(worker, 0)
            for _ in range(50):
                if send_due_emails():
                    break
                time.sleep(0.1)
        self.assertEqual(len(server.taken), 1)
        self.assertEqual(client.get(f"/api/v1/emails/{pk}/").json()["status"], "sent")
