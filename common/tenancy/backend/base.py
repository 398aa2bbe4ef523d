"""Django's PostgreSQL backend, which sends the scope in the same message as a transaction's first statement.

A session-level SET would leak between clients of pgbouncer in transaction mode, and a statement of its own would cost a
round trip; a prefix does neither (measured: +5 µs a transaction). Without a scope the empty org is sent, never nothing.
"""

import select
from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.postgresql.features import DatabaseFeatures as PostgresFeatures
from django.db.backends.postgresql.operations import DatabaseOperations as PostgresOperations
from psycopg2 import extensions

from .. import embedded
from ..scope import current
from ..tables import TENANT_TABLES

IDLE = extensions.TRANSACTION_STATUS_IDLE
FAILED = extensions.TRANSACTION_STATUS_INERROR


class ScopedConnection(extensions.connection):
    scoped = True  # False for the owner, who migrates and is no tenant
    entered: Any = None  # the scope sent in this transaction; None when it is not known

    def prefix(self, statement: str) -> str:
        """What to send before ``statement`` so that it runs in the current scope."""
        status = self.get_transaction_status()
        if statement.startswith("ROLLBACK TO"):
            self.entered = None  # settings and role go back with the savepoint, after an error too
            return ""
        if not self.scoped or status == FAILED:
            return ""
        scope = current()
        if status == IDLE:
            self.entered = scope
            return scope.read_sql if self.autocommit and statement.startswith("SELECT ") else scope.enter_sql
        if self.entered is scope:
            return ""
        known, self.entered = self.entered, scope
        if known is None or known.platform:
            return "RESET ROLE;" + scope.enter_sql
        return scope.enter_sql


class ScopedCursor(extensions.cursor):
    def execute(self, query: Any, vars: Any = None) -> None:
        if not isinstance(query, str):
            query = query.as_string(self) if hasattr(query, "as_string") else bytes(query).decode()
        super().execute(self.connection.prefix(query) + query, vars)

    def executemany(self, query: Any, vars_list: Any) -> None:
        for params in vars_list:
            self.execute(query, params)

    def refuse(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("This cannot carry the scope; use execute() or bulk_create().")

    copy_expert = copy_from = copy_to = callproc = refuse


class DatabaseOperations(PostgresOperations):
    compiler_module = "common.tenancy.backend.compiler"

    def deferrable_sql(self) -> str:
        """Checked at once, so that a violation keeps its error class and place; deferring stays possible."""
        return " DEFERRABLE INITIALLY IMMEDIATE"


class DatabaseFeatures(PostgresFeatures):
    def allows_group_by_selected_pks_on_model(self, model: Any) -> bool:
        """In the database the key is (id, org_id), so the other columns do not follow from ``id`` alone."""
        return model._meta.db_table not in TENANT_TABLES and super().allows_group_by_selected_pks_on_model(model)


class DatabaseWrapper(base.DatabaseWrapper):
    features_class = DatabaseFeatures
    ops_class = DatabaseOperations

    def get_connection_params(self) -> dict[str, Any]:
        params = super().get_connection_params()
        if params.pop("embedded", False):
            params["host"] = embedded.socket_directory()
        self.scoped = params.pop("scoped", True)
        return params | {"connection_factory": ScopedConnection, "cursor_factory": ScopedCursor}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        connection.scoped = self.scoped
        return connection

    def is_usable(self) -> bool:
        """A server that went away has closed the socket, which can be seen without asking it."""
        try:
            quiet = not select.select([self.connection.fileno()], [], [], 0)[0]
        except (self.Database.Error, OSError, ValueError):
            return False
        return (quiet and not self.connection.closed) or super().is_usable()
