from unittest.mock import patch

from django.contrib.auth import hashers

from common.people.models import Profile, User
from common.people.services import create_org
from common.tenancy import org_scope
from common.testing.cast import PASSWORD

from .base import PeopleTestCase


class LoginTest(PeopleTestCase):
    def test_it_answers_tokens_the_user_and_their_organizations(self) -> None:
        response = self.login("uma")
        self.assertEqual(response.status_code, 200, response.content)
        body = response.json()
        self.assertEqual(set(body), {"access_token", "refresh_token", "token_type", "user", "orgs"})
        self.assertEqual((body["user"]["name"], body["user"]["email"]), ("Uma", "uma@example.com"))
        self.assertEqual(body["orgs"], [{"id": str(self.org.pk), "name": "Ours", "role": "user"}])
        self.assertEqual(self.bearer(body).get("/api/v1/leads/").status_code, 200)

    def test_only_organizations_of_ones_own_are_listed(self) -> None:
        create_org(name="A second one", owner=self.uma.user)
        self.assertEqual([org["name"] for org in self.login("uma").json()["orgs"]], ["A second one", "Ours"])

    def test_the_address_counts_in_any_case_and_the_password_does_not(self) -> None:
        self.assertEqual(self.login(" UMA").status_code, 200)
        self.assert_error(self.login("uma", PASSWORD.upper()), 401)

    def test_wrong_password_unknown_address_and_deactivated_account_get_the_same_answer(self) -> None:
        wrong = self.login("uma", "not the password")
        self.assert_error(wrong, 401, says="The e-mail address or the password is wrong.")
        self.same_error(wrong, self.login("nobody"))
        User.objects.filter(pk=self.uma.user_id).update(is_active=False)
        self.same_error(wrong, self.login("uma"))

    def test_an_unknown_address_costs_a_hash_like_a_known_one(self) -> None:
        for name in ("uma", "nobody"):
            with patch.object(
                hashers.MD5PasswordHasher, "encode", autospec=True, side_effect=hashers.MD5PasswordHasher.encode
            ) as encode:
                self.assert_error(self.login(name, "not the password"), 401)
            self.assertEqual(encode.call_count, 1, name)

    def test_who_has_no_organization_signs_in_without_one(self) -> None:
        with org_scope(self.org):
            Profile.objects.filter(pk=self.uma.pk).update(is_active=False)
        body = self.login("uma").json()
        self.assertEqual(body["orgs"], [])
        client = self.bearer(body)
        self.assertIsNone(client.get("/api/v1/auth/me").json()["org"])
        self.assert_error(client.get("/api/v1/leads/"), 403)

    def test_an_organization_that_is_closed_is_not_listed(self) -> None:
        self.org.is_active = False
        self.org.save()
        self.assertEqual(self.login("uma").json()["orgs"], [])

    def test_a_token_that_is_sent_along_changes_nothing(self) -> None:
        body = {"email": "mallory@example.com", "password": PASSWORD}
        response = self.auth("login", body, self.client_of(self.alice, org=str(self.org.pk)))
        self.assertEqual(response.status_code, 200, response.content)
        self.assertEqual([org["name"] for org in response.json()["orgs"]], ["Theirs"])

    def test_malformed_input_is_refused_by_field(self) -> None:
        self.assert_error(self.auth("login", {"email": "uma@example.com"}), 400, field="password")
        self.assert_error(self.auth("login", {"email": "a\x00b", "password": "x"}), 400, field="email")
        self.assert_error(self.auth("login", {"email": "x" * 255, "password": "x"}), 400, field="email")
        extra = {"email": "uma@example.com", "password": PASSWORD, "is_superuser": True}
        self.assert_error(self.auth("login", extra), 400, field="is_superuser")

    def test_a_browsers_session_is_not_a_token(self) -> None:
        client = self.client_of(None)
        client.force_login(self.uma.user)
        self.assert_error(client.get("/api/v1/leads/"), 401)
