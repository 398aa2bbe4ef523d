"""Mail fetched from a real IMAP server."""

from typing import Any

import pytest
from django.test import override_settings
from imap_tools import AND

from cases.mailboxes import fetch_all
from cases.models import Case, Mailbox
from cases.tasks import fetch_mail_of_org
from cases.tests.test_inbound import mail
from common.tenancy import org_scope
from common.testing.committed import CommittedTestCase
from common.testing.imap_server import PASSWORD, PROGRAM, USER, ImapServer
from common.vault import reveal


@pytest.mark.skipif(PROGRAM is None, reason="dovecot is not installed")
class ImapTest(CommittedTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.server = self.enterContext(ImapServer())
        self.client = self.client_of(self.alice)
        values = {"imap_host": "127.0.0.1", "imap_port": self.server.port, "imap_security": "none", "imap_user": USER}
        made = self.client.post("/api/v1/mailboxes/", {"name": "Help", "address": USER, "imap_password": PASSWORD, **values})
        self.assertEqual(made.status_code, 201, made.content)
        self.assertNotIn(PASSWORD, made.content.decode())
        self.pk = made.json()["id"]

    def fetch(self) -> int:
        with org_scope(self.org, source="system"):
            Mailbox.objects.update(polled_at=None)
            return fetch_all()

    def mailbox(self) -> Any:
        with org_scope(self.org):
            return Mailbox.objects.get(pk=self.pk)

    def names(self) -> list[str]:
        with org_scope(self.org):
            return sorted(Case.objects.values_list("name", flat=True))

    def test_new_mail_is_taken_in_once_and_stays_in_the_mailbox(self) -> None:
        self.server.deliver(mail())
        self.server.deliver(mail("Other", subject="Öars für Zoë 🚣"))
        self.assertEqual([self.fetch(), self.fetch()], [2, 0])
        self.assertEqual(self.names(), ["The seat is loose", "Öars für Zoë 🚣"])
        with self.server.open() as box:
            self.assertEqual(len(box.uids(AND(seen=True))), 2)

    def test_a_worker_killed_before_it_marked_the_mail_finds_it_known(self) -> None:
        self.server.deliver(mail())
        self.fetch()
        with self.server.open() as box:
            box.flag(box.uids(), ["\\Seen"], False)
        self.assertEqual(self.fetch(), 1)
        self.assertEqual(self.names(), ["The seat is loose"])

    def test_two_workers_at_once(self) -> None:
        for number in range(5):
            self.server.deliver(mail(f"Text {number}", subject=f"Case {number}"))

        def work() -> int:
            with org_scope(self.org, source="system"):
                return fetch_mail_of_org()

        self.assertEqual(sorted(self.at_once(work, work)), [0, 5])
        self.assertEqual(len(self.names()), 5)

    @override_settings(MAX_MAIL_BYTES=100_000)
    def test_a_mail_too_large_is_left_flagged_and_told_of_and_the_others_are_taken(self) -> None:
        self.server.deliver(mail(subject="Huge", files=(("big.bin", b"\x01" * 200_000),)))
        self.server.deliver(mail())
        self.assertEqual(self.fetch(), 1)
        self.assertEqual(self.names(), ["The seat is loose"])
        told = self.client.get(f"/api/v1/mailboxes/{self.pk}/").json()["error"]
        self.assertIn('flagged: "Huge". A mail may have at most 100000 bytes', told)
        with self.server.open() as box:
            self.assertEqual([found.subject for found in box.fetch(AND(flagged=True), mark_seen=False)], ["Huge"])
        self.assertEqual(self.fetch(), 0)

    def test_wrong_passwords_and_dead_hosts_are_told_of(self) -> None:
        self.client.patch(f"/api/v1/mailboxes/{self.pk}/", {"imap_password": "wrong"})
        self.assertEqual(self.fetch(), 0)
        self.assertIn("AUTHENTICATIONFAILED", self.mailbox().error)
        self.client.patch(f"/api/v1/mailboxes/{self.pk}/", {"imap_port": 1})
        self.assertEqual(self.fetch(), 0)
        self.assertIn("refused", self.mailbox().error)

    def test_the_password_is_stored_encrypted_and_no_private_host_is_reached_where_that_is_forbidden(self) -> None:
        stored = self.mailbox().imap_password
        self.assertNotIn(PASSWORD, stored)
        self.assertEqual(reveal(stored), PASSWORD)
        with override_settings(IMAP_PRIVATE_HOSTS=False):
            self.assertEqual(self.fetch(), 0)
        self.assertIn("127.0.0.1 is not a public host", self.mailbox().error)
        with override_settings(SECRET_KEY="another"):
            self.fetch()
        self.assertIn("SECRET_KEY has changed", self.mailbox().error)
        with override_settings(SECRET_KEY="another", SECRET_KEY_FALLBACKS=[self.secret_key()]):
            self.fetch()
        self.assertEqual(self.mailbox().error, "")

    @staticmethod
    def secret_key() -> str:
        from django.conf import settings

        return settings.SECRET_KEY
