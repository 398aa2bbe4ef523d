"""Bad input ends well: tokens, and what people send to sign up and in."""

import base64
from datetime import timedelta
from typing import Any
from uuid import uuid4

import jwt
import time_machine
from django.conf import settings as django_settings
from django.utils import timezone

from common.people.models import Session
from common.people.tokens import start_session, token_pair
from common.tenancy import all_orgs, org_scope
from common.testing.cast import PASSWORD
from tests.bad_requests import EMOJI_AND_RTL, LIST, NOWHERE, BadRequestTestCase


class TokenTest(BadRequestTestCase):
    def refused(self, authorization: str) -> Any:
        client = self.client_of(None)
        client.raise_request_exception = False
        answers = []
        for verb, url in (
            ("get", LIST),
            ("post", LIST),
            ("get", "/api/v1/auth/me/"),
            ("get", "/leads/"),
            ("delete", f"{LIST}{NOWHERE}/"),
        ):
            response = self.send(verb, url, client=client, headers={"Authorization": authorization})
            self.assert_error(response, 401)
            self.assertEqual(response["WWW-Authenticate"], "Bearer")
            answers.append(response.json()["error"])
        return answers

    def pair(self) -> dict[str, str]:
        return token_pair(start_session(self.alice.user), self.org)

    def signed(self, key: str = "", algorithm: str = "HS256", **changes: Any) -> str:
        """A token with our claims and ``changes``; None leaves a claim out."""
        claims = jwt.decode(self.pair()["access_token"], options={"verify_signature": False}) | changes
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, key or django_settings.SECRET_KEY, algorithm=algorithm)

    def test_a_good_token_is_taken(self) -> None:
        for token in (self.pair()["access_token"], self.signed()):
            client = self.client_of(None, Authorization=f"Bearer {token}")
            self.assertEqual(self.send("get", LIST, client=client).status_code, 200)

    def test_forged_tokens(self) -> None:
        head, claims, signature = self.pair()["access_token"].split(".")
        none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
        bad = [
            self.signed(key="another-key-that-is-as-long-as-it-has-to-be"), f"{none}.{claims}.",
            f"{none}.{claims}.{signature}", f"{head}.{claims}.", f"{head}.{claims}.{signature[:-4]}AAAA", f"{head}.{claims}",
            f"{head}..{signature}", "a.b.c", "...", "x", self.signed(algorithm="HS512"), self.signed(iss="someone else"),
            self.signed(iss=None), "é" * 10, "\x00", "x" * 20_000,
        ]  # fmt: skip
        for token in bad:
            with self.subTest(token[:60]):
                self.refused(f"Bearer {token}")

    def test_tokens_of_another_kind_or_without_what_they_need(self) -> None:
        bad = [
            self.pair()["refresh_token"], self.signed(typ="refresh"), self.signed(typ=None), self.signed(sub=None),
            self.signed(sub="x"), self.signed(sub=str(uuid4())), self.signed(sid=None), self.signed(sid="x"),
            self.signed(sid=str(uuid4())), self.signed(jti=None), self.signed(exp=None), self.signed(exp="soon"),
            self.signed(org="x"), self.signed(org=["x"]), self.signed(sub=7),
        ]  # fmt: skip
        for token in bad:
            with self.subTest(jwt.decode(token, options={"verify_signature": False})):
                self.refused(f"Bearer {token}")

    def test_other_schemes(self) -> None:
        token = self.pair()["access_token"]
        for header in (
            "",
            " ",
            "Bearer",
            "Bearer ",
            token,
            f"Basic {token}",
            f"Token {token}",
            f"Bearer {token} x",
            f"Bearer,{token}",
        ):
            with self.subTest(header[:20]):
                self.refused(header)

    def test_expired_tokens(self) -> None:
        token = self.pair()["access_token"]
        client = self.client_of(None, Authorization=f"Bearer {token}")
        self.assertEqual(self.send("get", LIST, client=client).status_code, 200)
        with time_machine.travel(timezone.now() + django_settings.ACCESS_TOKEN_LIFETIME + timedelta(seconds=1), tick=False):
            self.refused(f"Bearer {token}")
        self.refused(f"Bearer {self.signed(exp=int(timezone.now().timestamp()) - 1)}")

    def test_whoever_is_out_is_out_at_once(self) -> None:
        for ending in ("session", "user"):
            pair = self.pair()
            if ending == "session":
                Session.objects.update(ended_at=timezone.now())
            else:
                self.alice.user.is_active = False
                self.alice.user.save()
            with self.subTest(ending):
                self.refused(f"Bearer {pair['access_token']}")
                body = {"refresh_token": pair["refresh_token"]}
                self.assert_error(self.send("post", "/api/v1/auth/refresh-token/", body, client=self.client_of(None)), 401)

    def test_a_profile_or_org_that_was_switched_off_is_no_membership(self) -> None:
        for ending in ("profile", "org"):
            with self.undone():
                if ending == "org":
                    with all_orgs():
                        self.org.is_active = False
                        self.org.save()
                else:
                    with org_scope(self.org):
                        self.alice.is_active = False
                        self.alice.save()
                with self.subTest(ending):
                    self.assert_error(self.send("get", LIST), 403)
                    self.assert_error(self.send("post", LIST, {"name": "Ada"}), 403)
            self.alice.is_active = self.org.is_active = True

    def test_a_token_that_names_another_org_opens_nothing_there(self) -> None:
        for org in (str(self.other.pk), str(uuid4())):
            client = self.client_of(None, Authorization=f"Bearer {self.signed(org=org)}")
            self.assert_error(self.send("get", LIST, client=client), 403)
            self.assert_error(self.send("post", LIST, {"name": "Ada"}, client=client), 403)

    def test_refresh_tokens_that_are_none(self) -> None:
        pair = self.pair()
        for token in (pair["access_token"], "x", "a.b.c", "\u202e", "x" * 3999, self.signed(key="k" * 40, typ="refresh")):
            for path in ("refresh-token", "logout"):
                response = self.send("post", f"/api/v1/auth/{path}/", {"refresh_token": token}, client=self.client_of(None))
                self.assert_error(response, 401)


