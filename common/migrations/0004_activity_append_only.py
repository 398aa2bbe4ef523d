from django.db import migrations

from common.tenancy.migrations import GroupedMigration

from common.tenancy.roles import APP, PLATFORM

#: Only the triggers write the stream, and they run as the owner. Temporary tables come last in what those look up, or a
#: session could put a table of its own in the place of "activity".
APPEND_ONLY = f"""
REVOKE ALL ON activity FROM {APP}, {PLATFORM};
GRANT SELECT ON activity TO {APP}, {PLATFORM};
ALTER FUNCTION app_activity() SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION app_activity_link() SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION app_search(uuid, text, text, int) SET search_path = pg_catalog, public, pg_temp;
"""
UNDO = f"""
GRANT INSERT, UPDATE, DELETE ON activity TO {APP}, {PLATFORM};
ALTER FUNCTION app_activity() SET search_path = public, pg_catalog;
ALTER FUNCTION app_activity_link() SET search_path = public, pg_catalog;
ALTER FUNCTION app_search(uuid, text, text, int) SET search_path = public, pg_catalog;
"""


class Migration(GroupedMigration):
    dependencies = [("common", "0003_comments_of_records")]
    operations = [migrations.RunSQL(APPEND_ONLY, UNDO)]
