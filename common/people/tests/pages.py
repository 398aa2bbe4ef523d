"""What tests of pages share: a browser that keeps cookies, and whose forms carry the token that each page gave."""

import re
from typing import Any

from django.test import Client

from common.testing.cast import PASSWORD

from .base import PeopleTestCase

CSRF = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
TAGS = re.compile(r"<[^>]+>")


class Browser:
    def __init__(self) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.page: Any = None

    def get(self, path: str, **options: Any) -> Any:
        self.page = self.client.get(path, **options)
        return self.page

    def send(self, path: str, **values: Any) -> Any:
        """Send a form of the page that was opened last."""
        found = CSRF.search(self.page.content.decode())
        assert found, self.page.content
        self.page = self.client.post(path, {"csrfmiddlewaretoken": found[1], **values})
        return self.page

    def fill(self, path: str, **values: Any) -> Any:
        """Open a page and send its form."""
        self.get(path)
        return self.send(path.partition("?")[0], **values)


def words(response: Any) -> str:
    """What a page says, without its tags."""
    return " ".join(TAGS.sub(" ", response.content.decode()).split())


class PageTestCase(PeopleTestCase):
    def setUp(self) -> None:
        self.browser = Browser()

    def signed_in(self, name: str) -> Browser:
        browser = Browser()
        response = browser.fill("/login/", email=f"{name}@example.com", password=PASSWORD)
        self.assertRedirects(response, "/app/", fetch_redirect_response=False)
        return browser

    def assert_says(self, response: Any, code: int, *texts: str) -> None:
        said = words(response)
        self.assertEqual(response.status_code, code, said)
        self.assertEqual(response["Content-Type"], "text/html; charset=utf-8")
        self.assertIn("no-store", response["Cache-Control"])
        for text in texts:
            self.assertIn(text, said)

    def assert_says_beside(self, response: Any, field: str, text: str) -> None:
        """The text is the error of a field, and the field is tied to it for who cannot see the page."""
        html = response.content.decode()
        self.assertRegex(html, rf'<ul class="errorlist" id="id_{field}_error"><li>[^<]*{re.escape(text)}')
        self.assertRegex(html, rf'<input[^>]* name="{field}"[^>]*aria-invalid="true"[^>]*aria-describedby="[^"]*id_{field}_error')

    def assert_signed_in(self, browser: Browser, org: str) -> None:
        self.assert_says(browser.get("/app/"), 200, org)

    def assert_signed_out(self, browser: Browser) -> None:
        self.assertRedirects(browser.get("/app/"), "/login/?next=/app/", fetch_redirect_response=False)
