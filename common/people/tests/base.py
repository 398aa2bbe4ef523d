"""What tests of sign-up and sign-in share."""

import re
from typing import Any

from django.core import mail
from rest_framework.test import APIClient

from common.people.models import Profile, Role
from common.tenancy import org_scope
from common.testing import OrgTestCase
from common.testing.cast import PASSWORD

NEW_PASSWORD = "another long passphrase"
NOWHERE = "0192d3c0-0000-7000-8000-000000000000"


class PeopleTestCase(OrgTestCase):
    def auth(self, path: str, body: Any, client: APIClient | None = None) -> Any:
        """POST to an endpoint of ``/api/v1/auth/``, by a stranger or by ``client``; mails go out."""
        with self.captureOnCommitCallbacks(execute=True):
            return (client or self.client_of(None)).post(f"/api/v1/auth/{path}", body)

    def login(self, name: str, password: str = PASSWORD) -> Any:
        return self.auth("login", {"email": f"{name}@example.com", "password": password})

    def bearer(self, pair: dict[str, Any], **headers: str) -> APIClient:
        """A client with the access token of an answer."""
        client = APIClient(headers=headers or None)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access_token']}")
        return client

    def mailed_token(self, address: str) -> str:
        """The token in the newest mail to ``address``."""
        text = next(str(message.body) for message in reversed(mail.outbox) if message.to == [address])
        found = re.search(r"token=([\w.:-]+)", text)
        assert found, text
        return found[1]

    def role(self, permissions: Any, name: str = "custom") -> Role:
        """A custom role of our org."""
        with org_scope(self.org):
            return Role.objects.create(name=name, permissions=permissions)

    def join_with(self, name: str, permissions: Any) -> Profile:
        """A member of our org with a custom role of their own."""
        self.role(permissions, f"role of {name}")
        return self.join(name, f"role of {name}")

    def reload(self, profile: Profile) -> Profile:
        with org_scope(profile.org_id):
            return Profile.objects.select_related("user", "role").get(pk=profile.pk)

    def same_error(self, one: Any, other: Any) -> None:
        """Two answers tell the same, word for word."""
        self.assertEqual(one.status_code, other.status_code)
        self.assertEqual({**one.json(), "request_id": ""}, {**other.json(), "request_id": ""})
