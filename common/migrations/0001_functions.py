from pathlib import Path

from django.db import migrations

from common.tenancy.migrations import GroupedMigration

SQL = (Path(__file__).parent / "sql" / "functions.sql").read_text()
UNDO = """
DROP FUNCTION app_search(uuid, text, text, int); DROP FUNCTION app_query(text); DROP FUNCTION app_activity_link();
DROP FUNCTION app_activity(); DROP FUNCTION app_words(text); DROP FUNCTION app_uuid7(); DROP FUNCTION app_enter(text, text); DROP FUNCTION app_enter(text);
"""


class Migration(GroupedMigration):
    initial = True
    operations = [migrations.RunSQL(SQL, UNDO)]