class PeopleTest(BadRequestTestCase):
    def register(self, **changes: Any) -> Any:
        body = {"email": "new@example.com", "password": PASSWORD, "name": "New", **changes}
        return self.send("post", "/api/v1/auth/register/", body, client=self.client_of(None))

    def test_an_address_is_taken_in_any_case(self) -> None:
        self.assertEqual(self.register().status_code, 201)
        for email in ("new@example.com", "NEW@example.com", "New@Example.COM", " new@example.com "):
            with self.subTest(email):
                self.assert_error(self.register(email=email), 409)

    def test_addresses_that_are_none(self) -> None:
        for email in (
            "", "x", "a@b", "@", "a@b@c.de", "a b@c.de", "a@c.de\x00", "a@c.de\r\nBcc: x@y.z", "x" * 300 + "@example.com", 7,
            None, [], {}, "a@" + "x" * 300 + ".com", EMOJI_AND_RTL + "@example.com", "<script>@x.de",
        ):  # fmt: skip
            for path, others in (("register", {"password": PASSWORD, "name": "New"}), ("password/forgot", {})):
                with self.subTest(f"{path} {str(email)[:30]}"):
                    body = {"email": email, **others}
                    response = self.send("post", f"/api/v1/auth/{path}/", body, client=self.client_of(None))
                    self.assert_error(response, 400, field="email")

    def test_letters_that_lower_case_oddly_make_no_second_account(self) -> None:
        for first, second in (("\u212aelvin@example.com", "kelvin@example.com"), ("a@\u212a.example.com", "a@k.example.com")):
            answers = {self.register(email=first).status_code, self.register(email=second).status_code}
            self.assertTrue(answers <= {201, 409, 400} and answers != {201}, answers)
        self.assertIn(self.register(email="\u0130@example.com").status_code, (201, 400))

    def test_passwords_and_names(self) -> None:
        for password in ("", "short", "12345678", "password", "x" * 129, None, 7, [], "\x00" * 10):
            with self.subTest(str(password)[:10]):
                self.assert_error(self.register(password=password), 400, field="password")
        for name in ("", "  ", "x" * 151, None, [], "a\x00b"):
            with self.subTest(str(name)[:10]):
                self.assert_error(self.register(name=name), 400, field="name")
        self.assertEqual(self.register(name=EMOJI_AND_RTL, org_name=EMOJI_AND_RTL).json()["org"]["name"], EMOJI_AND_RTL)

    def test_what_a_sign_up_does_not_define_is_ignored(self) -> None:
        body = self.register(is_superuser=True, role="admin", org=str(self.other.pk), is_staff=True, email_verified=True).json()
        self.assertEqual((body["user"]["is_superuser"], body["user"]["email_verified"]), (False, False))
        self.assertNotEqual(body["org"]["id"], str(self.other.pk))

    def test_tokens_of_mails_that_are_none(self) -> None:
        for token in (
            "",
            "x",
            ".",
            "a.b",
            "x" * 399,
            "x" * 401,
            "\x00",
            EMOJI_AND_RTL,
            f"{NOWHERE}.x",
            "A" * 43 + ".x",
            7,
            None,
            [],
        ):
            for path, others in (
                ("password/reset", {"password": PASSWORD}),
                ("email/verify", {}),
                ("invite/accept", {"name": "New"}),
            ):
                with self.subTest(f"{path} {str(token)[:20]}"):
                    body = {"token": token, **others}
                    response = self.send("post", f"/api/v1/auth/{path}/", body, client=self.client_of(None))
                    self.assert_error(response, 400, field="token")

    def test_orgs_to_switch_to_that_are_none(self) -> None:
        for org, code in (
            (str(self.other.pk), 403),
            (NOWHERE, 403),
            ("x", 400),
            ("", 400),
            (None, 400),
            ([], 400),
            (10**40, 400),
        ):
            self.assert_error(self.send("post", "/api/v1/auth/switch-org/", {"org": org}), code)
