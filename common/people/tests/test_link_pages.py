"""The pages behind mailed links: a forgotten password, an address to confirm, an invitation."""

from datetime import timedelta

import time_machine
from django.core import mail
from django.core.cache import cache
from django.utils import timezone

from common.people import services
from common.people.models import Profile, Role, User
from common.tenancy import org_scope
from common.testing.cast import PASSWORD

from .base import NEW_PASSWORD
from .pages import Browser, PageTestCase

FORGED = ["", "nonsense", "a" * 500, "é€😀", "nul\x00", "AAAA.AAAA", f"{'A' * 43}.secret", "0" * 32 + ".c0ffee-1234"]
DEAD = "This link is not valid any more"


class ForgotAndResetTests(PageTestCase):
    def ask(self, address: str) -> str:
        with self.captureOnCommitCallbacks(execute=True):
            response = self.browser.fill("/forgot-password/", email=address)
        self.assertRedirects(response, "/login/")
        return self.browser.get("/login/").content.decode().partition("csrfmiddlewaretoken")[0]

    def test_asking_tells_nothing_of_who_has_an_account(self) -> None:
        told = self.browser.fill("/forgot-password/", email="uma@example.com")
        self.assertRedirects(told, "/login/", fetch_redirect_response=False)
        page = self.browser.get("/login/")
        self.assert_says(page, 200, "If the address has an account, a mail is on its way.")
        self.assertEqual(self.ask("uma@example.com"), self.ask("nobody@example.com"))
        self.assertEqual([message.to for message in mail.outbox], [["uma@example.com"]])

    def test_new_password_works_once_and_ends_every_session(self) -> None:
        elsewhere = self.signed_in("uma")
        self.ask("uma@example.com")
        link = f"/reset-password/?token={self.mailed_token('uma@example.com')}"
        page = self.browser.get(link)
        self.assert_says(page, 200, "Choose a new password")
        self.assertEqual(page["Referrer-Policy"], "strict-origin")
        self.assertTrue(User.objects.get(email="uma@example.com").check_password(PASSWORD), "looking changes nothing")
        values = {"token": self.mailed_token("uma@example.com"), "password": NEW_PASSWORD}
        self.assertRedirects(self.browser.send("/reset-password/", **values), "/login/")
        self.assert_signed_out(elsewhere)
        self.assertEqual(self.browser.fill("/login/", email="uma@example.com", password=PASSWORD).status_code, 400)
        self.assertEqual(self.browser.fill("/login/", email="uma@example.com", password=NEW_PASSWORD).status_code, 302)
        again = Browser()
        self.assert_says(again.get(link), 400, DEAD)
        again.get("/login/")
        self.assert_says(again.send("/reset-password/", **values), 400, DEAD)

    def test_weak_password_can_be_bettered_with_the_same_link(self) -> None:
        self.ask("uma@example.com")
        token = self.mailed_token("uma@example.com")
        response = self.browser.fill(f"/reset-password/?token={token}", token=token, password="12345678")
        self.assert_says_beside(response, "password", "too common")
        self.assertEqual(self.browser.send("/reset-password/", token=token, password=NEW_PASSWORD).status_code, 302)

    def test_link_lasts_a_day(self) -> None:
        self.ask("uma@example.com")
        link = f"/reset-password/?token={self.mailed_token('uma@example.com')}"
        with time_machine.travel(timezone.now() + timedelta(hours=23)):
            self.assertEqual(self.browser.get(link).status_code, 200)
        with time_machine.travel(timezone.now() + timedelta(hours=25)):
            self.assert_says(self.browser.get(link), 400, DEAD)

    def test_forged_links_are_dead(self) -> None:
        for page in ("reset-password", "accept-invitation"):
            for token in FORGED:
                self.assert_says(self.browser.get(f"/{page}/", data={"token": token}), 400, DEAD)
                self.browser.get("/login/")
                values = {"token": token, "password": NEW_PASSWORD, "name": "Eve"}
                self.assert_says(self.browser.send(f"/{page}/", **values), 400, DEAD)
        self.assertFalse(User.objects.filter(name="Eve").exists())

    def test_asking_too_often_waits(self) -> None:
        cache.clear()
        with self.settings(RATE_LIMIT_FACTOR=1):
            codes = [self.browser.fill("/forgot-password/", email="uma@example.com").status_code for _ in range(11)]
        self.assertEqual(codes, [302] * 10 + [429])


