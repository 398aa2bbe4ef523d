"""The context: how scopes nest, follow transactions, and stay where they were opened."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from common.records.models import Tag
from common.tenancy import NoOrgScope, all_orgs, current, no_scope, org_scope
from common.tenancy.scope import ScopeError
from common.testing import OrgTestCase
from common.testing.committed import CommittedTestCase

pytestmark = pytest.mark.raw_sql
Lead = apps.get_model("leads.Lead")
WHERE = "SELECT current_user::text, current_setting('app.org_id', true), (SELECT count(*) FROM tags)"


def where() -> tuple[Any, ...]:
    """As the database sees it: role, org, and how many tags are visible."""
    with connection.cursor() as cursor:
        cursor.execute(WHERE)
        return cursor.fetchone()


def fail() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


class ScopeTest(OrgTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        for org, number in ((cls.org, 1), (cls.other, 2)):
            with org_scope(org):
                Tag.objects.bulk_create([Tag(name=f"tag {index}") for index in range(number)])
        cls.ours = ("crm_app", str(cls.org.pk), 1)
        cls.theirs = ("crm_app", str(cls.other.pk), 2)
        cls.nobody = ("crm_app", "", 0)
        cls.platform = ("crm_platform", "", 3)

    def test_scopes_nest_and_come_back(self) -> None:
        self.assertEqual(where(), self.nobody)
        with org_scope(self.org):
            self.assertEqual(where(), self.ours)
            with org_scope(self.other):
                self.assertEqual(where(), self.theirs)
                with no_scope():
                    self.assertEqual(where(), self.nobody)
            self.assertEqual(where(), self.ours)
        self.assertEqual(where(), self.nobody)

    def test_a_scope_ends_with_an_exception(self) -> None:
        with self.assertRaises(ZeroDivisionError), org_scope(self.org):
            raise ZeroDivisionError
        self.assertEqual(where(), self.nobody)

    def test_platform_role_is_back_afterwards(self) -> None:
        with all_orgs():
            self.assertEqual(where(), self.platform)
            with org_scope(self.org):
                self.assertEqual(where(), self.ours)
            self.assertEqual(where(), self.platform)
        self.assertEqual(where(), self.nobody)

    def test_platform_is_not_entered_inside_an_orgs_transaction(self) -> None:
        with org_scope(self.org), transaction.atomic():
            where()
            with self.assertRaises(ScopeError), all_orgs():
                pass
            self.assertEqual(where(), self.ours)

    def test_a_savepoint_that_is_rolled_back_takes_its_scope_along(self) -> None:
        with org_scope(self.org):
            where()
            with org_scope(self.other), transaction.atomic():
                self.assertEqual(where(), self.theirs)
                transaction.set_rollback(True)
            self.assertEqual(where(), self.ours)

    def test_after_an_error_a_rolled_back_savepoint_gives_the_scope_it_had(self) -> None:
        with all_orgs():
            where()
            savepoint = transaction.savepoint()
            with org_scope(self.other):
                self.assertEqual(where(), self.theirs)
                with self.assertRaises(DatabaseError):
                    fail()
                transaction.savepoint_rollback(savepoint)
                self.assertEqual(where(), self.theirs)
        with all_orgs():
            where()
            savepoint = transaction.savepoint()
            with org_scope(self.other):
                where()
                with self.assertRaises(DatabaseError):
                    fail()
                transaction.savepoint_rollback(savepoint)
            with org_scope(self.org):
                self.assertEqual(where(), self.ours)

    def test_an_error_inside_a_savepoint_of_another_scope(self) -> None:
        with org_scope(self.org), transaction.atomic():
            where()
            with self.assertRaises(DatabaseError), transaction.atomic(), org_scope(self.other):
                where()
                fail()
            self.assertEqual(where(), self.ours)
            self.assertEqual(Tag.objects.count(), 1)

    def test_the_org_may_be_a_profile_an_org_or_an_id(self) -> None:
        for given in (self.uma, self.org, self.org.pk, str(self.org.pk)):
            with org_scope(given) as scope:
                self.assertEqual(scope.org_id, self.org.pk)
                self.assertEqual(where(), self.ours)
        with org_scope(self.uma), org_scope(self.org):
            self.assertEqual(current().profile_id, self.uma.pk)
        with org_scope(self.uma), org_scope(self.other):
            self.assertIsNone(current().profile_id)

    def test_what_is_no_id_is_no_org(self) -> None:
        for bad in ("nonsense", "' OR true --", ""):
            with self.assertRaises(ValueError):
                org_scope(bad)

    def test_another_thread_has_no_scope(self) -> None:
        with org_scope(self.org), ThreadPoolExecutor(1) as pool:
            self.assertIsNone(pool.submit(lambda: current().org_id).result())
            with self.assertRaises(NoOrgScope):
                pool.submit(Lead.objects.count).result()

    def test_what_cannot_carry_the_scope_is_refused(self) -> None:
        with org_scope(self.org), connection.cursor() as cursor:
            for call in (
                lambda: cursor.copy_expert("COPY tags TO STDOUT", None),
                lambda: cursor.cursor.copy_to(None, "tags"),
                lambda: cursor.cursor.copy_from(None, "tags"),
                lambda: cursor.cursor.callproc("app_uuid7"),
            ):
                with self.assertRaises(NotImplementedError):
                    call()

    def test_statements_of_every_form_carry_the_scope(self) -> None:
        from psycopg2 import sql

        with connection.cursor() as cursor:
            for statement in ("SELECT count(*) FROM tags", b"SELECT count(*) FROM tags", sql.SQL("SELECT count(*) FROM tags")):
                for org, number in ((self.org, 1), (self.other, 2)):
                    with org_scope(org):
                        cursor.cursor.execute(statement)
                        self.assertEqual(cursor.fetchone(), (number,))


class CommittedScopeTest(CommittedTestCase):
    """Outside any transaction, where each statement is one of its own."""

    def setUp(self) -> None:
        super().setUp()
        for org, number in ((self.org, 1), (self.other, 2)):
            with org_scope(org):
                Tag.objects.bulk_create([Tag(name=f"tag {index}") for index in range(number)])

    def test_each_statement_and_transaction_has_its_scope_and_none_is_left(self) -> None:
        for _ in range(3):
            with org_scope(self.org):
                self.assertEqual(where()[2], 1)
            self.assertEqual(where(), ("crm_app", "", 0))
            with org_scope(self.other), transaction.atomic():
                self.assertEqual((where()[2], where()[2]), (2, 2))
            self.assertEqual(where(), ("crm_app", "", 0))
            with all_orgs():
                self.assertEqual(where(), ("crm_platform", "", 3))
            self.assertEqual(where(), ("crm_app", "", 0))

    def test_a_session_setting_of_somebody_else_is_overruled(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET app.org_id = '{self.org.pk}'")
        self.assertEqual(where(), ("crm_app", "", 0))
        connection.close()

    def test_a_failed_transaction_leaves_no_scope(self) -> None:
        with self.assertRaises(DatabaseError), org_scope(self.org), transaction.atomic():
            fail()
        self.assertEqual(where(), ("crm_app", "", 0))
        with org_scope(self.other):
            self.assertEqual(where()[2], 2)

    def test_a_scope_entered_in_a_transaction_without_one(self) -> None:
        with transaction.atomic():
            self.assertEqual(where(), ("crm_app", "", 0))
            with org_scope(self.org):
                self.assertEqual(where()[2], 1)
            self.assertEqual(where(), ("crm_app", "", 0))

    def test_platform_inside_an_orgs_transaction_is_an_error(self) -> None:
        with org_scope(self.org), transaction.atomic(), self.assertRaises(ScopeError), all_orgs():
            pass

    def test_raw_sql_of_another_thread_sees_nothing(self) -> None:
        with org_scope(self.org):
            (seen,) = self.at_once(where)
        self.assertEqual(seen, ("crm_app", "", 0))

    def test_each_thread_has_its_own_scope(self) -> None:
        def look(org: Any, number: int) -> bool:
            seen = set()
            for _ in range(30):
                with org_scope(org), transaction.atomic():
                    seen.add((where()[2], Tag.objects.count()))
                seen.add((where()[2] + number, number))
            return seen == {(number, number)}

        calls = [lambda o=org, n=number: look(o, n) for org, number in ((self.org, 1), (self.other, 2))] * 4
        self.assertEqual(self.at_once(*calls), [True] * 8)
