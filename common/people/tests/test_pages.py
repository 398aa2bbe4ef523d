"""The pages of sign-up, sign-in and sign-out, as a browser without scripts uses them."""

from django.core.cache import cache
from django.test import Client

from common.people.models import Org, User
from common.people.workspaces import memberships
from common.testing.cast import PASSWORD

from .pages import Browser, PageTestCase

NEW = {"name": "Ada Byron", "email": "Ada@Engines.test", "org_name": "Engines Ltd", "password": "a long passphrase"}
HOSTILE = [
    "https://evil.test/",
    "//evil.test/",
    "/\\evil.test",
    "///evil.test",
    "javascript:evil()",
    "http:evil.test",
    "\t//evil",
    "evil/",
]


class HomeTests(PageTestCase):
    def test_start_page_leads_to_everything(self) -> None:
        response = self.browser.get("/")
        self.assert_says(response, 200, "Atrium is a CRM for teams")
        for path in ("/signup/", "/login/", "/swagger-ui/"):
            self.assertContains(response, f'href="{path}"')

    def test_start_page_sends_who_is_signed_in_to_their_work(self) -> None:
        browser = self.signed_in("uma")
        self.assertRedirects(browser.get("/"), "/app/")

    def test_pages_have_nothing_inline_and_nothing_from_elsewhere(self) -> None:
        browser = self.signed_in("alice")
        stranger = ["/", "/signup/", "/login/", "/forgot-password/", "/reset-password/", "/accept-invitation/", "/nowhere/"]
        pages = [self.browser.get(path) for path in stranger]
        pages += [browser.get(path) for path in ("/app/", "/app/switch/", "/app/invite/")]
        for page in pages:
            html = page.content.decode()
            self.assertNotRegex(html, r"<script|<style|\sstyle=|\son\w+=|(src|href)=\"(https?:)?//", page.request["PATH_INFO"])
            self.assertIn("default-src 'self'", page["Content-Security-Policy"])
            self.assertNotIn("unsafe", page["Content-Security-Policy"])

    def test_unknown_page_is_a_page_with_a_request_id(self) -> None:
        response = self.browser.get("/nowhere/")
        self.assertContains(response, "There is nothing here", status_code=404)
        self.assertContains(response, response["X-Request-ID"], status_code=404)

    def test_error_page_asks_the_database_nothing(self) -> None:
        browser = self.signed_in("uma")
        with self.assertNumQueries(0):
            self.assertEqual(browser.get("/nowhere/").status_code, 404)

    def test_forms_without_a_csrf_token_are_refused(self) -> None:
        paths = ("signup", "login", "logout", "forgot-password", "reset-password", "verify-email", "accept-invitation")
        for path in (*paths, "app/invite", "app/switch"):
            response = Client(enforce_csrf_checks=True).post(f"/{path}/", NEW)
            self.assertContains(response, "This form has expired", status_code=403)
        self.assertFalse(User.objects.filter(name="Ada Byron").exists())

    def test_only_get_and_post_are_answered(self) -> None:
        for path in ("/signup/", "/login/", "/reset-password/"):
            self.assertEqual(Client().put(path).status_code, 405)
        self.assertEqual(Client().get("/logout/").status_code, 405)


class SignUpTests(PageTestCase):
    def test_signing_up_makes_account_and_organization_and_signs_in(self) -> None:
        self.assertRedirects(self.browser.fill("/signup/", **NEW), "/app/")
        user = User.objects.get(email="ada@engines.test")
        [profile] = memberships(user)
        self.assertEqual((user.name, profile.org.name, profile.role.name), ("Ada Byron", "Engines Ltd", "admin"))
        self.assert_signed_in(self.browser, "Engines Ltd")
        self.assertRedirects(self.browser.get("/signup/"), "/app/")

    def test_taken_address_in_another_case_is_a_conflict(self) -> None:
        response = self.browser.fill("/signup/", **{**NEW, "email": "ALICE@example.com"})
        self.assert_says(response, 409, "This e-mail address has an account already.")
        self.assertFalse(Org.objects.filter(name="Engines Ltd").exists())
        self.assert_signed_out(self.browser)

    def test_weak_passwords_are_refused_beside_the_field_and_not_sent_back(self) -> None:
        for weak in ("short", "password123", "ada@engines.test"):
            response = self.browser.fill("/signup/", **{**NEW, "password": weak})
            self.assertEqual(response.status_code, 400)
            self.assert_says_beside(response, "password", "too ")
            self.assertNotRegex(response.content.decode(), r'type="password"[^>]* value=')
        self.assertFalse(User.objects.filter(email="ada@engines.test").exists())

    def test_bad_values_are_named_and_the_rest_is_kept(self) -> None:
        bad = {
            "name": [" ", "x" * 151, "nul\x00"],
            "email": ["", "not an address", "a" * 250 + "@example.com"],
            "org_name": ["\n", "x" * 151],
            "password": ["", "x" * 129],
        }
        for field, values in bad.items():
            for value in values:
                response = self.browser.fill("/signup/", **{**NEW, field: value})
                self.assertEqual(response.status_code, 400, (field, value))
                self.assert_says_beside(response, field, "")
                if field != "name":
                    self.assertContains(response, 'value="Ada Byron"', status_code=400)
        self.assertFalse(Org.objects.filter(name="Engines Ltd").exists())

    def test_names_become_one_line_and_html_in_them_is_text(self) -> None:
        values = {**NEW, "name": "Ada\r\nBcc: eve@evil.test", "org_name": "<b>Engines</b> 🚂 مرحبا"}
        with self.captureOnCommitCallbacks(execute=True):
            self.assertRedirects(self.browser.fill("/signup/", **values), "/app/")
        self.assertEqual(User.objects.get(email="ada@engines.test").name, "Ada Bcc: eve@evil.test")
        self.assertContains(self.browser.get("/app/"), "&lt;b&gt;Engines&lt;/b&gt; 🚂 مرحبا")

    def test_too_many_sign_ups_for_an_address_wait(self) -> None:
        cache.clear()
        with self.settings(RATE_LIMIT_FACTOR=1):
            for _ in range(10):
                self.assertEqual(self.browser.fill("/signup/", **{**NEW, "email": "alice@example.com"}).status_code, 409)
            response = self.browser.fill("/signup/", **{**NEW, "email": "alice@example.com"})
        self.assert_says(response, 429, "Too many tries. Please wait 60 seconds")
        self.assertEqual(response["Retry-After"], "60")


