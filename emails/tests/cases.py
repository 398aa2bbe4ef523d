"""What the tests of mails share: a mail written over the API, a real mail server, a lead to write to."""

from typing import Any

from django.test import override_settings

from common.tenancy import org_scope
from common.testing import OrgTestCase
from common.testing.mail_server import MailServer
from emails.models import Email

BODY = {
    "to": ["ada@engines.example"],
    "subject": "Your kayaks",
    "body_text": "They are ready: https://kayaks.example/list?a=1&b=2",
}


class MailTestCase(OrgTestCase):
    def setUp(self) -> None:
        self.api = self.client_of(self.alice)

    def write(self, client: Any = None, **values: Any) -> str:
        response = (client or self.api).post("/api/v1/emails/", {**BODY, **values})
        self.assertEqual(response.status_code, 201, response.content)
        return str(response.json()["id"])

    def lead(self, **values: Any) -> str:
        return str(self.api.post("/api/v1/leads/", {"name": "Ada Byron", "email": "ada@engines.example", **values}).json()["id"])

    def act(self, pk: str, action: str, body: Any = None, client: Any = None) -> Any:
        with self.captureOnCommitCallbacks() as callbacks:
            response = (client or self.api).post(f"/api/v1/emails/{pk}/{action}/", body or {})
        with org_scope(self.org):  # as the request's own, which is still open when it commits
            for callback in callbacks:
                callback()
        return response

    def shown(self, pk: str, client: Any = None) -> Any:
        return (client or self.api).get(f"/api/v1/emails/{pk}/").json()

    def row(self, pk: str) -> Email:
        with org_scope(self.org):
            return Email.with_bin.get(pk=pk)

    def change(self, pk: str, **values: Any) -> None:
        with org_scope(self.org):
            Email.with_bin.filter(pk=pk).update(**values)

    def sent(self, *refusals: str, action: str = "send", **values: Any) -> tuple[str, MailServer]:
        """A mail sent through a real mail server, which first answers with ``refusals``."""
        pk = self.write(**values)
        with MailServer(list(refusals)) as server, override_settings(**server.settings):
            response = self.act(pk, action)
            self.assertEqual(response.status_code, 200, response.content)
        return pk, server

    def parts(self, message: Any) -> dict[str, str]:
        """The texts of a message by their media types."""
        return {part.get_content_type(): part.get_content() for part in message.walk() if part.get_content_maintype() == "text"}
