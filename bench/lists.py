"""Records of any type, read by hand: SQL that is made once, one statement for each kind of link."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import models

from common.records.models import StagedRecord

from .floors import NEWEST, Floor, dumps

LINE = "product_id AS product, description, discount_type, tax_id AS tax, tax_name"


def amount(column: str, places: str = "places") -> str:
    return f"round({column}, greatest(min_scale({column}), {places})::int)::text"


def amounts(*names: str, places: str = "places") -> str:
    return ", ".join(f"{amount(name, places)} AS {name}" for name in names)


@dataclass
class Rows:
    """What is nested in a record: rows of ``table`` whose ``reference`` it is. ``first``: only the first of them."""

    table: str
    reference: str
    columns: str
    order: str
    first: bool = False

    def sql(self) -> str:
        distinct = f"DISTINCT ON ({self.reference}) " if self.first else ""
        order = f"{self.reference}, {self.order}" if self.first else self.order
        return f"SELECT {distinct}{self.reference}, {self.columns} FROM {self.table} x " + (
            f"WHERE org_id = %s AND {self.reference} = ANY (%s::uuid[]) ORDER BY {order}"
        )


LINES = ", ".join([LINE, amounts("price", "subtotal", "discount_amount", "tax_amount", "total"),
                   amounts("quantity", "discount", "tax_percent", places="0")])  # fmt: skip
NESTED = {
    ("invoices", "lines"): Rows("invoice_lines", "invoice_id", LINES, "position"),
    ("invoices", "payments"): Rows(
        "payments", "invoice_id", f"id, paid_on, method, reference, {amounts('amount')}", "paid_on, id"
    ),
    ("opportunities", "lines"): Rows("opportunity_lines", "opportunity_id", LINES, "position"),
    ("tasks", "checklist"): Rows("checklist_items", "task_id", "id, text, done", "position, id"),
    ("events", "participants"): Rows(
        "event_participants", "event_id",
        "id, name, email, response, profile_id AS profile, contact_id AS contact, lead_id AS lead, responded_at", "id",
    ),
    ("boards", "columns"): Rows(
        "board_columns", "board_id",
        "id, name, position, wip_limit, (SELECT count(*) FROM cards WHERE org_id = x.org_id AND column_id = x.id) AS cards",
        "position, id",
    ),
    ("documents", "newest"): Rows(
        "document_versions", "document_id", "number, file_name, size, content_type", "number DESC", first=True
    ),
}  # fmt: skip
OPEN_TOO_LONG = """EXISTS (SELECT FROM stage_limits l WHERE l.org_id = r.org_id AND l.stage_id = r.stage_id AND s.kind = 'open'
    AND l.days * interval '1 day' < now() - r.stage_entered_at)"""
RECURRENCE = """(SELECT jsonb_build_object('rule', rule, 'starts_on', starts_on, 'next_on', next_on, 'days_to_pay', days_to_pay,
    'send', send) FROM recurring_invoices x WHERE x.org_id = r.org_id AND x.template_id = r.id)"""
AUTHOR = (
    """(SELECT u.name FROM profiles p JOIN users u ON u.id = p.user_id WHERE p.org_id = r.org_id AND p.id = r.created_by_id)"""
)
#: What is in a record and no column of its own.
COMPUTED = {
    **{(table, "author"): AUTHOR for table in ("comments", "interactions")},
    ("contacts", "name"): "btrim(r.first_name || ' ' || r.last_name)",
    ("objects", "object"): "o.key",
    ("opportunities", "rotting"): OPEN_TOO_LONG,
    ("opportunities", "expected_revenue"): "round(r.amount * coalesce(r.probability, 0) / 100, 2)::text",
    **{
        ("invoices", name): amount(f"r.{name}", "r.places")
        for name in ("subtotal", "discount", "tax", "total", "paid", "credited")
    },
    ("invoices", "balance"): amount("(r.total - r.paid - r.credited)", "r.places"),
    ("invoices", "recurrence"): RECURRENCE,
    ("invoices", "public_url"): f"nullif('{settings.DOMAIN_NAME}/i/' || r.public_token || '/', '{settings.DOMAIN_NAME}/i//')",
}
JOINS = {"objects": "JOIN custom_objects o ON o.id = r.object_id AND o.org_id = r.org_id AND o.key = 'student'"}
#: Where the address of a list is not the module's name.
ADDRESSES = {"objects": "objects/student"}
#: What has to be there, or there is no such list.
ASKED_FIRST = {"objects": "SELECT id FROM custom_objects WHERE org_id = %s AND key = 'student'"}
OF_STAGE = {"status": "s.name", "pipeline": "s.pipeline_id"}
STAGE = "JOIN stages s ON s.id = r.stage_id AND s.org_id = r.org_id"


class Shape:
    """Rows of one model, with the fields ``names``: one statement for them, and one for each kind of link."""

    def __init__(self, floor: Floor, model: Any, names: list[str]):
        self.floor, self.model, self.module = floor, model, getattr(model, "module", model._meta.db_table)
        module = self.module
        self.fields = {field.name: field for field in self.model._meta.get_fields()}
        self.links = [name for name in names if getattr(self.fields.get(name), "many_to_many", False)]
        self.nested = [name for name in names if (module, name) in NESTED]
        self.names = [name for name in names if name not in (*self.links, *self.nested)]
        columns = ", ".join(self.column(name) for name in self.names)
        joins = f"{STAGE if self.is_staged else ''} {JOINS.get(module, '')}"
        self.sql = f"SELECT {columns} FROM {self.model._meta.db_table} r {joins} WHERE r.org_id = %s AND "
        self.statements = {name: self.link(self.fields[name].remote_field.through, self.fields[name]) for name in self.links}

    @property
    def is_staged(self) -> bool:
        return issubclass(self.model, StagedRecord)

    def column(self, name: str) -> str:
        if sql := COMPUTED.get((self.module, name)) or (OF_STAGE.get(name) if self.is_staged else None):
            return sql
        field = self.fields[name]
        return f'r."{field.column}"{"::text" if isinstance(field, models.DecimalField) else ""}'

    @staticmethod
    def link(through: Any, field: Any) -> str:
        source, target = (through._meta.get_field(one()).column for one in (field.m2m_field_name, field.m2m_reverse_field_name))
        return (
            f"SELECT {source}, {target} FROM {through._meta.db_table} "
            f"WHERE org_id = %s AND {source} = ANY (%s::uuid[]) ORDER BY {target}"
        )

    def page(self, following: str) -> bytes:
        """The newest fifty, of which the next are at ``following``."""
        if sql := ASKED_FIRST.get(self.module):
            self.floor.ask(sql, self.floor.org)
        found = self.rows(f"r.deleted_at IS NULL {NEWEST.replace('l.', 'r.')} LIMIT 51")
        return dumps({"next": following if len(found) > 50 else None, "previous": None, "results": found[:50]})

    def rows(self, condition: str, *values: Any) -> list[dict[str, Any]]:
        ask, org = self.floor.ask, self.floor.org
        found = [dict(zip(self.names, row, strict=True)) for row in ask(self.sql + condition, org, *values)]
        rows = {row["id"]: row for row in found}
        listed = f"{{{','.join(rows)}}}"
        for name in (*self.links, *self.nested):
            for row in rows.values():
                row[name] = []
        for name, sql in self.statements.items():
            for pk, target in ask(sql, org, listed):
                rows[pk][name].append(target)
        for name in self.nested:
            self.nest(rows, name, org, listed)
        return found

    def nest(self, rows: dict[str, Any], name: str, org: str, listed: str) -> None:
        nested = self.floor.ask(NESTED[self.module, name].sql(), org, listed)
        names = [column.name for column in self.floor.cursor.description][1:]
        for pk, *values in nested:
            rows[pk][name].append(dict(zip(names, values, strict=True)))
