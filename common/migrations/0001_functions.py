from pathlib import Path

from django.db import migrations

from common.tenancy.migrations import GroupedMigration

FILES = Path(__file__).parent / "sql"
SQL = (FILES / "functions.sql").read_text() + (FILES / "words_of_org.sql").read_text()
UNDO = """
DROP FUNCTION IF EXISTS app_org_words(uuid, tsvector); DROP FUNCTION IF EXISTS app_org_query(uuid, tsquery);
DROP FUNCTION app_search(uuid, text, text, int); DROP FUNCTION app_query(text); DROP FUNCTION app_activity_link();
DROP FUNCTION app_activity(); DROP FUNCTION app_words(text); DROP FUNCTION app_uuid7(); DROP FUNCTION app_enter(text, text); DROP FUNCTION app_enter(text);
"""


class Migration(GroupedMigration):
    initial = True
    operations = [migrations.RunSQL(SQL, UNDO)]
