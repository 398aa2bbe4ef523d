"""The people of our tests, in two organizations that must never meet.

Alice is an admin of ours; Max a manager; Uma a user; Vic a client. Mallory is an admin of the other organization, with
rows of every kind that must not leak.
"""

from typing import Any

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from common.people.models import Profile, Role, User
from common.people.services import create_org
from common.people.tokens import start_session, token_pair
from common.tenancy import org_scope

PASSWORD = "correct horse battery"


class OrgTestCase(TestCase):
    alice: Profile
    max: Profile
    uma: Profile
    vic: Profile
    mallory: Profile

    @classmethod
    def setUpTestData(cls) -> None:
        cls.alice = create_org(name="Ours", owner=cls.new_user("alice"))
        cls.org = cls.alice.org
        cls.max = cls.join("max", "manager")
        cls.uma = cls.join("uma", "user")
        cls.vic = cls.join("vic", "client")
        cls.mallory = create_org(name="Theirs", owner=cls.new_user("mallory"))
        cls.other = cls.mallory.org

    @staticmethod
    def new_user(name: str) -> User:
        return User.objects.create_user(f"{name}@example.com", PASSWORD, name=name.title())

    @classmethod
    def join(cls, name: str, role: str, org: Any = None) -> Profile:
        with org_scope(org or cls.org):
            return Profile.objects.create(user=cls.new_user(name), role=Role.objects.get(name=role))

    def client_of(self, profile: Profile | None, **headers: str) -> APIClient:
        """An API client signed in as ``profile``, with a real token."""
        client = APIClient(headers=headers or None)
        if profile is not None:
            pair = token_pair(start_session(profile.user), profile.org)
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access_token']}")
        return client

    def assert_error(self, response: Any, code: int, *, field: str | None = None, says: str = "") -> None:
        """The one error shape, with a status, perhaps about a field."""
        self.assertEqual(response.status_code, code, response.content[:500])
        body = response.json()
        self.assertEqual(set(body), {"error", "code", "details", "request_id"})
        self.assertTrue(body["error"] and body["code"] and body["request_id"])
        if field:
            self.assertIn(field, body["details"])
        if says:
            self.assertIn(says, str(body))

    def cost(self, client: APIClient, url: str) -> int:
        """How many SQL statements a GET takes, those for signing in included."""
        with CaptureQueriesContext(connection) as queries:
            response = client.get(url)
        self.assertEqual(response.status_code, 200, response.content[:500])
        return len(queries)
