from datetime import timedelta
from unittest.mock import patch

import time_machine
from django.core import mail
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common.people.models import User
from common.tasks import send_verification_task
from common.testing.cast import PASSWORD

from .base import NEW_PASSWORD, PeopleTestCase

ADA = "ada@example.com"
STAFF = override_settings(SUPERADMIN_EMAIL_DOMAINS=["atrium.example"])


class VerifyEmailTestCase(PeopleTestCase):
    def token(self, address: str = "ada@example.com") -> str:
        body = {"email": address, "password": "a long passphrase", "name": "Ada"}
        self.assertEqual(self.auth("register", body).status_code, 201)
        return self.mailed_token(address)

    def verify(self, token: str, **body: str) -> object:
        return self.auth("email/verify", {"token": token, **body})

    def user(self, address: str = "ada@example.com") -> User:
        return User.objects.get(email=address)


class VerifyEmailTest(VerifyEmailTestCase):
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


BOSS = "boss@atrium.example"


@STAFF
class StaffAddressTest(VerifyEmailTestCase):
    """Eve signs up with the boss's address and a password of her own. The boss has the mailbox."""

    def setUp(self) -> None:
        body = {"email": BOSS, "password": PASSWORD, "name": "Eve"}
        self.eve = self.bearer(self.auth("register", body).json())

    def is_staff(self) -> bool:
        return self.user(BOSS).is_superuser

    def assert_eve_is_out(self) -> None:
        self.assert_error(self.eve.get("/api/v1/auth/me"), 401, says="has ended")
        self.assert_error(self.auth("login", {"email": BOSS, "password": PASSWORD}), 401)

    def assert_boss_is_in(self) -> None:
        user = self.auth("login", {"email": BOSS, "password": NEW_PASSWORD}).json()["user"]
        self.assertEqual((user["is_superuser"], user["email_verified"]), (True, True))

    def test_a_click_makes_nobody_staff(self) -> None:
        token = self.mailed_token(BOSS)
        for body in ({}, {"password": ""}):
            self.assert_error(self.verify(token, **body), 400, field="password", says="Choose a new password")
        user = self.auth("login", {"email": BOSS, "password": PASSWORD}).json()["user"]
        self.assertEqual((user["is_superuser"], user["email_verified"]), (False, False))

    def test_who_has_the_mailbox_chooses_a_password_and_is_staff_alone(self) -> None:
        response = self.verify(self.mailed_token(BOSS), password=NEW_PASSWORD)
        self.assertEqual(response.status_code, 200, response.content)
        self.assertEqual((response.json()["email_verified"], response.json()["is_superuser"]), (True, True))
        self.assert_eve_is_out()
        self.assert_boss_is_in()

    def test_the_link_sets_a_password_once(self) -> None:
        token = self.mailed_token(BOSS)
        self.verify(token, password=NEW_PASSWORD)
        self.assertEqual(self.verify(token, password=PASSWORD).status_code, 200)
        self.assert_boss_is_in()

    def test_a_weak_password_changes_nothing(self) -> None:
        self.assert_error(self.verify(self.mailed_token(BOSS), password="short"), 400, field="password", says="too short")
        self.assertFalse(self.is_staff())
        self.assertEqual(self.eve.get("/api/v1/auth/me").json()["email_verified"], False)

    def test_a_reset_through_the_mailbox_does_the_same(self) -> None:
        self.auth("password/forgot", {"email": BOSS})
        self.auth("password/reset", {"token": self.mailed_token(BOSS), "password": NEW_PASSWORD})
        self.assert_eve_is_out()
        self.assert_boss_is_in()

    def test_staff_who_were_made_plain_users_stay_so(self) -> None:
        self.verify(self.mailed_token(BOSS), password=NEW_PASSWORD)
        User.objects.filter(email=BOSS).update(is_superuser=False)
        self.auth("password/forgot", {"email": BOSS})
        self.auth("password/reset", {"token": self.mailed_token(BOSS), "password": PASSWORD})
        self.assertFalse(self.is_staff())

    def test_an_invitation_that_is_accepted_with_her_password_or_session_makes_nobody_staff(self) -> None:
        for body, client in (({"password": PASSWORD}, None), ({}, self.eve)):
            with self.captureOnCommitCallbacks(execute=True):
                self.client_of(self.alice).post("/api/v1/users/", {"email": BOSS})
            accepted = self.auth("invite/accept", {"token": self.mailed_token(BOSS), **body}, client)
            self.assertEqual(accepted.status_code, 201, accepted.content)
            self.assertEqual(accepted.json()["user"]["email_verified"], False)
            self.assertFalse(self.is_staff())

    def test_who_is_new_and_comes_by_invitation_chose_the_password_through_the_mailbox(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            self.client_of(self.alice).post("/api/v1/users/", {"email": "new@atrium.example"})
        body = {"token": self.mailed_token("new@atrium.example"), "password": NEW_PASSWORD}
        user = self.auth("invite/accept", body).json()["user"]
        self.assertEqual((user["is_superuser"], user["email_verified"]), (True, True))

    def test_other_domains_make_no_staff(self) -> None:
        for address in ("ada@example.com", "a@sub.atrium.example", "b@notatrium.example", "atrium.example@example.com"):
            user = self.verify(self.token(address)).json()
            self.assertEqual((user["email_verified"], user["is_superuser"]), (True, False), address)

    def test_a_deactivated_account_becomes_nothing(self) -> None:
        User.objects.filter(email=BOSS).update(is_active=False)
        self.assert_error(self.verify(self.mailed_token(BOSS), password=NEW_PASSWORD), 400, field="token")
        self.assertFalse(self.is_staff())


class ResendTest(VerifyEmailTestCase):
    def resend(self, address: str) -> object:
        return self.auth("email/verify/resend", {"email": address})

    def test_the_link_comes_again_and_works(self) -> None:
        self.token()
        mail.outbox.clear()
        response = self.resend(" Ada@Example.com ")
        self.assertEqual(response.status_code, 200, response.content)
        self.assertEqual(set(response.json()), {"message"})
        self.assertEqual([(message.to, message.subject) for message in mail.outbox], [([ADA], "Confirm your e-mail address")])
        self.assertEqual(self.verify(self.mailed_token(ADA)).json()["email_verified"], True)

    def test_any_address_gets_the_same_answer_and_only_an_unconfirmed_account_a_mail(self) -> None:
        User.objects.filter(pk=self.max.user_id).update(is_active=False)
        User.objects.filter(pk=self.vic.user_id).update(email_verified_at=timezone.now())
        answers = [self.resend(f"{name}@example.com") for name in ("uma", "nobody", "max", "vic")]
        self.assertEqual({(answer.status_code, answer.content) for answer in answers}, {(200, answers[0].content)})
        self.assertEqual([message.to for message in mail.outbox], [["uma@example.com"]])

    def test_the_request_itself_asks_nothing_about_the_address(self) -> None:
        for address in ("uma@example.com", "nobody@example.com"):
            with patch.object(send_verification_task, "apply_async") as queue, CaptureQueriesContext(connection) as queries:
                self.resend(address)
            self.assertEqual(queue.call_args.args[0], (address,))
            self.assertEqual([query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]], [])

    def test_malformed_input_is_refused_by_field(self) -> None:
        for body, field in (({}, "email"), ({"email": "nobody"}, "email"), ({"email": ADA, "link": "https://evil"}, "link")):
            self.assert_error(self.auth("email/verify/resend", body), 400, field=field)
        self.assertEqual(mail.outbox, [])
