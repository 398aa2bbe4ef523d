"""Mails: what they say, what a name in them cannot do, and that each is sent, once."""

import os
import subprocess
import sys
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import time_machine
from django.conf import settings
from django.core import mail
from django.test import SimpleTestCase
from django.utils import timezone

from common.people import services
from common.people.mail import MAX_ATTEMPTS, due_mails, send_mail
from common.people.models import Org, OutgoingMail, Role, User
from common.tasks import send_due_mails
from common.templatetags.names import WORD_JOINER, plain_name
from common.tenancy import org_scope
from common.testing.mail_server import MailServer, free_port, smtp_settings

from .base import PeopleTestCase

WHICH = """
import django; django.setup()
from django.core.mail import get_connection
backend = get_connection()
print(type(backend).__module__, type(backend).__name__)
"""
SES = """
backend.open()
print(backend.connection.meta.service_model.service_name, backend.connection.meta.endpoint_url)
"""


class MailTestCase(PeopleTestCase):
    def invite(self, address: str = "new@example.com") -> None:
        with org_scope(self.alice), self.captureOnCommitCallbacks(execute=True):
            services.invite(email=address, role=Role.objects.get(name="manager"), invited_by=self.alice)

    def mailed(self) -> tuple[str, str, str]:
        """Subject, text and HTML of the newest mail."""
        message: Any = mail.outbox[-1]
        return message.subject, message.body, message.alternatives[0].content

    def call_alice(self, name: str, org: str = "Ours") -> None:
        User.objects.filter(pk=self.alice.user_id).update(name=name)
        Org.objects.filter(pk=self.org.pk).update(name=org)
        self.alice = self.reload(self.alice)


