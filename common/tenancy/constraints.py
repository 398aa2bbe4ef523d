"""The second and third wall as Django constraints: found by makemigrations, made and undone by migrate.

All of them are written as deferred SQL, at the end of their migration, when every table and key of it stands.
"""

from typing import Any

from django.db.models.constraints import BaseConstraint

ORG_SETTING = "nullif(current_setting('app.org_id', true), '')::uuid"


class DatabaseConstraint(BaseConstraint):
    """A constraint that only the database checks, made by ``sql(model)`` and undone by ``undo(model)``."""

    arguments: tuple[str, ...] = ()

    def __init__(self, *, name: str, **arguments: Any):
        super().__init__(name=name)
        for argument in self.arguments:
            setattr(self, argument, arguments[argument])

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        return path, args, kwargs | {argument: getattr(self, argument) for argument in self.arguments}

    def _identity(self) -> tuple[Any, ...]:
        return (type(self), self.name, *(getattr(self, argument) for argument in self.arguments))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DatabaseConstraint) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash((type(self), self.name))

    def sql(self, model: Any) -> str:
        raise NotImplementedError

    def undo(self, model: Any) -> str:
        raise NotImplementedError

    def create_sql(self, model: Any, schema_editor: Any) -> None:
        schema_editor.deferred_sql.append(self.sql(model))

    constraint_sql = create_sql

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        return self.undo(model)

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """The database checks this one."""


class TenantTable(DatabaseConstraint):
    """Primary key (id, org_id), so that references can carry the org, and the row-level security policies."""

    def sql(self, model: Any) -> str:
        table = model._meta.db_table
        return f"""
            ALTER TABLE "{table}" DROP CONSTRAINT "{table}_pkey", ADD CONSTRAINT "{table}_pkey" PRIMARY KEY (id, org_id);
            ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY;
            CREATE POLICY tenant ON "{table}" TO crm_app USING (org_id = {ORG_SETTING}) WITH CHECK (org_id = {ORG_SETTING});
            CREATE POLICY platform ON "{table}" TO crm_platform USING (true) WITH CHECK (true);
            """

    def create_sql(self, model: Any, schema_editor: Any) -> None:
        schema_editor.deferred_sql.insert(0, self.sql(model))  # references of the same migration need the key

    constraint_sql = create_sql

    def undo(self, model: Any) -> str:
        table = model._meta.db_table
        return f"""
            DROP POLICY tenant ON "{table}"; DROP POLICY platform ON "{table}";
            ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY;
            ALTER TABLE "{table}" DROP CONSTRAINT "{table}_pkey" CASCADE, ADD CONSTRAINT "{table}_pkey" PRIMARY KEY (id);
            """


class TenantReference(DatabaseConstraint):
    """FOREIGN KEY (x_id, org_id): a plain one would accept another org's row, for such checks bypass policies.

    NO ACTION in SQL, since a shard refuses SET NULL; the ORM sets null and cascades. Immediate, so that a violation
    keeps its error class.
    """

    arguments = ("field",)

    def sql(self, model: Any) -> str:
        field = model._meta.get_field(self.field)
        return (
            f'ALTER TABLE "{model._meta.db_table}" ADD CONSTRAINT "{self.name}" FOREIGN KEY ("{field.column}", org_id) '
            f'REFERENCES "{field.remote_field.model._meta.db_table}" (id, org_id) DEFERRABLE INITIALLY IMMEDIATE'
        )

    def undo(self, model: Any) -> str:
        return f'ALTER TABLE "{model._meta.db_table}" DROP CONSTRAINT IF EXISTS "{self.name}"'


class Trigger(DatabaseConstraint):
    """AFTER each row change of a table, ``function(trigger_arguments)``. Names come as arguments: a shard's table has another."""

    function = ""
    events = "INSERT OR UPDATE OR DELETE"

    def trigger_arguments(self, model: Any) -> list[str]:
        raise NotImplementedError

    def sql(self, model: Any) -> str:
        arguments = ", ".join(f"'{argument}'" for argument in self.trigger_arguments(model))
        return (
            f'CREATE TRIGGER activity AFTER {self.events} ON "{model._meta.db_table}" '
            f"FOR EACH ROW EXECUTE FUNCTION {self.function}({arguments})"
        )

    def undo(self, model: Any) -> str:
        return f'DROP TRIGGER activity ON "{model._meta.db_table}"'


class ActivityTrigger(Trigger):
    """Writes a row's changes to the activity stream, but for the columns in ``hidden``."""

    arguments = ("record_type", "hidden")
    function = "app_activity"

    def trigger_arguments(self, model: Any) -> list[str]:
        return [self.record_type, ",".join(self.hidden)]


class ActivityLinkTrigger(Trigger):
    """Writes links made and removed to the activity stream, as changes of field ``label`` of the record."""

    arguments = ("record_type", "label", "source", "target")
    function = "app_activity_link"
    events = "INSERT OR DELETE"

    def trigger_arguments(self, model: Any) -> list[str]:
        columns = [model._meta.get_field(name).column for name in (self.source, self.target)]
        return [self.record_type, self.label, *columns]


