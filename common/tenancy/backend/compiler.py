"""The first wall: every query block that touches a tenant table carries the org, read when the SQL is compiled.

It stands below managers, so it also covers save(), delete(), cascades, refresh_from_db(), foreign keys and prefetches.
The condition is added to the SQL, never to the query object: a queryset kept in a class serves every org.
"""

from contextlib import suppress
from typing import Any

from django.core.exceptions import FullResultSet
from django.db.models.sql import compiler
from django.db.models.sql.datastructures import BaseTable, Join
from django.db.models.sql.where import WhereNode

from ..scope import NoOrgScope, current
from ..tables import TENANT_TABLES


def org_to_add(table: str) -> str | None:
    """The org that rows of ``table`` must have; None where none is asked for. Raises NoOrgScope outside a scope."""
    if table not in TENANT_TABLES:
        return None
    scope = current()
    if scope.org_id is None:
        if scope.platform:
            return None
        raise NoOrgScope(f"Open org_scope(org) before touching rows of {table}.")
    return scope.org


class InOrg:
    """A condition, or none, held to the org: ``<alias>.org_id = <the org> AND (<condition>)``, for each of the aliases."""

    contains_aggregate = contains_over_clause = False

    def __init__(self, aliases: list[str], org: str, condition: Any):
        self.aliases, self.org, self.condition = aliases, org, condition

    def as_sql(self, sql_compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        quote = sql_compiler.quote_name_unless_alias
        sql = " AND ".join([f'{quote(alias)}."org_id" = %s' for alias in self.aliases])
        params = [self.org] * len(self.aliases)
        if self.condition:
            with suppress(FullResultSet):
                more, more_params = self.condition.as_sql(sql_compiler, connection)
                return f"{sql} AND ({more})", [*params, *more_params]
        return sql, params


def in_org(query: Any, condition: Any) -> Any:
    """``condition`` as it must be for the rows of ``query``."""
    aliases, org = [], ""
    for alias, table in query.alias_map.items():
        if query.alias_refcount[alias] and isinstance(table, BaseTable) and (found := org_to_add(table.table_name)):
            aliases.append(alias)
            org = found
    return InOrg(aliases, org, condition) if aliases else condition


def guarded(query: Any) -> Any:
    """A copy of an UPDATE or DELETE query that keeps to the org."""
    query.get_initial_alias()
    where = in_org(query, query.where)
    if where is not query.where:
        query = query.clone()
        query.where = WhereNode([where])
    return query


class SQLCompiler(compiler.SQLCompiler):
    def pre_sql_setup(self, *args: Any, **kwargs: Any) -> Any:
        setup = super().pre_sql_setup(*args, **kwargs)
        if self.query.extra_tables and (tables := TENANT_TABLES.intersection(self.query.extra_tables)):
            raise NoOrgScope(f"extra(tables=…) cannot keep to an org: {', '.join(sorted(tables))}.")
        self.where = in_org(self.query, self.where)
        return setup

    def get_from_clause(self) -> Any:
        if len(self.query.alias_map) > 1:
            self.compile = self.compile_join  # for the joins only: most queries have none
            try:
                return super().get_from_clause()
            finally:
                del self.compile
        return super().get_from_clause()

    def compile_join(self, node: Any) -> Any:
        sql, params = super().compile(node)
        if isinstance(node, Join) and (org := org_to_add(node.table_name)):
            alias = self.quote_name_unless_alias(node.table_alias)
            return f'{sql.removesuffix(")")} AND {alias}."org_id" = %s)', [*params, org]
        return sql, params


class SQLInsertCompiler(compiler.SQLInsertCompiler, SQLCompiler):
    def as_sql(self) -> Any:
        org_to_add(self.query.get_meta().db_table)
        return super().as_sql()


class SQLDeleteCompiler(compiler.SQLDeleteCompiler, SQLCompiler):
    def _as_sql(self, query: Any) -> Any:
        return super()._as_sql(guarded(query))


class SQLUpdateCompiler(compiler.SQLUpdateCompiler, SQLCompiler):
    def pre_sql_setup(self) -> None:
        super().pre_sql_setup()
        self.query = guarded(self.query)


class SQLAggregateCompiler(compiler.SQLAggregateCompiler, SQLCompiler):
    pass
