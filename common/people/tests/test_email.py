from datetime import timedelta

import time_machine
from django.test import override_settings
from django.utils import timezone

from common.people.models import User

from .base import PeopleTestCase

STAFF = override_settings(SUPERADMIN_EMAIL_DOMAINS=["atrium.example"])


class VerifyEmailTest(PeopleTestCase):
    def token(self, address: str = "ada@example.com") -> str:
        body = {"email": address, "password": "a long passphrase", "name": "Ada"}
        self.assertEqual(self.auth("register", body).status_code, 201)
        return self.mailed_token(address)

    def verify(self, token: str) -> object:
        return self.auth("email/verify", {"token": token})

    def user(self, address: str = "ada@example.com") -> User:
        return User.objects.get(email=address)

    def test_the_mailed_token_verifies_the_address(self) -> None:
        token = self.token()
        self.assertIsNone(self.user().email_verified_at)
        response = self.verify(token)
        self.assertEqual(response.status_code, 200, response.content)
        self.assertEqual((response.json()["email"], response.json()["email_verified"]), ("ada@example.com", True))
        self.assertIsNotNone(self.user().email_verified_at)

    def test_a_second_time_changes_nothing(self) -> None:
        token = self.token()
        self.verify(token)
        first = self.user().email_verified_at
        self.assertEqual(self.verify(token).status_code, 200)
        self.assertEqual(self.user().email_verified_at, first)

    def test_it_expires_after_two_weeks(self) -> None:
        token = self.token()
        with time_machine.travel(timezone.now() + timedelta(days=14, seconds=2)):
            self.assert_error(self.verify(token), 400, field="token", says="not valid any more")
        self.assertIsNone(self.user().email_verified_at)

    def test_it_is_for_one_address(self) -> None:
        token = self.token()
        User.objects.filter(email="ada@example.com").update(email="new@example.com")
        self.assert_error(self.verify(token), 400, field="token")

    def test_a_made_up_token_is_refused(self) -> None:
        token = self.token()
        for bad in ("nonsense", token[:-1] + ("a" if token[-1] != "a" else "b"), f"{token}x", "é:é:é"):
            self.assert_error(self.verify(bad), 400, field="token")

    def test_a_long_address_can_be_verified(self) -> None:
        address = f"{'x' * 64}@{'d' * 60}.{'e' * 60}.{'f' * 60}.com"
        self.assertEqual(self.verify(self.token(address)).status_code, 200)

    def test_nobody_becomes_staff_of_the_platform_by_default(self) -> None:
        self.verify(self.token("ada@atrium.example"))
        self.assertFalse(self.user("ada@atrium.example").is_superuser)

    @STAFF
    def test_a_verified_address_of_a_platform_domain_becomes_staff(self) -> None:
        token = self.token("ada@atrium.example")
        self.assertFalse(self.user("ada@atrium.example").is_superuser)
        self.verify(token)
        self.assertTrue(self.user("ada@atrium.example").is_superuser)

    @STAFF
    def test_other_domains_do_not(self) -> None:
        for address in ("ada@example.com", "a@sub.atrium.example", "b@notatrium.example", "atrium.example@example.com"):
            self.verify(self.token(address))
            self.assertFalse(self.user(address).is_superuser, address)

    @STAFF
    def test_a_deactivated_account_does_not(self) -> None:
        token = self.token("ada@atrium.example")
        User.objects.filter(email="ada@atrium.example").update(is_active=False)
        self.assert_error(self.verify(token), 400, field="token")
        self.assertFalse(self.user("ada@atrium.example").is_superuser)