class SignInTests(PageTestCase):
    def test_signing_in_leads_to_the_organization(self) -> None:
        self.assertRedirects(self.browser.fill("/login/", email="UMA@example.com ", password=PASSWORD), "/app/")
        self.assert_signed_in(self.browser, "Ours")
        self.assertRedirects(self.browser.get("/login/"), "/app/")

    def test_a_new_session_key_is_given_at_sign_in(self) -> None:
        session = self.browser.client.session
        session["before"] = "sign-in"
        session.save()
        self.browser.fill("/login/", email="uma@example.com", password=PASSWORD)
        self.assertNotEqual(self.browser.client.session.session_key, session.session_key)

    def test_wrong_password_and_unknown_address_get_the_same_page(self) -> None:
        answers = []
        for address in ("uma@example.com", "nobody@example.com"):
            response = self.browser.fill("/login/", email=address, password="wrong password")
            self.assert_says(response, 400, "The e-mail address or the password is wrong.")
            html = response.content.decode().replace(address, "")
            answers.append(html[html.index("<main") :].partition("csrfmiddlewaretoken")[2].partition(">")[2])
        self.assertEqual(*answers)
        self.assert_signed_out(self.browser)

    def test_deactivated_account_cannot_sign_in_and_is_out_at_once(self) -> None:
        browser = self.signed_in("uma")
        User.objects.filter(pk=self.uma.user_id).update(is_active=False)
        self.assert_signed_out(browser)
        self.assertEqual(self.browser.fill("/login/", email="uma@example.com", password=PASSWORD).status_code, 400)

    def test_next_is_honoured_on_this_site_only(self) -> None:
        for path in ("/admin/", "/app/switch/", "/app/?a=1&b=2"):
            browser = Browser()
            browser.get("/login/", data={"next": path})
            self.assertContains(browser.page, 'name="next"')
            response = browser.send("/login/", email="alice@example.com", password=PASSWORD, next=path)
            self.assertRedirects(response, path, fetch_redirect_response=False)
        for path in HOSTILE:
            browser = Browser()
            self.assertNotIn("evil", browser.get("/login/", data={"next": path}).content.decode())
            response = browser.send("/login/", email="alice@example.com", password=PASSWORD, next=path)
            self.assertRedirects(response, "/app/", fetch_redirect_response=False)

    def test_a_page_that_refuses_somebody_does_not_send_them_round_in_circles(self) -> None:
        browser = self.signed_in("uma")
        response = browser.get("/login/?next=/admin/")
        self.assert_says(response, 200, "You are signed in as uma@example.com. Sign in as somebody else")
        response = browser.send("/login/", email="alice@example.com", password=PASSWORD, next="/admin/")
        self.assertRedirects(response, "/admin/", fetch_redirect_response=False)
        self.assertContains(browser.get("/app/"), "alice@example.com")

    def test_wrong_passwords_are_slowed_down_and_then_the_right_one_waits_too(self) -> None:
        cache.clear()
        with self.settings(RATE_LIMIT_FACTOR=1):
            for _ in range(4):
                self.assertEqual(self.browser.fill("/login/", email="uma@example.com", password="wrong").status_code, 400)
            response = self.browser.fill("/login/", email="uma@example.com", password=PASSWORD)
            other = Browser().fill("/login/", email="max@example.com", password=PASSWORD)
        self.assert_says(response, 429, "Too many tries.")
        self.assertIn(int(response["Retry-After"]), (1, 2))
        self.assertEqual(other.status_code, 302)
        self.assert_signed_out(self.browser)

    def test_signing_out_ends_the_session(self) -> None:
        browser = self.signed_in("uma")
        kept = browser.client.cookies["sessionid"].value
        browser.get("/app/")
        self.assertRedirects(browser.send("/logout/"), "/login/")
        self.assert_signed_out(browser)
        thief = Browser()
        thief.client.cookies["sessionid"] = kept
        self.assert_signed_out(thief)

    def test_signing_out_goes_on_to_pages_of_this_site_only(self) -> None:
        for path, ends in (("/accept-invitation/?token=x", "/accept-invitation/?token=x"), ("//evil.test/", "/login/")):
            browser = self.signed_in("uma")
            browser.get("/app/")
            self.assertRedirects(browser.send("/logout/", next=path), ends, fetch_redirect_response=False)
