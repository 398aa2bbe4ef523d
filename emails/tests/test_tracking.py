"""Openings and clicks are noticed where that is wanted; the addresses for it lead nowhere else."""

import re
from typing import Any

from django.conf import settings
from django.test import Client

from common.tenancy import org_scope
from emails.models import Email
from emails.tests.cases import MailTestCase
from emails.tracking import token_of

HTML = (
    '<p>See <a href="https://kayaks.example/list?a=1&amp;b=2">the list</a>, <a href="mailto:a@x.example">write</a> or '
    '<a href="HTTP://old.example/">the old one</a></p>'
)


class TrackingTest(MailTestCase):
    def html_of(self, server: Any) -> str:
        return self.parts(server.taken[0][2])["text/html"]

    def visit(self, url: str, method: str = "get") -> Any:
        self.assertTrue(url.startswith(settings.DOMAIN_NAME), url)
        return getattr(Client(), method)(url.removeprefix(settings.DOMAIN_NAME))

    def counts(self, pk: str) -> tuple[int, int]:
        shown = self.shown(pk)
        return shown["opened_count"], shown["clicked_count"]

    def test_opening_and_clicking_count(self) -> None:
        pk, server = self.sent(body_html=HTML)
        html = self.html_of(server)
        [pixel] = re.findall(r'<img src="([^"]+)"', html)
        links = re.findall(r'href="(http[^"]+)"', html)
        self.assertEqual(len(links), 2)
        opened = self.visit(pixel)
        self.assertEqual((opened.status_code, opened["Content-Type"]), (200, "image/gif"))
        self.assertIn("no-store", opened["Cache-Control"])
        targets = [self.visit(link) for link in links]
        self.assertEqual([answer.status_code for answer in targets], [302, 302])
        self.assertEqual(
            [answer["Location"] for answer in targets], ["https://kayaks.example/list?a=1&b=2", "HTTP://old.example/"]
        )
        self.visit(pixel, "head"), self.visit(links[0], "head")
        self.assertEqual(self.counts(pk), (1, 2))
        self.assertTrue(self.shown(pk)["opened_at"] and self.shown(pk)["clicked_at"])
        self.assertIn('href="mailto:a@x.example"', html)

    def test_links_of_a_plain_text_are_tracked_in_its_html_only(self) -> None:
        pk, server = self.sent()
        texts = self.parts(server.taken[0][2])
        self.assertIn("https://kayaks.example/list?a=1&b=2", texts["text/plain"])
        self.assertNotIn("/mail/link/", texts["text/plain"])
        [link] = re.findall(r'href="(http[^"]+)"', texts["text/html"])
        self.assertEqual(self.visit(link)["Location"], "https://kayaks.example/list?a=1&b=2")

    def test_off_for_one_mail_or_for_the_organization_means_no_trace_of_it(self) -> None:
        _, server = self.sent(body_html=HTML, with_tracking=False)
        self.assert_untracked(server)
        self.api.patch("/api/v1/emails/settings/", {"with_tracking": False})
        _, server = self.sent(body_html=HTML)
        self.assert_untracked(server)
        _, server = self.sent(body_html=HTML, with_tracking=True)
        self.assertIn("/mail/opened/", self.html_of(server))

    def assert_untracked(self, server: Any) -> None:
        html = self.html_of(server)
        self.assertNotIn(settings.DOMAIN_NAME, html)
        self.assertNotIn("<img", html)
        self.assertIn('href="https://kayaks.example/list?a=1&amp;b=2"', html)

    def test_addresses_that_we_did_not_make_lead_nowhere(self) -> None:
        pk, _ = self.sent(body_html=HTML)
        mail = self.row(pk)
        good = token_of(mail, 0)
        with org_scope(self.other):
            stranger = Email(pk=mail.pk, org_id=self.other.pk)
        draft = self.row(self.write(body_html=HTML))
        for token in (
            good[:-1] + ("A" if good[-1] != "A" else "B"), good + "x", "x", "a:b", "https://evil.example",
            token_of(mail, 2), token_of(mail, -1), token_of(mail), token_of(stranger, 0), token_of(draft, 0),
        ):  # fmt: skip
            with self.subTest(token):
                self.assertEqual(Client().get(f"/mail/link/{token}/").status_code, 404)
        self.assertEqual(Client().get(f"/mail/opened/{good}/").status_code, 404)
        self.assertEqual(self.counts(pk), (0, 0))

    def test_previews_are_not_counted_and_hold_the_signature(self) -> None:
        self.api.patch("/api/v1/emails/signature/", {"text": "Alice, Ours"})
        pk = self.write(body_html=HTML)
        shown = self.api.get(f"/api/v1/emails/{pk}/preview/").json()
        self.assertIn("Alice, Ours", shown["body_html"])
        self.assertIn("-- \nAlice, Ours", shown["body_text"])
        self.assertNotIn("/mail/", shown["body_html"])

    def test_counting_leaves_no_line_in_the_history(self) -> None:
        pk, server = self.sent(body_html=HTML)
        before = self.api.get(f"/api/v1/emails/{pk}/history/").json()["count"]
        self.visit(re.findall(r'<img src="([^"]+)"', self.html_of(server))[0])
        self.assertEqual(self.api.get(f"/api/v1/emails/{pk}/history/").json()["count"], before)
