"""Every record type's custom fields become searchable and filterable: one migration, since it is the same for each."""

from typing import Any

from django.db import migrations

from common.tenancy.migrations import GroupedMigration
from django.db.migrations.operations.base import Operation

from common.tenancy.constraints import CustomValuesTriggers, SearchColumn

APPS = (
    "accounts", "boards", "cases", "contacts", "custom_objects", "documents", "emails", "events", "invoices", "leads",
    "opportunity", "planner", "tasks",
)  # fmt: skip
#: The name in paths where it is not the plural of the model's.
MODULES = {"plan": "planner", "customrecord": "objects"}
FILL = """
    INSERT INTO custom_values (id, org_id, module, record_id, key, value, number)
    SELECT gen_random_uuid(), org_id, '{module}', record.id, left(field.key, 60), left(one #>> '{{}}', 200),
        CASE WHEN one #>> '{{}}' ~ '^-?[0-9]{{1,15}}([.][0-9]+)?$' THEN (one #>> '{{}}')::float8 END
    FROM "{table}" record
    CROSS JOIN LATERAL jsonb_each(record.custom_fields) field
    CROSS JOIN LATERAL jsonb_array_elements(
        CASE jsonb_typeof(field.value) WHEN 'array' THEN field.value ELSE jsonb_build_array(field.value) END) one
    WHERE record.custom_fields <> '{{}}' AND jsonb_typeof(one) IN ('string', 'number', 'boolean')
"""


class OnEachRecordType(Operation):
    """The same constraints for the models of other apps, at once: making all models anew for each takes minutes."""

    reversible = True

    def changes(self, state: Any) -> Any:
        """``(app, model, search as it was, as it becomes, triggers)`` for each model whose custom fields nothing looks into."""
        for (app, name), model in sorted(state.models.items()):
            search = next((one for one in model.options.get("constraints", []) if isinstance(one, SearchColumn)), None)
            if app not in APPS or "custom_fields" not in model.fields or search is None or "custom_fields" in search.columns:
                continue
            wider = SearchColumn(name=search.name, columns=[*search.columns, "custom_fields"])
            module = MODULES.get(name) or str(model.options.get("verbose_name_plural", f"{name}s"))
            yield app, name, search, wider, CustomValuesTriggers(name=f"{model.options['db_table']}_custom_values", module=module)

    def state_forwards(self, app_label: str, state: Any) -> None:
        for app, name, search, wider, triggers in list(self.changes(state)):
            options = state.models[app, name].options
            options["constraints"] = [one for one in options["constraints"] if one != search] + [wider, triggers]
        state.__dict__.pop("apps", None)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for app, name, search, wider, triggers in self.changes(from_state):
            model = to_state.apps.get_model(app, name)
            schema_editor.remove_constraint(model, search)
            schema_editor.add_constraint(model, wider)
            schema_editor.add_constraint(model, triggers)
            schema_editor.execute(FILL.format(module=triggers.module, table=model._meta.db_table), params=None)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for app, name, search, wider, triggers in self.changes(to_state):
            model = to_state.apps.get_model(app, name)
            schema_editor.remove_constraint(model, triggers)
            schema_editor.remove_constraint(model, wider)
            schema_editor.add_constraint(model, search)


class Migration(GroupedMigration):
    dependencies = [("common", "0020_custom_fields"), ("invoices", "0002_lines_and_payments"), *((app, "0001_initial") for app in APPS)]
    operations = [OnEachRecordType()]
