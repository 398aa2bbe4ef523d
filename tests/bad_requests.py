"""What tests of bad input share: a request that may fail, but only in the one shape, and without leaving a trace."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from common.tenancy import all_orgs
from common.testing import OrgTestCase
from common.testing.rows import one_of_each
from tests.bodies import good_body
from tests.routes import Route, all_routes

COUNTED = ("activity", "users", "orgs", "profiles", "sessions", "outgoing_mails", "invitations", "leads", "attachments")
NOWHERE = "0192d3c0-0000-7000-8000-000000000000"  # the id of nothing
LIST = "/api/v1/leads/"
EMOJI_AND_RTL = "Zoë 👩‍👩‍👧 עברית العربية \u202eabc\u202c नमस्ते 日本語 ﷽"


@pytest.mark.raw_sql
class BadRequestTestCase(OrgTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.rows = one_of_each(cls.alice, "Ourmarker")
        cls.views = list({route.name: route for route in reversed(all_routes())}.values())
        cls.api = [route for route in cls.views if route.path.startswith("api/v1/")]

    def setUp(self) -> None:
        self.client = self.client_of(self.alice)
        self.client.raise_request_exception = False

    def creating(self) -> list[tuple[Route, Any, dict[str, Any]]]:
        """Every endpoint that makes a row of its model from JSON: ``(route, serializer, good body)``."""
        found = []
        for route in self.api:
            if "post" in route.verbs and route.model and not route.takes_ids:
                serializer = route.request_serializer("post")
                if getattr(getattr(serializer, "Meta", None), "model", None) is route.model:
                    example = getattr(route.view_class, "example", ())
                    found.append((route, serializer, good_body(serializer, self.rows, route.model, example)))
        return found

    def url_of(self, route: Route) -> str:
        """The path of our own row of the model whose ids it takes; of any word where it takes none."""
        return route.url("a-word" if route.takes_words else self.rows[route.model].pk) if route.takes_ids else route.url()

    @staticmethod
    def counts() -> Any:
        with all_orgs(), connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(f'(SELECT count(*) FROM {table})' for table in COUNTED)}")
            return cursor.fetchone()

    def send(self, verb: str, url: str, body: Any = None, *, client: Any = None, **options: Any) -> Any:
        """Send a request. A refused one has the one shape and leaves nothing behind, however it was refused."""
        client, before = client or self.client, self.counts()
        if body is not None:
            kind = {"content_type": "application/json"} if isinstance(body, (bytes, str)) else {"format": "json"}
            options = {"data": body, **kind, **options}
        savepoint = transaction.savepoint()
        response = getattr(client, verb)(url, **options)
        label = f"{verb} {url[:200]} {str(body)[:200]}"
        self.assertLess(response.status_code, 500, f"{label}: {getattr(response, 'content', b'')[:300]!r}")
        try:
            transaction.savepoint_commit(savepoint)
        except DatabaseError:  # a read that PostgreSQL refused, which in real life is no transaction
            transaction.savepoint_rollback(savepoint)
        if response.status_code >= 400:
            if verb != "head":
                self.assert_error(response, response.status_code)
            self.assertEqual(self.counts(), before, f"{label} was refused and left something behind")
        return response

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What is written inside is taken back."""
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
