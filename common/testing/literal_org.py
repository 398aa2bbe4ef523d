"""A test mode in which a statement that touches a tenant table must carry the org as a literal for each table it names."""

import re
from typing import Any

from common.tenancy import current
from common.tenancy.tables import TENANT_TABLES

TABLES = re.compile(r'(?:FROM|JOIN|UPDATE|INTO)\s+"?(\w+)"?', re.IGNORECASE)
ORG = re.compile(r'org_id"?\s*=\s*(%s|%\(org\)s|\')', re.IGNORECASE)


class NoLiteralOrg(AssertionError):
    """A statement on tenant tables would have to ask every shard."""


def demand_literal_org(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    """A wrapper for ``connection.execute_wrapper``."""
    text = str(sql)
    if not current().platform and not text.startswith("EXPLAIN"):
        named = [table for table in TABLES.findall(text) if table in TENANT_TABLES]
        inserted = len(re.findall(r'INSERT INTO "\w+" \([^)]*"org_id"', text))
        if len(named) > len(ORG.findall(text)) + inserted:
            raise NoLiteralOrg(f"{len(named)} tenant tables, fewer literal orgs: {text}")
    return execute(sql, params, many, context)