class CustomValuesTriggers(DatabaseConstraint):
    """Keep the index of what a record has in its custom fields. Rows without any cost nothing."""

    arguments = ("module",)

    def sql(self, model: Any) -> str:
        table, call = model._meta.db_table, f"FOR EACH ROW WHEN (%s) EXECUTE FUNCTION app_custom_values('{self.module}')"
        return f"""
            CREATE TRIGGER custom_values_made AFTER INSERT ON "{table}" {call % "NEW.custom_fields <> '{}'"};
            CREATE TRIGGER custom_values_changed AFTER UPDATE OF custom_fields ON "{table}"
                {call % "NEW.custom_fields IS DISTINCT FROM OLD.custom_fields"};
            CREATE TRIGGER custom_values_gone AFTER DELETE ON "{table}" {call % "OLD.custom_fields <> '{}'"};
            """

    def undo(self, model: Any) -> str:
        names = ("made", "changed", "gone")
        return "".join(f'DROP TRIGGER IF EXISTS custom_values_{name} ON "{model._meta.db_table}";' for name in names)


#: The best of an org's rows in a table that have every one of ``words``, or words that begin so: at most ``most``, each with
#: how well it matches. Words so common that the {cap} newest rows have enough of them are not looked up: that reads an entry of
#: the index for each row. Of other words {cap} matches are ranked, or ``most``. Each table has its function, whose plan is kept:
#: to plan the search of twenty tables takes longer than to search them. It reads as the owner, as app_search() does.
FIND = """
    CREATE OR REPLACE FUNCTION "{table}_find"(org uuid, words text, most int) RETURNS TABLE (id uuid, rank real)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 5
    SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_generic_plan AS $$
    DECLARE
        query tsquery := app_query(words);
        of_org tsquery := app_org_query(org, query);
    BEGIN
        IF org IS DISTINCT FROM {org} THEN
            RAISE EXCEPTION '{table}_find: not the org of the scope' USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN QUERY WITH newest AS MATERIALIZED (
            SELECT row.id, row.search FROM (
                SELECT one.id, one.search FROM "{table}" one WHERE one.org_id = org AND one.deleted_at IS NULL
                ORDER BY one.created_at DESC, one.id DESC LIMIT {cap}
            ) row WHERE row.search @@ query
        ), hits AS MATERIALIZED (
            SELECT row.id, row.search FROM "{table}" row
            WHERE (SELECT count(*) FROM newest) < most AND app_org_words(row.org_id, row.search) @@ of_org
                AND (row.org_id = org) IS TRUE AND row.deleted_at IS NULL
            LIMIT greatest({cap}, most)
        )
        SELECT newest.id, ts_rank(newest.search, query) FROM newest UNION SELECT hits.id, ts_rank(hits.search, query) FROM hits
        ORDER BY 2 DESC, 1 DESC LIMIT most;
    END $$;
"""
#: So many of a table's newest rows, and of its matches, are looked at.
RANKED = 100


class SearchColumn(DatabaseConstraint):
    """A generated tsvector ``search`` over ``columns`` with its index. Not a model field: nobody should fetch it.

    Of a column of JSON, the texts in it count.
    """

    arguments = ("columns",)

    @staticmethod
    def finding(table: str) -> str:
        """The index of the words, and the function that finds by it."""
        index = f'CREATE INDEX "{table}_search" ON "{table}" USING gin (app_org_words(org_id, search));'
        return index + FIND.format(table=table, cap=RANKED, org=ORG_SETTING)

    @staticmethod
    def not_finding(table: str) -> str:
        return f'DROP FUNCTION IF EXISTS "{table}_find"(uuid, text, int);'

    def sql(self, model: Any) -> str:
        table = model._meta.db_table
        parts = zip(self.columns, "ABBBCCCCDDDDDD", strict=False)
        words = " || ".join(f"setweight({self.words(model._meta.get_field(name))}, '{weight}')" for name, weight in parts)
        return f"""
            ALTER TABLE "{table}" ADD COLUMN search tsvector GENERATED ALWAYS AS ({words}) STORED;
            {self.finding(table)}
            """

    @staticmethod
    def words(field: Any) -> str:
        function = "app_json_words" if field.get_internal_type() == "JSONField" else "app_words"
        return f'{function}("{field.column}")'

    def undo(self, model: Any) -> str:
        table = model._meta.db_table
        return f'{self.not_finding(table)} ALTER TABLE "{table}" DROP COLUMN search'


class OneOf(DatabaseConstraint):
    """Exactly one of the references ``fields`` is set; where none is ``needed``, at most one."""

    arguments = ("fields", "needed")

    def __init__(self, *, name: str, fields: list[str], needed: bool = True):
        super().__init__(name=name, fields=fields, needed=needed)

    def sql(self, model: Any) -> str:
        columns = ", ".join(f'"{model._meta.get_field(name).column}"' for name in self.fields)
        check = f"num_nonnulls({columns}) {'=' if self.needed else '<='} 1"
        return f'ALTER TABLE "{model._meta.db_table}" ADD CONSTRAINT "{self.name}" CHECK ({check})'

    def undo(self, model: Any) -> str:
        return f'ALTER TABLE "{model._meta.db_table}" DROP CONSTRAINT IF EXISTS "{self.name}"'
