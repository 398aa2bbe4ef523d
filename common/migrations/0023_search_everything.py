"""Each table with words gets an index of them by org, and a function that finds the best of its rows."""

from pathlib import Path
from typing import Any

from django.db import migrations

from common.tenancy.constraints import SearchColumn

SQL = Path(__file__).parent / "sql"
WORDS = (SQL / "words_of_org.sql").read_text()
BY_ORG = (SQL / "search_by_org.sql").read_text()
_, _, OF_ALL_ORGS = (SQL / "functions.sql").read_text().partition("CREATE FUNCTION app_search")
BACK = f"CREATE OR REPLACE FUNCTION app_search{OF_ALL_ORGS.replace('public, pg_catalog', 'pg_catalog, public, pg_temp')}"
SEARCHED = "SELECT tablename FROM pg_indexes WHERE schemaname = current_schema() AND indexname = tablename || '_search' AND {}"


def searched(editor: Any, condition: str) -> list[str]:
    with editor.connection.cursor() as cursor:
        cursor.execute(SEARCHED.format(condition))
        return [table for (table,) in cursor.fetchall()]


def by_org(apps: Any, editor: Any) -> None:
    for table in searched(editor, "indexdef NOT LIKE '%app_org_words%'"):
        editor.execute(f'DROP INDEX "{table}_search"; {SearchColumn.finding(table)}', params=None)


def of_all_orgs(apps: Any, editor: Any) -> None:
    for table in searched(editor, "indexdef LIKE '%app_org_words%'"):
        drop = f'{SearchColumn.not_finding(table)} DROP INDEX "{table}_search";'
        editor.execute(f'{drop} CREATE INDEX "{table}_search" ON "{table}" USING gin (search)', params=None)


class Migration(migrations.Migration):
    dependencies = [("common", "0022_pipelines_of_cases_and_tasks")]
    operations = [
        migrations.RunSQL(WORDS, migrations.RunSQL.noop),
        migrations.RunPython(by_org, of_all_orgs),
        migrations.RunSQL(BY_ORG, BACK),
    ]
