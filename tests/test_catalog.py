"""What sharding by org needs, and what isolation rests on, read from the database's own catalog."""

import re
from typing import Any

import psycopg2
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import SimpleTestCase

from common.records.models import MODULES
from common.tenancy.checks import problems
from common.tenancy.owner import owner_connection
from common.tenancy.roles import OWNER
from common.tenancy.tables import TENANT_TABLES
from conftest import administrator, database_named, migrations_digest, run

pytestmark = [pytest.mark.raw_sql, pytest.mark.django_db]

#: Tables of which every node of a sharded database has a copy.
EVERYWHERE = {"orgs", "users"}
COLUMNS = (
    "ARRAY(SELECT attname::text FROM unnest({keys}) WITH ORDINALITY k(n, o)"
    " JOIN pg_attribute ON attrelid = {table} AND attnum = n ORDER BY o)"
)
CONSTRAINTS = f"""
    SELECT conname::text, conrelid::regclass::text, contype::text, confrelid::regclass::text,
        {COLUMNS.format(keys="conkey", table="conrelid")}, {COLUMNS.format(keys="confkey", table="confrelid")},
        confdeltype::text, confupdtype::text, condeferrable, condeferred, convalidated
    FROM pg_constraint WHERE contype IN ('p', 'u', 'f', 'x') AND conrelid::regclass::text = ANY (%(tables)s)
"""
INDEXES = f"""
    SELECT indexrelid::regclass::text, indrelid::regclass::text, {COLUMNS.format(keys="indkey::int2[]", table="indrelid")}
    FROM pg_index WHERE indisunique AND indrelid::regclass::text = ANY (%(tables)s)
"""


def ask(sql: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"tables": sorted(TENANT_TABLES)})
        return cursor.fetchall()


class CatalogTest(SimpleTestCase):
    databases = {"default"}

    def test_every_tenant_table_is_looked_at(self) -> None:
        self.assertEqual({row[1] for row in ask(CONSTRAINTS) if row[2] == "p"}, TENANT_TABLES)
        self.assertGreater(len(TENANT_TABLES), 20)

    def test_primary_keys_are_id_and_org(self) -> None:
        for name, table, kind, _, columns, *_ in ask(CONSTRAINTS):
            if kind == "p":
                with self.subTest(table):
                    self.assertEqual((name, columns), (f"{table}_pkey", ["id", "org_id"]))

    def test_everything_unique_contains_the_org(self) -> None:
        found = ask(INDEXES)
        self.assertGreater(len(found), len(TENANT_TABLES) * 1.5)
        for name, table, columns in found:
            with self.subTest(f"{table}: {name}"):
                self.assertIn("org_id", columns)

    def test_references_carry_the_org(self) -> None:
        inside, outside = 0, 0
        for name, table, kind, target, columns, to, *_ in ask(CONSTRAINTS):
            if kind != "f":
                continue
            with self.subTest(f"{table}: {name}"):
                if target in TENANT_TABLES:
                    self.assertEqual((len(columns), columns[1], to), (2, "org_id", ["id", "org_id"]))
                    inside += 1
                else:
                    self.assertIn(target, EVERYWHERE)
                    outside += 1
        self.assertGreater(inside, 50)
        self.assertGreaterEqual(outside, 15)

    def test_sql_neither_cascades_nor_sets_null_and_checks_at_once(self) -> None:
        for name, table, kind, _, _, _, on_delete, on_update, deferrable, deferred, valid in ask(CONSTRAINTS):
            if kind == "f":
                with self.subTest(f"{table}: {name}"):
                    self.assertEqual((on_delete, on_update), ("a", "a"))
                    self.assertEqual((deferrable, deferred, valid), (True, False, True))

    def test_no_table_outside_refers_to_a_tenants_row(self) -> None:
        sql = """SELECT conname::text, conrelid::regclass::text FROM pg_constraint WHERE contype = 'f'
            AND confrelid::regclass::text = ANY (%(tables)s) AND NOT conrelid::regclass::text = ANY (%(tables)s)"""
        self.assertEqual(ask(sql), [])

    def test_every_table_with_an_org_is_a_tenant_table(self) -> None:
        sql = """SELECT c.relname::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            WHERE a.attname = 'org_id' AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm')
            AND pg_table_is_visible(c.oid)"""
        self.assertEqual({name for (name,) in ask(sql)}, TENANT_TABLES)

    def test_triggers_learn_names_from_their_arguments(self) -> None:
        bodies = dict(
            ask("SELECT proname::text, prosrc FROM pg_proc WHERE prorettype = 'trigger'::regtype AND proname LIKE 'app%%'")
        )
        self.assertEqual(set(bodies), {"app_activity", "app_activity_link", "app_custom_values"})
        for name, body in bodies.items():
            with self.subTest(name):
                self.assertIn("TG_ARGV", body)
                self.assertNotRegex(body, r"TG_TABLE_NAME|TG_RELNAME|TG_RELID")
        triggers = ask("""SELECT tgrelid::regclass::text, tgnargs FROM pg_trigger
            WHERE NOT tgisinternal AND tgrelid::regclass::text = ANY (%(tables)s)""")
        self.assertGreater(len(triggers), 20)
        for table, arguments in triggers:
            self.assertGreaterEqual(arguments, 1, table)

    def test_functions_that_run_as_the_owner_pin_where_they_look(self) -> None:
        functions = ask("""SELECT proname::text, array_to_string(proconfig, ' '), proowner::regrole::text, prosrc FROM pg_proc
            WHERE prosecdef AND pronamespace = 'public'::regnamespace""")
        finding = {f"{model._meta.db_table}_find" for model in MODULES.values()}
        self.assertEqual({name for name, *_ in functions}, {"app_activity", "app_activity_link", "app_search", *finding})
        for name, settings_of, owner, _ in functions:
            with self.subTest(name):
                self.assertEqual(settings_of.partition(" plan_cache_mode=")[0], "search_path=pg_catalog, public, pg_temp")
                self.assertEqual(owner, OWNER)

    def test_views_do_not_read_as_their_owner(self) -> None:
        sql = """SELECT relname::text FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace
            AND NOT coalesce(reloptions, '{}') @> ARRAY['security_invoker=true']"""
        self.assertEqual(ask(sql), [])

    def test_ids_and_times_are_made_in_python(self) -> None:
        sql = """SELECT table_name, column_name, column_default FROM information_schema.columns
            WHERE table_name = ANY (%(tables)s) AND column_default IS NOT NULL"""
        self.assertEqual(ask(sql), [])

    def test_models_and_migrations_agree(self) -> None:
        call_command("makemigrations", check=True, dry_run=True, verbosity=0)


