"""Migrations that render the models' state once for several operations, not after each: all our models are related."""

from itertools import groupby
from typing import Any

from django.db import migrations
from django.db.migrations.operations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    CreateModel,
    RemoveConstraint,
    RemoveField,
    RemoveIndex,
)

#: Operations of one kind that follow each other do not need the state in between.
GROUPED = (AddField, AlterField, CreateModel, RemoveField)
#: These leave fields alone: models made before them serve as well, to all but AlterField, which looks at constraints.
ON_TABLES = (AddConstraint, AddIndex, RemoveConstraint, RemoveIndex)


class GroupedMigration(migrations.Migration):
    """As Django's, with which it shares everything but the time it takes: that grows with the square of the models."""

    def apply(self, project_state: Any, schema_editor: Any, collect_sql: bool = False) -> Any:
        if collect_sql or not self.atomic:
            return super().apply(project_state, schema_editor, collect_sql)
        for _, group in groupby(self.operations, kind_of):
            operations, before = list(group), project_state.clone()
            if isinstance(operations[0], AlterField):
                before.__dict__.pop("apps", None)
            project_state.__dict__.pop("apps", None)
            for operation in operations:
                operation.state_forwards(self.app_label, project_state)
            if isinstance(operations[0], ON_TABLES):
                project_state.__dict__["apps"] = before.apps
            for operation in operations:
                operation.database_forwards(self.app_label, schema_editor, before, project_state)
        return project_state

    def mutate_state(self, project_state: Any, preserve: bool = True) -> Any:
        """Without the models, which would be rendered anew after each operation: on the way back, they have been once."""
        state = project_state.clone() if preserve else project_state
        state.__dict__.pop("apps", None)
        return super().mutate_state(state, preserve=False)

    def unapply(self, project_state: Any, schema_editor: Any, collect_sql: bool = False) -> Any:
        if collect_sql or not self.atomic or not all(operation.reversible for operation in self.operations):
            return super().unapply(project_state, schema_editor, collect_sql)
        steps, after = [], project_state
        for _, group in groupby(self.operations, kind_of):
            operations, before = list(group), after
            after = before.clone()
            after.__dict__.pop("apps", None)
            for operation in operations:
                operation.state_forwards(self.app_label, after)
            steps.append((operations, before, after))
        for operations, before, after in reversed(steps):
            for operation in reversed(operations):
                operation.database_backwards(self.app_label, schema_editor, after, before)
        return project_state


def kind_of(operation: Any) -> Any:
    if isinstance(operation, ON_TABLES):
        return ON_TABLES
    return type(operation) if isinstance(operation, GROUPED) else operation
