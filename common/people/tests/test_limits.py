from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import RequestFactory, SimpleTestCase, override_settings
from django.utils import timezone

from common.people.attempts import source_of
from common.people.models import User
from common.testing.cast import PASSWORD

from .base import NEW_PASSWORD, PeopleTestCase


@pytest.fixture(autouse=True)
def limited(settings: Any) -> None:
    settings.RATE_LIMIT_FACTOR = 1
    cache.clear()


class LimitsTestCase(PeopleTestCase):
    source = "192.0.2.1"

    def auth(self, path: str, body: Any, client: Any = None) -> Any:
        client = client or self.client_of(None)
        client.defaults["REMOTE_ADDR"] = self.source
        return super().auth(path, body, client)

    def wrong(self, times: int, name: str = "uma") -> list[int]:
        return [self.login(name, "not the password").status_code for _ in range(times)]

    def later(self, **time: int) -> Any:
        return time_machine.travel(timezone.now() + timedelta(**time))

    def assert_throttled(self, response: Any, *, at_most: int = 60) -> None:
        self.assert_error(response, 429)
        self.assertTrue(1 <= int(response["Retry-After"]) <= at_most, response["Retry-After"])


class WrongPasswordTest(LimitsTestCase):
    def test_after_three_each_makes_the_next_wait_and_the_right_one_has_to_wait_too(self) -> None:
        self.assertEqual(self.wrong(4), [401] * 4)
        self.assert_throttled(self.login("uma"), at_most=2)

    def test_pauses_grow(self) -> None:
        pauses = []
        with time_machine.travel(timezone.now(), tick=False) as clock:
            for _ in range(10):
                response = self.login("uma", "not the password")
                if response.status_code == 429:
                    pauses.append(int(response["Retry-After"]))
                    clock.shift(timedelta(seconds=pauses[-1]))
        self.assertGreaterEqual(len(pauses), 3)
        self.assertEqual(pauses, sorted(pauses))
        self.assertGreater(pauses[-1], 2 * pauses[0])

    def test_after_the_pause_the_right_password_works_and_forgets_the_wrong_ones(self) -> None:
        self.wrong(4)
        with self.later(seconds=4):
            self.assertEqual(self.login("uma").status_code, 200)
            self.assertEqual(self.wrong(3), [401] * 3)
            self.assertEqual(self.login("uma").status_code, 200)

    def test_an_unknown_address_is_slowed_in_the_same_way(self) -> None:
        codes = self.wrong(6)
        self.assertEqual(self.wrong(6, "nobody"), codes)
        self.assertIn(429, codes)

    def test_another_source_and_another_address_are_not_locked_out(self) -> None:
        self.wrong(8)
        self.assert_throttled(self.login("uma"))
        self.assertEqual(self.login("max").status_code, 200)
        self.source = "192.0.2.2"
        self.assertEqual(self.login("uma").status_code, 200)

    def test_the_address_counts_in_any_case(self) -> None:
        for name in ("uma", "UMA", " Uma", "uMa"):
            self.wrong(1, name)
        self.assert_throttled(self.login("uma"))

    def test_a_wrong_old_password_slows_a_change(self) -> None:
        client = self.client_of(self.uma)
        body = {"old_password": "not the password", "password": NEW_PASSWORD}
        self.assertEqual([self.auth("password/change", body, client).status_code for _ in range(4)], [400] * 4)
        self.assert_throttled(self.auth("password/change", {**body, "old_password": PASSWORD}, client), at_most=2)

    def test_a_wrong_password_slows_the_acceptance_of_an_invitation(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            self.client_of(self.alice).post("/api/v1/users/", {"email": "mallory@example.com"})
        body = {"token": self.mailed_token("mallory@example.com"), "password": "not the password"}
        self.assertEqual([self.auth("invite/accept", body).status_code for _ in range(4)], [400] * 4)
        self.assert_throttled(self.auth("invite/accept", {**body, "password": PASSWORD}), at_most=2)
        self.assert_throttled(self.login("mallory"), at_most=2)
        with self.later(seconds=4):
            self.assertEqual(self.auth("invite/accept", {**body, "password": PASSWORD}).status_code, 201)

    def test_what_needs_no_password_does_not_wait_for_one(self) -> None:
        self.wrong(6)
        self.assert_throttled(self.login("uma"))
        for path in ("password/forgot", "email/verify/resend"):
            response = self.auth(path, {"email": "uma@example.com"})
            self.assertEqual(response.status_code, 200, response.content)
            self.assertIn("a mail is on its way", response.json()["message"])
        invited = self.client_of(self.alice, REMOTE_ADDR=self.source).post("/api/v1/users/", {"email": "uma@example.com"})
        self.assertEqual(invited.status_code, 201, invited.content)

    def test_forgotten_passwords_and_wrong_ones_are_counted_apart(self) -> None:
        for _ in range(10):
            self.auth("password/forgot", {"email": "uma@example.com"})
        self.assert_throttled(self.auth("password/forgot", {"email": "uma@example.com"}))
        self.assertEqual(self.login("uma").json()["user"]["email"], "uma@example.com")

    def test_a_weak_new_password_is_no_wrong_one(self) -> None:
        client = self.client_of(self.uma)
        for _ in range(5):
            response = self.auth("password/change", {"old_password": PASSWORD, "password": "short"}, client)
            self.assert_error(response, 400, field="password")


class TriesTest(LimitsTestCase):
    def test_ten_a_minute_for_an_address_and_a_source(self) -> None:
        self.assertEqual([self.login("uma").status_code for _ in range(10)], [200] * 10)
        self.assert_throttled(self.login("uma"))
        self.assertEqual(self.login("max").status_code, 200)
        with self.later(seconds=61):
            self.assertEqual(self.login("uma").status_code, 200)

    def test_asking_for_a_mail_is_limited_for_any_address(self) -> None:
        for path in ("password/forgot", "email/verify/resend"):
            for address in ("uma@example.com", "nobody@example.com"):
                codes = [self.auth(path, {"email": address}).status_code for _ in range(11)]
                self.assertEqual(codes, [200] * 10 + [429])

    def test_the_wait_that_is_told_is_the_wait_and_no_second_more(self) -> None:
        with time_machine.travel(timezone.now(), tick=False) as clock:
            for _ in range(4):
                self.login("uma", "not the password")
            refused = self.login("uma")
            self.assert_error(refused, 429, says="in 2 seconds")
            self.assertEqual(refused["Retry-After"], "2")
            clock.shift(timedelta(seconds=1, milliseconds=500))
            self.assertEqual(self.login("uma")["Retry-After"], "1")
            clock.shift(timedelta(milliseconds=500))
            self.assertEqual(self.login("uma").json()["user"]["email"], "uma@example.com")
            for _ in range(11):
                refused = self.auth("password/forgot", {"email": "uma@example.com"})
            self.assertEqual(refused["Retry-After"], "60")

    def test_a_source_tries_a_hundred_addresses_a_minute(self) -> None:
        codes = [self.auth("password/forgot", {"email": f"{n}@example.com"}).status_code for n in range(101)]
        self.assertEqual((set(codes[:100]), codes[100]), ({200}, 429))
        self.source = "192.0.2.2"
        self.assertEqual(self.auth("password/forgot", {"email": "0@example.com"}).status_code, 200)

    def test_signing_up_is_limited_so_that_addresses_cannot_be_tried(self) -> None:
        codes = []
        for number in range(101):
            body = {"email": f"alice{number % 20}@example.com", "password": "short", "name": "x"}
            codes.append(self.auth("register", body).status_code)
        self.assertEqual((set(codes[:100]), codes[100]), ({400}, 429))
        self.assertFalse(User.objects.filter(email__startswith="alice1").exists())

    def test_tokens_of_mails_are_not_tried_without_end(self) -> None:
        for path, body in (
            ("password/reset", {"token": "x", "password": NEW_PASSWORD}),
            ("email/verify", {"token": "x"}),
            ("invite/accept", {"token": "x"}),
        ):
            codes = [self.auth(path, body).status_code for _ in range(101)]
            self.assertEqual((set(codes[:100]), codes[100]), ({400}, 429), path)

    def test_invitations_are_limited(self) -> None:
        client = self.client_of(self.alice)
        codes = [client.post("/api/v1/users/", {"email": "nina@example.com"}).status_code for _ in range(11)]
        self.assertEqual(codes, [201] * 10 + [429])

    def test_the_factor_multiplies_and_nought_switches_off(self) -> None:
        with override_settings(RATE_LIMIT_FACTOR=0.2):
            self.assertEqual([self.login("uma").status_code for _ in range(3)], [200, 200, 429])
        with override_settings(RATE_LIMIT_FACTOR=0):
            self.assertEqual(self.wrong(12), [401] * 12)


class SourceTest(SimpleTestCase):
    def source(self, forwarded: str = "", remote: str = "10.0.0.1") -> str:
        headers = {"X-Forwarded-For": forwarded} if forwarded else {}
        return source_of(RequestFactory().get("/", REMOTE_ADDR=remote, headers=headers))

    def test_a_header_that_anyone_may_send_is_not_believed(self) -> None:
        self.assertEqual(self.source("1.2.3.4"), "10.0.0.1")

    def test_of_trusted_proxies_the_outermost_says_who_came(self) -> None:
        with override_settings(TRUSTED_PROXIES=1):
            self.assertEqual(self.source("6.6.6.6, 1.2.3.4"), "1.2.3.4")
            self.assertEqual(self.source(), "10.0.0.1")
        with override_settings(TRUSTED_PROXIES=2):
            self.assertEqual(self.source("6.6.6.6, 1.2.3.4, 10.0.0.9"), "1.2.3.4")
            self.assertEqual(self.source("1.2.3.4"), "10.0.0.1")

    def test_addresses_of_one_ipv6_network_are_one_source(self) -> None:
        self.assertEqual(self.source(remote="2001:db8:1:2::1"), self.source(remote="2001:db8:1:2:ffff::9"))
        self.assertNotEqual(self.source(remote="2001:db8:1:2::1"), self.source(remote="2001:db8:1:3::1"))

    def test_an_ipv4_address_in_ipv6_dress_is_itself(self) -> None:
        self.assertEqual(self.source(remote="::ffff:192.0.2.7"), self.source(remote="192.0.2.7"))

    def test_what_is_no_address_still_is_a_source(self) -> None:
        with override_settings(TRUSTED_PROXIES=1):
            self.assertEqual(self.source("unknown"), "unknown")
        self.assertEqual(self.source(remote=""), "")