class VerifyTests(PageTestCase):
    def setUp(self) -> None:
        super().setUp()
        with self.captureOnCommitCallbacks(execute=True):
            services.send_verification(self.uma.user)
        self.token = self.mailed_token("uma@example.com")

    def verified(self) -> bool:
        return User.objects.get(pk=self.uma.user_id).email_verified_at is not None

    def test_only_the_button_confirms(self) -> None:
        page = self.browser.get(f"/verify-email/?token={self.token}")
        self.assert_says(page, 200, "Confirm your address")
        self.assertFalse(self.verified())
        self.assertRedirects(self.browser.send("/verify-email/", token=self.token), "/login/")
        self.assertTrue(self.verified())

    def test_who_is_signed_in_goes_on_working(self) -> None:
        browser = self.signed_in("uma")
        self.assertContains(browser.get("/app/"), "Please confirm your address")
        self.assertRedirects(browser.fill(f"/verify-email/?token={self.token}", token=self.token), "/app/")
        self.assertNotContains(browser.get("/app/"), "Please confirm your address")

    def test_forged_and_old_links_confirm_nothing(self) -> None:
        for token in [*FORGED, self.token[:-1], self.token.swapcase()]:
            self.browser.get("/login/")
            self.assert_says(self.browser.send("/verify-email/", token=token), 400, DEAD)
        with time_machine.travel(timezone.now() + timedelta(days=15)):
            self.assert_says(self.browser.get(f"/verify-email/?token={self.token}"), 400, DEAD, "have a new link sent")
            self.browser.get("/login/")
            self.assert_says(self.browser.send("/verify-email/", token=self.token), 400, DEAD)
        self.assertFalse(self.verified())

    def test_address_of_the_platforms_staff_takes_a_new_password(self) -> None:
        eve = self.signed_in("uma")
        with self.settings(SUPERADMIN_EMAIL_DOMAINS=["example.com"]):
            page = self.browser.get(f"/verify-email/?token={self.token}")
            self.assert_says(page, 200, "Choose a new password", "signed out everywhere")
            response = self.browser.send("/verify-email/", token=self.token)
            self.assert_says_beside(response, "password", "required")
            response = self.browser.send("/verify-email/", token=self.token, password="12345678")
            self.assert_says_beside(response, "password", "too common")
            self.assertFalse(self.verified())
            response = self.browser.send("/verify-email/", token=self.token, password=NEW_PASSWORD)
            self.assertRedirects(response, "/login/")
        user = User.objects.get(pk=self.uma.user_id)
        self.assertEqual((user.is_superuser, user.check_password(NEW_PASSWORD), self.verified()), (True, True, True))
        self.assert_signed_out(eve)
        self.assertNotContains(self.browser.get(f"/verify-email/?token={self.token}"), "password")


