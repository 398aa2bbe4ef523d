"""The system checks: each hole that a database or a model can have is found, and said with what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import psycopg2
import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db import connection, models
from django.test import SimpleTestCase

from common.base import BaseModel
from common.people.models import Org, User
from common.records.models import Tag
from common.tenancy.checks import gaps, problems
from common.tenancy.fields import TenantManyToManyField
from common.tenancy.owner import owner_connection
from common.tenancy.tables import TENANT_TABLES
from common.testing.administrator import administrator

pytestmark = [pytest.mark.raw_sql, pytest.mark.django_db]


@contextmanager
def changed_database(*statements: str, role: str = "crm_app") -> Iterator[Any]:
    """The test database as an administrator changed it, seen as ``role``; all of it is taken back."""
    changed = psycopg2.connect(**{**administrator(), "dbname": connection.settings_dict["NAME"]})
    try:
        with changed.cursor() as cursor:
            for statement in (*statements, f"SET SESSION AUTHORIZATION {role}"):
                cursor.execute(statement)
        yield changed
    finally:
        changed.rollback()
        changed.close()


class DatabaseChecksTest(SimpleTestCase):
    databases = {"default"}

    def found(self, *statements: str, role: str = "crm_app") -> list[str]:
        with changed_database(*statements, role=role) as changed:
            return problems(changed)

    def test_the_database_as_migrated_has_none(self) -> None:
        self.assertEqual(problems(connection), [])
        self.assertEqual(run_checks(databases=["default"]), run_checks())

    def test_roles_that_could_bypass_are_refused_and_told_what_to_do(self) -> None:
        cases = {
            "is a superuser": (["CREATE ROLE proof SUPERUSER"], "proof"),
            "has BYPASSRLS": (["CREATE ROLE proof BYPASSRLS IN ROLE crm_app"], "proof"),
            'may become "mighty"': (["CREATE ROLE mighty SUPERUSER", "GRANT mighty TO crm_app"], "crm_app"),
            "owns tables": ([], "crm_owner"),
            "No policy is for": (["CREATE ROLE proof"], "proof"),
            "inherits the rights of crm_platform": (["CREATE ROLE proof INHERIT IN ROLE crm_app, crm_platform"], "proof"),
            "may not enter crm_platform": (["REVOKE crm_platform FROM crm_app"], "crm_app"),
        }
        for says, (statements, role) in cases.items():
            with self.subTest(says):
                found = [problem for problem in self.found(*statements, role=role) if says in problem]
                self.assertEqual(len(found), 1)
                self.assertIn("setup_database", found[0])

    def test_holes_in_tables_are_named(self) -> None:
        cases = {
            "Row-level security is off": "ALTER TABLE leads DISABLE ROW LEVEL SECURITY",
            "policies are not exactly": "DROP POLICY tenant ON leads",
            "policies are not exactly those": "CREATE POLICY more ON leads TO crm_app USING (true)",
            "policies are not exactly those of": "ALTER POLICY tenant ON leads USING (true)",
            "policies are not exactly those of a": "ALTER POLICY platform ON leads TO crm_app",
            "may TRUNCATE tables": "GRANT TRUNCATE ON leads TO crm_app",
            "may TRUNCATE tables or put triggers": "GRANT TRIGGER ON leads TO crm_app",
            "Tables are missing": "DROP TABLE leads CASCADE",
            "app_enter is missing": "DROP FUNCTION app_enter(text, text)",
        }
        for says, statement in cases.items():
            with self.subTest(says):
                found = self.found(statement)
                self.assertEqual(len(found), 1, found)
                self.assertIn(says, found[0])
                if "app_enter" not in says:
                    self.assertIn("leads", found[0])

    def test_an_empty_database_is_told_to_migrate(self) -> None:
        statements = ["DROP SCHEMA public CASCADE", "CREATE SCHEMA public"]
        found = " ".join(self.found(*statements))
        self.assertIn("Tables are missing", found)
        self.assertIn("manage.py migrate", found)

    def test_the_owner_who_migrates_is_not_checked(self) -> None:
        with owner_connection():
            self.assertEqual(run_checks(databases=["default"]), run_checks())

    def test_check_command_reports_what_it_finds(self) -> None:
        TENANT_TABLES.add("not_there")
        try:
            with self.assertRaisesMessage(SystemCheckError, "Tables are missing: not_there"):
                call_command("check", databases=["default"], stderr=StringIO())
        finally:
            TENANT_TABLES.discard("not_there")


class ModelChecksTest(SimpleTestCase):
    def codes(self, model: Any) -> set[str]:
        return {code for code, _, _ in gaps(model)}

    @contextmanager
    def declaring(self) -> Iterator[None]:
        """Models declared inside are forgotten afterwards."""
        tables, known = set(TENANT_TABLES), dict(apps.all_models["common"])
        try:
            yield
        finally:
            TENANT_TABLES.intersection_update(tables)
            apps.all_models["common"].clear()
            apps.all_models["common"].update(known)
            apps.clear_cache()

    def test_our_models_have_none(self) -> None:
        self.assertEqual([message for message in run_checks() if str(message.id).startswith("tenancy")], [])

    def test_models_that_forget_the_tenant_are_found(self) -> None:
        with self.declaring():

            class Orphan(models.Model):
                org = models.ForeignKey(Org, models.CASCADE, related_name="+")

            class Outside(models.Model):
                tag = models.ForeignKey(Tag, models.CASCADE, related_name="+")
                tags = models.ManyToManyField(Tag, related_name="+")

            class Plain(BaseModel):
                tag = models.ForeignKey(Tag, models.CASCADE, related_name="+")
                users = models.ManyToManyField(User, related_name="+")

            class Bare(BaseModel):
                pass

            class Good(BaseModel):
                tags = TenantManyToManyField(Tag, related_name="+")

            Bare._meta.constraints = []
            links = Outside.tags.through
            cases = {Orphan: {"E003"}, Outside: {"E005", "E007"}, links: {"E005"}, Plain: {"E006", "E007"}, Bare: {"E004"}}
            for model, codes in cases.items():
                with self.subTest(model.__name__):
                    self.assertEqual(self.codes(model), codes)
            self.assertEqual(sum(1 for _ in gaps(Bare)), 4)
            self.assertEqual(self.codes(Good) | self.codes(Good.tags.through), set())
            TENANT_TABLES.discard(Good.tags.through._meta.db_table)
            self.assertEqual(self.codes(Good.tags.through), {"E004"})


class SetupDatabaseTest(SimpleTestCase):
    databases = {"default"}

    def run_command(self, **options: Any) -> str:
        server, out = administrator(), StringIO()
        user = f"{server['user']}:{server['password']}" if server.get("password") else server["user"]
        url = f"postgres://{user}@{str(server['host']).replace('/', '%2F')}:{server.get('port', 5432)}/postgres"
        call_command("setup_database", admin_url=url, database=connection.settings_dict["NAME"], stdout=out, **options)
        return out.getvalue()

    def test_it_may_be_repeated_and_prints_the_lines_for_env(self) -> None:
        lines = [line for line in self.run_command().splitlines() if line.startswith("DATABASE_")]
        self.assertEqual([line.partition(":")[0] for line in lines], ["DATABASE_URL=postgres", "DATABASE_OWNER_URL=postgres"])
        self.assertIn("//crm_app:", lines[0])
        self.assertIn("//crm_owner:", lines[1])
        self.assertTrue(lines[0].endswith(f"/{connection.settings_dict['NAME']}"))
        self.assertEqual(problems(connection), [])

    def test_without_an_administrator_it_says_what_it_needs(self) -> None:
        with self.assertRaisesMessage(CommandError, "--admin-url"):
            call_command("setup_database", admin_url="")
        with self.assertRaisesMessage(CommandError, "PostgreSQL says"):
            call_command("setup_database", admin_url="postgres://nobody@127.0.0.1:1/postgres")
