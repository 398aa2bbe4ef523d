"""The second wall, with the first taken away: raw SQL, which the compiler never sees, as the role that serves requests."""

from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from common.records.models import MODULES, Tag
from common.tenancy import all_orgs, org_scope
from common.tenancy.tables import TENANT_TABLES
from common.testing import OrgTestCase
from common.testing.rows import one_of_each

pytestmark = pytest.mark.raw_sql
Lead = apps.get_model("leads.Lead")
REFUSED = "42501"  # insufficient_privilege


def rows(sql: str, *values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def changed(sql: str, *values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.rowcount


class PolicyTestCase(OrgTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.theirs, cls.rows = one_of_each(cls.mallory, "theirmarker"), one_of_each(cls.alice, "ourmarker")

    def assert_refused(self, sql: str, *values: Any, code: str = REFUSED) -> None:
        with self.assertRaises(DatabaseError) as caught, transaction.atomic():
            changed(sql, *values)
        self.assertEqual(caught.exception.__cause__.pgcode, code, caught.exception)


class PolicyTest(PolicyTestCase):
    def test_the_role_of_requests_is_bound(self) -> None:
        self.assertEqual(rows("SELECT session_user::text, current_user::text"), [("crm_app", "crm_app")])

    def test_every_table_shows_only_the_rows_of_the_scope(self) -> None:
        for table in sorted(TENANT_TABLES):
            with self.subTest(table):
                with all_orgs():
                    orgs = {org for (org,) in rows(f'SELECT DISTINCT org_id FROM "{table}"')}
                self.assertEqual(orgs, {self.org.pk, self.other.pk}, "a test with nothing to leak")
                for org in orgs:
                    with org_scope(org):
                        self.assertEqual(rows(f'SELECT DISTINCT org_id FROM "{table}"'), [(org,)])
                self.assertEqual(rows(f'SELECT org_id FROM "{table}"'), [])

    def test_joins_counts_and_functions_see_no_more(self) -> None:
        with org_scope(self.alice):
            sql = "SELECT count(*) FROM leads FULL JOIN tags ON true WHERE leads.org_id = %s OR tags.org_id = %s"
            self.assertEqual(rows(sql, self.other.pk, self.other.pk), [(0,)])
            self.assertEqual(rows("SELECT count(*) FROM activity WHERE changes::text LIKE '%%theirmarker%%'"), [(0,)])

    def test_other_orgs_rows_cannot_be_written(self) -> None:
        theirs = self.theirs[Tag]
        with org_scope(self.alice):
            self.assertEqual(changed("UPDATE tags SET name = 'taken' WHERE id = %s", theirs.pk), 0)
            self.assertEqual(changed("DELETE FROM tags WHERE id = %s", theirs.pk), 0)
            self.assertEqual(changed("UPDATE tags SET name = name || '!'"), 1)
        with org_scope(self.mallory):
            self.assertEqual(rows("SELECT name FROM tags"), [("theirmarker",)])

    def test_no_row_can_be_put_or_moved_into_another_org(self) -> None:
        columns = "id, org_id, created_at, updated_at, name, color"
        insert = f"INSERT INTO tags ({columns}) VALUES (app_uuid7(), %s, now(), now(), 'x', '#000000')"
        with org_scope(self.alice):
            self.assert_refused(insert, self.other.pk)
            self.assert_refused("UPDATE tags SET org_id = %s", self.other.pk)
            self.assertEqual(changed(insert, self.org.pk), 1)
        self.assert_refused(insert, self.org.pk)

    def test_app_search_answers_only_for_the_org_of_the_scope(self) -> None:
        search = "SELECT app_search(%s, 'leads', 'theirmarker', 10)"
        with org_scope(self.alice):
            self.assert_refused(search, self.other.pk)
            self.assertEqual(rows(search, self.org.pk), [])
        self.assert_refused(search, self.other.pk)
        with org_scope(self.mallory):
            self.assertEqual(rows(search, self.other.pk), [(self.theirs[Lead].pk,)])

    def test_what_finds_the_best_of_a_table_answers_only_for_the_org_of_the_scope(self) -> None:
        for model in MODULES.values():
            find = f"SELECT id FROM \"{model._meta.db_table}_find\"(%s, 'theirmarker', 5)"
            with self.subTest(model=model), org_scope(self.alice):
                self.assert_refused(find, self.other.pk)
                self.assertEqual(rows(find, self.org.pk), [])
            with self.subTest(model=model), org_scope(self.mallory):
                self.assertEqual(rows(find, self.other.pk), [(self.theirs[model].pk,)])
        self.assert_refused(find, self.other.pk)

    def test_tables_cannot_be_emptied_dropped_or_changed(self) -> None:
        with org_scope(self.alice):
            for sql in (
                "TRUNCATE leads",
                "DROP TABLE leads",
                "ALTER TABLE leads DISABLE ROW LEVEL SECURITY",
                "DROP POLICY tenant ON leads",
                "CREATE POLICY mine ON leads USING (true)",
                "CREATE TRIGGER mine BEFORE INSERT ON leads FOR EACH ROW EXECUTE FUNCTION app_activity()",
                "ALTER TABLE leads DISABLE TRIGGER activity",
                "SET session_replication_role = replica",
                "SET ROLE crm_owner",
                "CREATE TABLE mine (id int)",
                "ALTER FUNCTION app_activity() SECURITY INVOKER",
            ):
                with self.subTest(sql):
                    self.assert_refused(sql)

    def test_row_security_cannot_be_switched_off(self) -> None:
        with org_scope(self.alice):
            self.assert_refused("SET LOCAL row_security = off; SELECT * FROM leads")

    def test_a_forged_parameter_of_a_prepared_statement_reads_nothing(self) -> None:
        with org_scope(self.alice):
            changed("PREPARE look (uuid) AS SELECT name::text FROM leads WHERE org_id = $1")
            self.assertEqual(rows("EXECUTE look (%s)", self.other.pk), [])
            self.assertEqual(rows("EXECUTE look (%s)", self.org.pk), [("ourmarker",)])
        self.assertEqual(rows("EXECUTE look (%s)", self.other.pk), [])
        changed("DEALLOCATE look")

    def test_the_first_statement_of_a_scope_may_be_anything(self) -> None:
        with org_scope(self.mallory):
            rows("SELECT 1")
        for sql in ("SELECT name FROM tags", "WITH t AS (SELECT name FROM tags) SELECT * FROM t", "TABLE tags"):
            with org_scope(self.alice):
                self.assertNotIn("theirmarker", str(rows(sql)))


class ActivityIsAppendOnlyTest(PolicyTestCase):
    def test_activity_is_read_only_even_for_the_platform(self) -> None:
        insert = "INSERT INTO activity SELECT * FROM activity LIMIT 1"
        for scope in (org_scope(self.alice), all_orgs()):
            with scope:
                before = rows("SELECT count(*) FROM activity")
                for sql in ("UPDATE activity SET source = 'x'", "DELETE FROM activity", insert, "TRUNCATE activity"):
                    with self.subTest(sql):
                        self.assert_refused(sql)
                self.assertEqual(rows("SELECT count(*) FROM activity"), before)
                self.assertGreater(before[0][0], 0)

    def test_a_temporary_table_does_not_take_the_streams_place(self) -> None:
        with org_scope(self.alice):
            before = rows("SELECT count(*) FROM public.activity")[0][0]
            changed("CREATE TEMP TABLE activity (LIKE public.activity)")
            changed("CREATE TEMP TABLE leads (LIKE public.leads INCLUDING ALL)")
            changed("UPDATE public.tags SET name = 'renamed'")
            self.assertEqual(rows("SELECT count(*) FROM public.activity")[0][0], before + 1)
            self.assertEqual(rows("SELECT count(*) FROM pg_temp.activity"), [(0,)])
            self.assertEqual(rows("SELECT app_search(%s, 'leads', 'ourmarker', 9)", self.org.pk), [(self.rows[Lead].pk,)])
            changed("DROP TABLE pg_temp.activity, pg_temp.leads")