class MigrationsTest(SimpleTestCase):
    """Forwards, all the way back, and forwards again, on a database of their own."""

    databases = {"default"}

    def tables(self) -> set[str]:
        with owner_connection() as owner, owner.cursor() as cursor:
            cursor.execute("""SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'v')
                AND relnamespace = 'public'::regnamespace
                UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace""")
            return {name for (name,) in cursor.fetchall()}

    def everything(self, name: str) -> list[Any]:
        """The schema, as far as it matters here."""
        reader = psycopg2.connect(**{**administrator(), "dbname": name})
        with reader.cursor() as cursor:
            cursor.execute("""SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) FROM pg_constraint
                WHERE connamespace = 'public'::regnamespace
                UNION SELECT tablename, policyname, concat(roles, qual, with_check) FROM pg_policies
                UNION SELECT indrelid::regclass::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
                WHERE indrelid::regclass::text !~ '^pg_'
                UNION SELECT tgrelid::regclass::text, tgname::text, pg_get_triggerdef(oid)
                FROM pg_trigger WHERE NOT tgisinternal UNION SELECT proname::text, proacl::text, pg_get_functiondef(oid)
                FROM pg_proc WHERE pronamespace = 'public'::regnamespace
                UNION SELECT relname::text, relacl::text, relrowsecurity::text FROM pg_class
                WHERE relnamespace = 'public'::regnamespace ORDER BY 1, 2, 3""")
            found = cursor.fetchall()
        reader.close()
        return found

    def test_migrations_go_back_to_nothing_and_forward_again(self) -> None:
        mine, scratch = connection.settings_dict["NAME"], f"{connection.settings_dict['NAME']}_scratch"
        run(administrator(), f'CREATE DATABASE "{scratch}" TEMPLATE "{self.template()}" OWNER {OWNER}')
        try:
            with database_named(scratch):
                before = self.everything(scratch)
                ours = [config.label for config in self.apps_with_tables()]
                for label in ours:
                    call_command("migrate", label, "zero", verbosity=0)
                left = self.tables()
                self.assertFalse(left & TENANT_TABLES, left & TENANT_TABLES)
                self.assertFalse({name for name in left if re.match("app_", name)})
                call_command("migrate", verbosity=0)
                self.assertEqual(self.everything(scratch), before)
                self.assertEqual(problems(connection), [])
        finally:
            with database_named(mine):
                run(administrator(), f'DROP DATABASE "{scratch}" WITH (FORCE)')
            connection.settings_dict["NAME"] = mine

    @staticmethod
    def apps_with_tables() -> list[Any]:
        here = str(settings.BASE_DIR)
        configs = [config for config in apps.get_app_configs() if config.path.startswith(here) and ".venv" not in config.path]
        return [config for config in configs if list(config.get_models()) and config.label != "common"] + [
            apps.get_app_config("common")
        ]

    @staticmethod
    def template() -> str:
        return f"test_crm_{migrations_digest()}_ready"
