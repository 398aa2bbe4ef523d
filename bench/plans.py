"""Whether PostgreSQL reads leads by indexes that contain the org, and never the whole table."""

from collections.abc import Iterator
from typing import Any

from django.db import connection

from .seed import TABLES


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def indexes_with_org() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname FROM pg_indexes WHERE indexdef LIKE '%%org_id%%' AND tablename = ANY (%s)", [list(TABLES)]
        )
        return {name for (name,) in cursor.fetchall()}


def faults(statements: list[tuple[str, Any]]) -> list[str]:
    """What is wrong with the plans of these statements; each is planned in the scope of the caller."""
    known, found = indexes_with_org(), []
    for sql, values in statements:
        if '"leads"' not in sql:
            continue
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", values)
            plan = cursor.fetchone()[0][0]["Plan"]
        for node in _nodes(plan):
            if node["Node Type"] == "Seq Scan" and node["Relation Name"] in TABLES:
                found.append(f"Seq Scan on {node['Relation Name']}")
            index = node.get("Index Name", "")
            if index.startswith("leads") and index not in known:
                found.append(f"{index} does not contain the org")
    return found
