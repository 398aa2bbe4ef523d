from django.db import migrations

from common.tenancy.migrations import GroupedMigration

#: Who calls, in one short statement whose plan is kept: it runs before every request. Row-level security applies to it.
#: Rows are whole, so that a new column needs no new function; the password's hash has no business here.
SQL = """
CREATE FUNCTION app_member(org uuid, person uuid, session uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    found text;
BEGIN
    SELECT json_build_array(row_to_json(p), to_jsonb(u) - 'password', row_to_json(o), row_to_json(r))::text INTO found
        FROM profiles p
        JOIN users u ON u.id = p.user_id AND u.is_active
        JOIN orgs o ON o.id = p.org_id AND o.is_active
        JOIN roles r ON r.id = p.role_id AND r.org_id = org
        WHERE p.user_id = person AND p.org_id = org AND p.is_active
            AND (session IS NULL OR EXISTS (
                SELECT FROM sessions s WHERE s.id = session AND s.user_id = person AND s.ended_at IS NULL));
    RETURN found;
END $$;
"""
UNDO = "DROP FUNCTION app_member(uuid, uuid, uuid)"


class Migration(GroupedMigration):
    dependencies = [("common", "0004_activity_append_only")]
    operations = [migrations.RunSQL(SQL, UNDO)]
