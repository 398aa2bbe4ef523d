from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parent / "sql" / "app_find.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("common", "0022_pipelines_of_cases_and_tasks")]
    operations = [migrations.RunSQL(SQL, "DROP FUNCTION app_find(uuid, text, text, int);")]
