import base64
import json
from datetime import timedelta

import jwt
import time_machine
from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from common.people import tokens
from common.people.models import Profile, Session, User
from common.tenancy import org_scope

from .base import PeopleTestCase

OTHER_KEY = "another key, as long as a key should be, of another installation"


def encoded(value: object) -> str:
    """A part of a token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


class RefreshTest(PeopleTestCase):
    def setUp(self) -> None:
        tokens._checked.cache_clear()
        self.addCleanup(tokens._checked.cache_clear)
        self.pair = self.login("uma").json()

    def refresh(self, token: str | None = None) -> object:
        return self.auth("refresh-token", {"refresh_token": token or self.pair["refresh_token"]})

    def works(self, pair: dict[str, str]) -> bool:
        return self.bearer(pair).get("/api/v1/leads/").status_code == 200

    def claims(self, token: str) -> dict[str, object]:
        return jwt.decode(token, options={"verify_signature": False})

    def test_it_exchanges_the_token_for_a_new_pair_in_the_same_organization(self) -> None:
        response = self.refresh()
        self.assertEqual(response.status_code, 200, response.content)
        fresh = response.json()
        self.assertNotEqual(fresh["refresh_token"], self.pair["refresh_token"])
        self.assertEqual(self.claims(fresh["access_token"])["org"], str(self.org.pk))
        self.assertTrue(self.works(fresh))
        self.assertEqual(self.refresh(fresh["refresh_token"]).status_code, 200)

    def test_a_token_used_twice_ends_the_session_and_its_access_tokens_at_once(self) -> None:
        fresh = self.refresh().json()
        self.assertTrue(self.works(fresh) and self.works(self.pair))
        self.assert_error(self.refresh(), 401, says="used before")
        self.assertFalse(self.works(fresh) or self.works(self.pair))
        self.assert_error(self.refresh(fresh["refresh_token"]), 401, says="has ended")
        self.assertIsNotNone(Session.objects.get(pk=self.claims(fresh["access_token"])["sid"]).ended_at)

    def test_another_session_of_the_person_goes_on(self) -> None:
        other = self.login("uma").json()
        self.refresh()
        self.assert_error(self.refresh(), 401)
        self.assertTrue(self.works(other))

    def test_an_access_token_is_no_refresh_token_nor_the_other_way_round(self) -> None:
        self.assert_error(self.refresh(self.pair["access_token"]), 401)
        self.assertFalse(self.works({"access_token": self.pair["refresh_token"]}))

    def test_tokens_end_when_their_time_has_come(self) -> None:
        self.assertTrue(self.works(self.pair))
        with time_machine.travel(timezone.now() + timedelta(days=1, seconds=1), tick=False):
            self.assert_error(self.bearer(self.pair).get("/api/v1/leads/"), 401, says="expired")
            pair = self.refresh().json()
            self.assertTrue(self.works(pair))
        with time_machine.travel(timezone.now() + timedelta(days=367), tick=False):
            self.assert_error(self.refresh(pair["refresh_token"]), 401, says="expired")

    def test_a_session_in_use_lives_on_past_a_year(self) -> None:
        with time_machine.travel(timezone.now() + timedelta(days=300), tick=False):
            pair = self.refresh().json()
        with time_machine.travel(timezone.now() + timedelta(days=600), tick=False):
            self.assertEqual(self.refresh(pair["refresh_token"]).status_code, 200)

    def forgeries(self) -> dict[str, str]:
        token = self.pair["access_token"]
        header, payload, signature = token.split(".")
        claims = self.claims(token)
        swapped = encoded(claims | {"sub": str(self.alice.user_id)})
        good = {"algorithm": "HS256", "key": settings.SECRET_KEY}
        return {
            "of another key": jwt.encode(claims, OTHER_KEY, "HS256"),
            "of no algorithm": jwt.encode(claims, "", "none"),
            "without a signature": f"{header}.{payload}.",
            "with other claims": f"{header}.{swapped}.{signature}",
            "of another algorithm": jwt.encode(claims, settings.SECRET_KEY, "HS512"),
            "of another issuer": jwt.encode(claims | {"iss": "elsewhere"}, **good),
            "of no kind": jwt.encode({**claims, "typ": ""}, **good),
            "without a session": jwt.encode({name: claims[name] for name in claims if name != "sid"}, **good),
            "without an end": jwt.encode({name: claims[name] for name in claims if name != "exp"}, **good),
            "with odd ids": jwt.encode(claims | {"org": 5}, **good),
            "no token": "nonsense",
            "empty parts": "..",
            "not of letters": "é.é.é",
            "odd header": f"{encoded([1])}.{payload}.{signature}",
            "odd algorithm": f"{encoded({'alg': []})}.{payload}.{signature}",
            "very long": "a" * 3990,
        }

    def test_forged_tokens_are_refused(self) -> None:
        for name, token in self.forgeries().items():
            with self.subTest(name):
                if token.isascii():
                    self.assert_error(self.bearer({"access_token": token}).get("/api/v1/leads/"), 401)
                self.assert_error(self.refresh(token), 401)
        self.assertTrue(self.works(self.pair))

    def test_other_schemes_than_bearer_are_refused(self) -> None:
        for header in ("Basic dW1hOng=", "Bearer", "Bearer ", self.pair["access_token"], f"Token {self.pair['access_token']}"):
            client = self.client_of(None)
            client.credentials(HTTP_AUTHORIZATION=header)
            self.assert_error(client.get("/api/v1/leads/"), 401)

    def test_a_token_of_a_former_secret_key_works_while_that_is_a_fallback(self) -> None:
        with override_settings(SECRET_KEY=OTHER_KEY):
            self.assertFalse(self.works(self.pair))
        tokens._checked.cache_clear()
        with override_settings(SECRET_KEY=OTHER_KEY, SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
            self.assertTrue(self.works(self.pair))
            fresh = self.refresh().json()
        tokens._checked.cache_clear()
        self.assertFalse(self.works(fresh))

    def test_a_deactivated_account_stops_at_once_and_gets_no_new_token(self) -> None:
        self.assertTrue(self.works(self.pair))
        User.objects.filter(pk=self.uma.user_id).update(is_active=False)
        self.assert_error(self.bearer(self.pair).get("/api/v1/leads/"), 401)
        self.assert_error(self.bearer(self.pair).get("/api/v1/auth/me"), 401)
        self.assert_error(self.refresh(), 401)

    def test_a_deactivated_profile_stops_at_once_and_new_tokens_have_no_organization(self) -> None:
        self.assertTrue(self.works(self.pair))
        with org_scope(self.org):
            Profile.objects.filter(pk=self.uma.pk).update(is_active=False)
        self.assert_error(self.bearer(self.pair).get("/api/v1/leads/"), 403)
        fresh = self.refresh().json()
        self.assertIsNone(self.claims(fresh["access_token"])["org"])
        self.assert_error(self.bearer(fresh, org=str(self.org.pk)).get("/api/v1/leads/"), 403)

    def test_a_closed_organization_stops_at_once(self) -> None:
        self.assertTrue(self.works(self.pair))
        self.org.is_active = False
        self.org.save()
        self.assert_error(self.bearer(self.pair).get("/api/v1/leads/"), 403)
        self.assertIsNone(self.claims(self.refresh().json()["access_token"])["org"])

    def test_malformed_input_is_refused_by_field(self) -> None:
        for value in ("", None, [], {}, "a\x00b", "a" * 4001):
            self.assert_error(self.auth("refresh-token", {"refresh_token": value}), 400, field="refresh_token")
        self.assert_error(self.auth("refresh-token", {}), 400, field="refresh_token")