class TextTests(MailTestCase):
    def test_invitation_says_who_where_as_what_how_long_and_what_to_do_otherwise(self) -> None:
        self.invite()
        subject, text, html = self.mailed()
        self.assertEqual(subject, "“Alice” invites you to “Ours” in Atrium")
        for body in (text, html):
            for part in ("“Alice”", "(alice@example.com)", "“Ours”", "manager", "for 7 days", "nothing happens"):
                self.assertIn(part, body)
            self.assertIn(f"{settings.DOMAIN_NAME}/accept-invitation/?token={self.mailed_token('new@example.com')}", body)

    def test_reset_and_confirmation_say_how_long_and_what_to_do_otherwise(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            services.send_password_reset("uma@example.com")
            services.send_verification(self.max.user)
        reset, verify = mail.outbox
        self.assertEqual(reset.subject, "Choose a new password")
        self.assertEqual(verify.subject, "Confirm your e-mail address")
        for message, parts in (
            (reset, ("Hello Uma", "once, for 24 hours", "ignore this mail", "/reset-password/?token=")),
            (verify, ("Hello Max", "works for 14 days", "You need not do", "/verify-email/?token=")),
        ):
            for body in (str(message.body), message.alternatives[0].content):
                for part in parts:
                    self.assertIn(part, " ".join(body.split()))

    def test_mails_load_nothing_from_elsewhere(self) -> None:
        self.invite()
        _, _, html = self.mailed()
        self.assertNotRegex(html, r"<img|<link|<script|url\(|src=")
        self.assertEqual({part.split('"')[0].partition("?")[0] for part in html.split('href="')[1:]},
                         {f"{settings.DOMAIN_NAME}/accept-invitation/"})  # fmt: skip


class NameTests(MailTestCase):
    def test_name_cannot_add_headers_or_lines(self) -> None:
        self.call_alice("Alice\r\nBcc: eve@evil.test\n\nYou won.", "Ours\nX-Evil: 1")
        self.invite()
        subject, text, _ = self.mailed()
        self.assertNotIn("\n", subject)
        raw: Any = message_from_bytes(mail.outbox[-1].message().as_bytes(), policy=policy.default)
        self.assertEqual((raw["Bcc"], raw["X-Evil"], raw["To"]), (None, None, "new@example.com"))
        self.assertFalse([line for line in text.splitlines() if line.startswith(("Bcc", "X-Evil", "You won"))])

    def test_name_cannot_add_html(self) -> None:
        self.call_alice('<a href="https://evil.test">Press</a>', "<b>Ours</b> & 'Co'")
        self.invite()
        _, text, html = self.mailed()
        self.assertNotIn('<a href="https://evil', html)
        self.assertNotIn("<b>Ours", html)
        self.assertIn("&lt;b&gt;Ours&lt;/b&gt; &amp; &#x27;Co&#x27;", html.replace(WORD_JOINER, ""))
        self.assertIn("“<b>Ours</b> & 'Co'”", text.replace(WORD_JOINER, ""))

    def test_name_that_looks_like_an_address_becomes_no_link(self) -> None:
        self.call_alice("Call https://evil.test/now", "www.evil.test or eve@evil.test")
        self.invite()
        for body in self.mailed():
            for address in ("https://evil", "evil.test", "www.evil", "eve@evil"):
                self.assertNotIn(address, body)
            self.assertIn("www.evil.test", body.replace(WORD_JOINER, ""))

    def test_long_names_are_cut(self) -> None:
        self.call_alice("A" * 150, "O" * 150)
        self.invite()
        subject, text, _ = self.mailed()
        self.assertLess(len(subject), 200)
        self.assertIn("in Atrium", subject)
        self.assertNotIn("A" * 60, text)


class PlainNameTests(SimpleTestCase):
    def test_common_names_stay_as_they_are(self) -> None:
        for name in (
            "Ada Byron",
            "J. R. Smith",
            "Søren Åström-Øye",
            "株式会社アトリウム",
            "شركة",
            "O'Neill & Sons",
            "👩‍🚀 Space",
        ):
            self.assertEqual(plain_name(name), name)

    def test_invisible_and_turning_characters_go(self) -> None:
        self.assertEqual(plain_name(" Ada\r\nByron\t\u2028 Lovelace"), "Ada Byron Lovelace")
        self.assertEqual(plain_name("Ada\x00\x1b[31m \u202eevil\u2066 \u200bBy\u00adron\ufeff"), "Ada[31m evil Byron")


class SendingTests(MailTestCase):
    def test_mail_server_that_refuses_gets_it_again_later_and_once(self) -> None:
        with MailServer(["451 4.3.0 Try again later"]) as server, self.settings(**server.settings):
            self.invite()
            stored = OutgoingMail.objects.get()
            self.assertEqual((stored.attempts, stored.sent_at, server.taken), (1, None, []))
            self.assertIn("4.3.0 Try again later", stored.error)
            self.assertAlmostEqual(stored.next_attempt_at, timezone.now() + timedelta(minutes=2), delta=timedelta(seconds=30))
            self.assertEqual(send_due_mails(), 0)
            with time_machine.travel(stored.next_attempt_at + timedelta(seconds=1)):
                self.assertEqual((send_due_mails(), send_due_mails()), (1, 0))
            self.assertFalse(send_mail(str(stored.pk)))
        [(sender, recipients, message)] = server.taken
        self.assertEqual((sender, recipients), ("noreply@localhost", ["new@example.com"]))
        self.assertEqual(message["Subject"].strip(), "“Alice” invites you to “Ours” in Atrium")
        self.assertEqual(message.get_content_type(), "multipart/alternative")
        self.assertIn("/accept-invitation/?token=", message.get_body(("plain",)).get_content())
        self.assertIn("<h1", message.get_body(("html",)).get_content())
        stored.refresh_from_db()
        self.assertEqual((stored.attempts, stored.text, stored.html, stored.error), (2, "", "", ""))
        self.assertIsNotNone(stored.sent_at)

    def test_recipient_that_a_mail_server_does_not_know_is_given_up_at_last(self) -> None:
        with MailServer(["550 5.1.1 No such person"] * MAX_ATTEMPTS) as server, self.settings(**server.settings):
            self.invite()
            for days in range(1, MAX_ATTEMPTS + 2):
                with time_machine.travel(timezone.now() + timedelta(days=days)):
                    send_due_mails()
        stored = OutgoingMail.objects.get()
        self.assertEqual((stored.attempts, due_mails()), (MAX_ATTEMPTS, []))
        self.assertIn("No such person", stored.error)

    def test_mail_server_that_is_not_there_loses_nothing(self) -> None:
        with self.settings(**smtp_settings(free_port())):
            self.invite()
        stored = OutgoingMail.objects.get()
        self.assertIn("refused", stored.error)
        self.assertIn("/accept-invitation/", stored.text)

    def test_mail_of_a_change_that_is_rolled_back_is_never_sent(self) -> None:
        browser = self.client_of(self.alice)
        with self.captureOnCommitCallbacks(execute=True):
            response = browser.post("/api/v1/users/", {"email": "not an address"})
        self.assertEqual((response.status_code, mail.outbox, OutgoingMail.objects.count()), (400, [], 0))

    def test_development_writes_files(self) -> None:
        address = f"{'long' * 15}@{'example' * 8}.{'com' * 19}.{'org' * 19}.test"
        home = Path(self.enterContext(TemporaryDirectory()))
        with self.settings(EMAIL_BACKEND="common.people.mail.FileBackend", EMAIL_FILE_PATH=str(home / "mail")):
            self.invite(address)
        [file] = (home / "mail").iterdir()
        self.assertEqual(file.suffix, ".eml")
        message: Any = message_from_bytes(file.read_bytes(), policy=policy.default)
        self.assertEqual(message["To"], address)
        self.assertIn("Alice", message.get_body(("html",)).get_content())


class BackendTests(SimpleTestCase):
    """Which backend the environment chooses, in a process of its own, as settings are read at start."""

    def chosen(self, *, then: str = "", **variables: str) -> str:
        kept = {name: value for name, value in os.environ.items() if name not in ("MAIL_BACKEND", "SMTP_HOST", "ENV_TYPE")}
        environment = kept | {"DJANGO_SETTINGS_MODULE": "crm.settings", **variables}
        command = [sys.executable, "-c", WHICH + then]
        result = subprocess.run(command, env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=60)
        return result.stdout.strip() or result.stderr.strip()

    def test_files_in_development_and_smtp_where_a_server_is_named(self) -> None:
        self.assertEqual(self.chosen(), "common.people.mail FileBackend")
        self.assertEqual(self.chosen(SMTP_HOST="mail.example"), "django.core.mail.backends.smtp EmailBackend")
        self.assertEqual(self.chosen(MAIL_BACKEND="console"), "django.core.mail.backends.console EmailBackend")

    def test_amazon_ses(self) -> None:
        keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SES_REGION_NAME": "eu-west-1"}
        production = {"ENV_TYPE": "prod", "SECRET_KEY": "x" * 60, "ALLOWED_HOSTS": "crm.example"}
        expected = "django_ses SESBackend\nses https://email.eu-west-1.amazonaws.com"
        self.assertEqual(self.chosen(then=SES, MAIL_BACKEND="ses", **keys), expected)
        self.assertEqual(self.chosen(**production), "django_ses SESBackend")

    def test_unknown_kind_of_mail_is_named(self) -> None:
        self.assertIn("MAIL_BACKEND must be one of: files, console, smtp, ses", self.chosen(MAIL_BACKEND="pigeon"))