class InvitationTests(PageTestCase):
    def invite(self, address: str, role: str = "user") -> str:
        """The token of an invitation by Alice."""
        with org_scope(self.alice), self.captureOnCommitCallbacks(execute=True):
            services.invite(email=address, role=Role.objects.get(name=role), invited_by=self.alice)
        return self.mailed_token(address)

    def role_of(self, address: str) -> str | None:
        with org_scope(self.org):
            return Profile.objects.filter(user__email=address, is_active=True).values_list("role__name", flat=True).first()

    def open(self, token: str, browser: Browser | None = None) -> Browser:
        browser = browser or self.browser
        browser.get(f"/accept-invitation/?token={token}")
        return browser

    def test_new_person_gives_name_and_password(self) -> None:
        token = self.invite("new@example.com", "manager")
        page = self.open(token).page
        self.assert_says(page, 200, "Alice invites you to join Ours as manager", "new@example.com", "Your name")
        self.assertEqual(page["Referrer-Policy"], "strict-origin")
        self.assertFalse(User.objects.filter(email="new@example.com").exists())
        response = self.browser.send("/accept-invitation/", token=token, name="Nell", password=NEW_PASSWORD)
        self.assertRedirects(response, "/app/")
        self.assertEqual(self.role_of("new@example.com"), "manager")
        self.assert_signed_in(self.browser, "Ours")

    def test_new_person_with_a_weak_password_or_no_name_is_told_so(self) -> None:
        token = self.invite("new@example.com")
        self.open(token)
        response = self.browser.send("/accept-invitation/", token=token, name="Nell", password="new@example.com")
        self.assert_says_beside(response, "password", "too similar")
        response = self.browser.send("/accept-invitation/", token=token, name=" ", password=NEW_PASSWORD)
        self.assert_says_beside(response, "name", "required")
        self.assertFalse(User.objects.filter(email="new@example.com").exists())

    def test_owner_of_an_account_gives_their_password(self) -> None:
        token = self.invite("mallory@example.com")
        page = self.open(token).page
        self.assertNotContains(page, "Your name")
        response = self.browser.send("/accept-invitation/", token=token, password="wrong password")
        self.assert_says_beside(response, "password", "Give the password of your account")
        self.assertIsNone(self.role_of("mallory@example.com"))
        self.assertEqual(self.browser.send("/accept-invitation/", token=token, password=PASSWORD).status_code, 302)
        self.assertEqual(self.role_of("mallory@example.com"), "user")
        self.assert_says(self.browser.get("/app/"), 200, "Welcome to Ours", "Theirs")

    def test_owner_who_is_signed_in_presses_a_button(self) -> None:
        token = self.invite("mallory@example.com")
        browser = self.open(token, self.signed_in("mallory"))
        self.assertNotContains(browser.page, 'type="password"')
        self.assertRedirects(browser.send("/accept-invitation/", token=token), "/app/")
        self.assert_says(browser.get("/app/"), 200, "Ours")

    def test_somebody_else_who_is_signed_in_cannot_accept(self) -> None:
        token = self.invite("new@example.com")
        browser = self.open(token, self.signed_in("mallory"))
        self.assert_says(browser.page, 200, "This invitation is somebody else’s", "new@example.com", "mallory@example.com")
        response = browser.send("/accept-invitation/", token=token, name="Mallory", password=NEW_PASSWORD)
        self.assert_says(response, 409, "somebody else’s")
        self.assertIsNone(self.role_of("mallory@example.com"))
        self.assertFalse(User.objects.filter(email="new@example.com").exists())
        response = browser.send("/logout/", next=f"/accept-invitation/?token={token}")
        self.assertRedirects(response, f"/accept-invitation/?token={token}")

    def test_invitation_is_accepted_once(self) -> None:
        token = self.invite("new@example.com")
        self.open(token).send("/accept-invitation/", token=token, name="Nell", password=NEW_PASSWORD)
        thief = Browser()
        self.assert_says(self.open(token, thief).page, 400, DEAD)
        thief.get("/login/")
        self.assert_says(thief.send("/accept-invitation/", token=token, password=NEW_PASSWORD), 400, DEAD)
        self.assert_signed_out(thief)

    def test_newer_invitation_replaces_the_older_one_and_each_ends_after_a_week(self) -> None:
        first, second = self.invite("new@example.com"), self.invite("new@example.com")
        self.assert_says(self.open(first).page, 400, DEAD)
        self.assertEqual(self.open(second).page.status_code, 200)
        with time_machine.travel(timezone.now() + timedelta(days=8)):
            self.assert_says(self.open(second).page, 400, DEAD)

    def test_guessing_a_password_here_is_slowed_like_at_sign_in(self) -> None:
        token = self.invite("mallory@example.com")
        cache.clear()
        with self.settings(RATE_LIMIT_FACTOR=1):
            for _ in range(4):
                self.open(token).send("/accept-invitation/", token=token, password="wrong password")
            here = self.open(token).send("/accept-invitation/", token=token, password=PASSWORD)
            there = Browser().fill("/login/", email="mallory@example.com", password=PASSWORD)
        self.assert_says(here, 429, "Too many tries.")
        self.assertEqual(there.status_code, 429)
        self.assertIsNone(self.role_of("mallory@example.com"))

    def test_names_in_an_invitation_are_text(self) -> None:
        User.objects.filter(pk=self.alice.user_id).update(name="<img src=x onerror=alert(1)>")
        page = self.open(self.invite("new@example.com")).page
        self.assertContains(page, "&lt;img src=x onerror=alert(1)&gt;")
        self.assertNotContains(page, "<img src=x")

    def test_invitation_of_the_platforms_staff_names_nobody(self) -> None:
        with org_scope(self.org), self.captureOnCommitCallbacks(execute=True):
            services.invite(email="new@example.com", role=Role.objects.get(name="user"), invited_by=self.alice)
        page = self.open(self.mailed_token("new@example.com")).page
        self.assert_says(page, 200, "You are invited to join Ours as user")
