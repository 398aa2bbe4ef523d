from datetime import timedelta
from unittest.mock import patch

import time_machine
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common.people.models import OutgoingMail, User
from common.tasks import send_password_reset_task
from common.testing.cast import PASSWORD

from .base import NEW_PASSWORD, PeopleTestCase


class ForgotPasswordTest(PeopleTestCase):
    def forgot(self, address: str) -> object:
        return self.auth("password/forgot", {"email": address})

    def reset(self, token: str, password: str = NEW_PASSWORD) -> object:
        return self.auth("password/reset", {"token": token, "password": password})

    def token(self) -> str:
        self.forgot("uma@example.com")
        return self.mailed_token("uma@example.com")

    def test_any_address_gets_the_same_answer_and_only_an_account_gets_a_mail(self) -> None:
        User.objects.filter(pk=self.max.user_id).update(is_active=False)
        known = self.forgot("UMA@example.com")
        self.assertEqual(known.status_code, 200, known.content)
        for address in ("nobody@example.com", "max@example.com"):
            answer = self.forgot(address)
            self.assertEqual((answer.status_code, answer.json()), (known.status_code, known.json()))
        self.assertEqual([message.to for message in mail.outbox], [["uma@example.com"]])

    def test_the_request_itself_does_the_same_for_any_address(self) -> None:
        """What depends on the account is done by a task, when a worker gets to it."""
        for address in ("uma@example.com", "nobody@example.com"):
            with patch.object(send_password_reset_task, "apply_async") as queue, CaptureQueriesContext(connection) as queries:
                self.forgot(address)
            self.assertEqual(queue.call_args.args[0], (address,))
            self.assertEqual([query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]], [])
        self.assertFalse(OutgoingMail.objects.exists())

    def test_the_mailed_token_sets_a_new_password(self) -> None:
        response = self.reset(self.token())
        self.assertEqual(response.status_code, 200, response.content)
        self.assertEqual(self.login("uma", NEW_PASSWORD).status_code, 200)
        self.assert_error(self.login("uma"), 401)

    def test_it_works_once(self) -> None:
        token = self.token()
        self.reset(token)
        self.assert_error(self.reset(token, PASSWORD), 400, field="token")
        self.assertEqual(self.login("uma", NEW_PASSWORD).status_code, 200)

    def test_a_change_of_password_spoils_it(self) -> None:
        token = self.token()
        self.auth("password/change", {"old_password": PASSWORD, "password": NEW_PASSWORD}, self.client_of(self.uma))
        self.assert_error(self.reset(token, PASSWORD), 400, field="token")

    def test_it_expires_after_a_day(self) -> None:
        token = self.token()
        with time_machine.travel(timezone.now() + timedelta(hours=24, seconds=2)):
            self.assert_error(self.reset(token), 400, field="token", says="not valid any more")
        self.assertEqual(self.reset(token).status_code, 200)

    def test_it_ends_every_session(self) -> None:
        pair = self.login("uma").json()
        others = self.login("max").json()
        self.reset(self.token())
        self.assert_error(self.bearer(pair).get("/api/v1/leads/"), 401, says="has ended")
        self.assert_error(self.auth("refresh-token", {"refresh_token": pair["refresh_token"]}), 401)
        self.assertEqual(self.bearer(others).get("/api/v1/leads/").status_code, 200)

    def test_it_shows_that_the_address_is_ones_own(self) -> None:
        self.reset(self.token())
        self.assertIs(self.login("uma", NEW_PASSWORD).json()["user"]["email_verified"], True)

    def test_a_weak_password_is_refused_and_the_token_still_works(self) -> None:
        token = self.token()
        for password in ("short", "password123", "uma@example.com"):
            self.assert_error(self.reset(token, password), 400, field="password")
        self.assertEqual(self.reset(token).status_code, 200)

    def test_another_persons_or_a_made_up_token_is_refused(self) -> None:
        _, _, secret = self.token().partition(".")
        for token in (f"{self.max.user_id.hex}.{secret}", "nonsense", f"{self.max.user_id.hex}.", ".", f"{self.uma.user_id}.é"):
            self.assert_error(self.reset(token), 400, field="token")
        self.assertEqual(self.login("max").status_code, 200)

    def test_a_deactivated_account_stays_out(self) -> None:
        token = self.token()
        User.objects.filter(pk=self.uma.user_id).update(is_active=False)
        self.assert_error(self.reset(token), 400, field="token")

    def test_the_sent_mail_keeps_no_token(self) -> None:
        token = self.token()
        sent = OutgoingMail.objects.get(to="uma@example.com")
        self.assertIsNotNone(sent.sent_at)
        self.assertNotIn(token, sent.text + sent.html)


class ChangePasswordTest(PeopleTestCase):
    def setUp(self) -> None:
        self.pair = self.login("uma").json()

    def change(self, old: str = PASSWORD, new: str = NEW_PASSWORD, **extra: object) -> object:
        return self.auth("password/change", {"old_password": old, "password": new, **extra}, self.bearer(self.pair))

    def test_it_ends_other_sessions_and_keeps_this_one(self) -> None:
        other = self.login("uma").json()
        response = self.change()
        self.assertEqual(response.status_code, 200, response.content)
        self.assertEqual(self.bearer(self.pair).get("/api/v1/leads/").status_code, 200)
        self.assertEqual(self.auth("refresh-token", {"refresh_token": self.pair["refresh_token"]}).status_code, 200)
        self.assert_error(self.bearer(other).get("/api/v1/leads/"), 401)
        self.assert_error(self.auth("refresh-token", {"refresh_token": other["refresh_token"]}), 401)
        self.assertEqual(self.login("uma", NEW_PASSWORD).status_code, 200)
        self.assert_error(self.login("uma"), 401)

    def test_the_old_password_is_needed(self) -> None:
        self.assert_error(self.change(old="not the password"), 400, field="old_password")
        self.assertEqual(self.login("uma").status_code, 200)

    def test_a_weak_password_is_refused(self) -> None:
        for password in ("short", "password123", "uma@example.com"):
            self.assert_error(self.change(new=password), 400, field="password")
        self.assertEqual(self.login("uma").status_code, 200)

    def test_nobody_names_another_account(self) -> None:
        self.assert_error(self.change(user=str(self.max.user_id)), 400, field="user")

    def test_a_stranger_is_refused(self) -> None:
        body = {"old_password": PASSWORD, "password": NEW_PASSWORD}
        self.assert_error(self.auth("password/change", body), 401)
