"""Tests with threads: what they write is committed, and taken away again by the owner of the tables."""

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

from django.db import connection
from django.test import TransactionTestCase

from common.tenancy.owner import owner_connection

from .cast import OrgTestCase

#: Made by migrations and needed by every later test.
KEPT = {"django_migrations", "django_content_type", "auth_permission"}


def empty_tables() -> None:
    """TRUNCATE everything, as the owner: the role that serves requests may not."""
    with owner_connection() as owner, owner.cursor() as cursor:
        names = [name for name in owner.introspection.table_names(cursor) if name not in KEPT]
        cursor.execute(f"TRUNCATE {', '.join(owner.ops.quote_name(name) for name in names)} CASCADE")


class CommittedTestCase(TransactionTestCase):
    """The cast of OrgTestCase, committed, so that other connections see it."""

    new_user = staticmethod(OrgTestCase.new_user)
    client_of = OrgTestCase.client_of
    assert_error = OrgTestCase.assert_error

    def setUp(self) -> None:
        self.cast()

    cast = classmethod(OrgTestCase.setUpTestData.__func__)  # type: ignore[attr-defined]
    join = classmethod(OrgTestCase.join.__func__)  # type: ignore[attr-defined]

    def _fixture_teardown(self) -> None:
        empty_tables()

    @staticmethod
    def at_once(*calls: Callable[[], Any]) -> list[Any]:
        """Run ``calls`` in a thread each, all let go at the same moment. What one returns or raises is its result."""
        results: list[Any] = [None] * len(calls)
        gate = Barrier(len(calls))

        def run(index: int, call: Callable[[], Any]) -> None:
            gate.wait()
            try:
                results[index] = call()
            except Exception as error:  # noqa: BLE001 -- handed to the test
                results[index] = error
            finally:
                connection.close()

        threads = [Thread(target=run, args=pair) for pair in enumerate(calls)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results
