"""Whether PostgreSQL reads records by indexes that contain the org, and never a whole table of them."""

from collections.abc import Iterator
from typing import Any

from django.db import connection

from common.records.models import MODULES, Record


def tables() -> list[str]:
    """Those of records, and of their links."""
    records = [model for model in MODULES.values() if issubclass(model, Record)]
    links = [link.remote_field.through for model in records for link in model._meta.many_to_many]  # type: ignore[attr-defined]
    return [model._meta.db_table for model in (*records, *links)]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def filled() -> set[str]:
    """Tables with more rows than PostgreSQL rightly reads whole."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relname = ANY (%s) AND reltuples > 1000", [tables()])
        return {name for (name,) in cursor.fetchall()}


def indexes() -> dict[str, bool]:
    """Those of records and links, and whether they contain the org."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef LIKE '%%org_id%%' FROM pg_indexes WHERE tablename = ANY (%s)",
            [tables()],
        )
        return dict(cursor.fetchall())


def faults(statements: list[tuple[str, Any]]) -> list[str]:
    """What is wrong with the plans of these statements; each is planned in the scope of the caller."""
    known, looked, found = indexes(), filled(), []
    for sql, values in statements:
        if not any(f'"{table}"' in sql for table in looked):
            continue
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", values)
            plan = cursor.fetchone()[0][0]["Plan"]
        for node in _nodes(plan):
            if node["Node Type"] == "Seq Scan" and node["Relation Name"] in looked:
                found.append(f"Seq Scan on {node['Relation Name']}")
            index = node.get("Index Name", "")
            if not known.get(index, True):
                found.append(f"{index} does not contain the org")
    return found
