"""What a careful hand would write with no framework at all: psycopg2, SQL that names the org, and orjson.

Row-level security is on, and the scope travels in the message of each transaction's first statement, as it must. An
answer has the same fields as the API's, and the benchmark refuses to run where the two are not equal.
"""

import base64
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import orjson
import psycopg2
from psycopg2.extensions import new_array_type, new_type, register_type
from psycopg2.extras import register_default_jsonb
from uuid_utils import uuid7

from common.records.rank import last_rank
from common.tenancy import org_scope

from . import database

NAMES = (
    "id org created_at updated_at created_by updated_by custom_fields external_id stage card_order name company email phone "
    "value currency notes source website title address probability close_date converted_at converted_account converted_contact "
    "converted_opportunity"
).split()
_COLUMNS = {name: f"{name}_id" for name in NAMES if name in ("org", "stage", "created_by", "updated_by") or "converted_" in name}
_COLUMNS |= {"value": "value::float8", "converted_at": "converted_at"}
COLUMNS = ", ".join(_COLUMNS.get(name, name) for name in NAMES)
OF_LEAD = ", ".join(f"l.{_COLUMNS.get(name, name)}" for name in NAMES) + ", s.name, s.pipeline_id"
NAMES_OF_LEAD = [*NAMES, "status", "pipeline"]
FROM = "FROM leads l JOIN stages s ON s.id = l.stage_id AND s.org_id = l.org_id"
LINKS = {
    "assigned_to": ("leads_assigned_to", "profile_id"),
    "teams": ("leads_teams", "team_id"),
    "tags": ("leads_tags", "tag_id"),
}
#: Ids as text, which needs no object for each; Django has registered UUID for every connection.
TEXT_UUID = new_type((2950,), "text_uuid", psycopg2.STRING)
TEXT_UUIDS = new_array_type((2951,), "text_uuids", TEXT_UUID)
NEWEST = "ORDER BY l.created_at DESC, l.id DESC"


def dumps(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


def cursor_of(moment: Any, pk: str) -> str:
    return quote(base64.urlsafe_b64encode(orjson.dumps([str(moment), pk])).decode().rstrip("="))


class Floor:
    """The paths, by hand, for one person in one org."""

    def __init__(self, profile: Any):
        self.org, self.person = str(profile.org_id), str(profile.pk)
        with org_scope(profile, source="api", request_id="bench") as scope:
            self.enter = scope.enter_sql
        self.reading, self.writing = self.connect(), self.connect()
        self.writing.autocommit = False
        self.cursor = self.reading.cursor()

    @staticmethod
    def connect() -> Any:
        connection = psycopg2.connect(**database.parameters())
        connection.autocommit = True
        register_default_jsonb(connection, loads=orjson.loads)
        register_type(TEXT_UUID, connection)
        register_type(TEXT_UUIDS, connection)
        connection.cursor().execute("SET TIME ZONE 'UTC'")
        return connection

    def close(self) -> None:
        for connection in (self.reading, self.writing):
            connection.close()

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """One statement in one message, with the org before it."""
        self.cursor.execute(self.enter + sql, values)
        return self.cursor.fetchall()  # type: ignore[no-any-return]

    def with_links(self, rows: list[dict[str, Any]], ask: Any = None) -> list[dict[str, Any]]:
        ids = [row["id"] for row in rows]
        listed = f"{{{','.join(ids)}}}"  # one literal: PostgreSQL reads it faster than an ARRAY of fifty
        for name, (table, column) in LINKS.items():
            linked: dict[str, list[str]] = {pk: [] for pk in ids}
            sql = f"SELECT lead_id, {column} FROM {table} WHERE org_id = %s AND lead_id = ANY (%s::uuid[]) ORDER BY {column}"
            for pk, target in (ask or self.ask)(sql, self.org, listed):
                linked[pk].append(target)
            for row in rows:
                row[name] = linked[row["id"]]
        return rows

    def page(self, where: str, *values: Any, order: str = NEWEST) -> tuple[list[dict[str, Any]], bool]:
        """Fifty leads with their links, and whether there are more."""
        sql = f"SELECT {OF_LEAD} {FROM} WHERE l.org_id = %s AND l.deleted_at IS NULL {where} {order} LIMIT 51"
        rows = [dict(zip(NAMES_OF_LEAD, row, strict=True)) for row in self.ask(sql, self.org, *values)]
        return self.with_links(rows[:50]), len(rows) > 50

    # --- reading

    def list(self, following: str, where: str = "", *values: Any, count: str | None = None) -> bytes:
        """A page whose next one, where there is one, is at ``following``."""
        rows, more = self.page(where, *values)
        envelope: dict[str, Any] = {"count": self.ask(count, self.org)[0][0]} if count else {}
        return dumps({**envelope, "next": following if more else None, "previous": None, "results": rows})

    def by_cursor(self, url: str, after: tuple[Any, Any] | None) -> bytes:
        where = "AND (l.created_at, l.id) < (%s, %s::uuid)" if after else ""
        rows, more = self.page(where, *(after or ()))
        following = None
        if more:
            following = f"{url}?cursor={cursor_of(rows[-1]['created_at'], rows[-1]['id'])}"
        return dumps({"next": following, "previous": None, "results": rows})

    def search(self, following: str, words: str, few: int) -> bytes:
        sql = "SELECT app_query(%s)::text, ARRAY(SELECT app_search(%s::uuid, 'leads', app_query(%s)::text, %s))"
        query, ids = self.ask(sql, words, self.org, words, few)[0]
        if len(ids) < few and None not in ids:
            return self.list(following, "AND l.id = ANY (%s::uuid[])", ids)
        return self.list(following, "AND l.search @@ %s::tsquery", query)

    def detail(self, pk: str) -> bytes:
        row = self.ask(f"SELECT {OF_LEAD} {FROM} WHERE l.org_id = %s AND l.deleted_at IS NULL AND l.id = %s", self.org, pk)[0]
        return dumps(self.with_links([dict(zip(NAMES_OF_LEAD, row, strict=True))])[0])

    def board(self, count: bool = False) -> bytes:
        names = ["stage", "status", "kind", "probability"]
        sql = f"""
            SELECT s.id, s.name, s.kind, s.probability, s.pipeline_id, card.*
            FROM stages s JOIN pipelines p ON p.id = s.pipeline_id AND p.org_id = %s
            LEFT JOIN LATERAL (
                SELECT {COLUMNS} FROM leads WHERE org_id = %s AND stage_id = s.id AND deleted_at IS NULL
                ORDER BY card_order, id LIMIT 50
            ) card ON true
            WHERE s.org_id = %s AND p.module = 'leads' AND p.is_default ORDER BY s.position, s.id, card.card_order, card.id
        """
        columns: dict[str, dict[str, Any]] = {}
        cards = []
        for row in self.ask(sql, self.org, self.org, self.org):
            column = columns.get(row[0])
            if column is None:
                column = columns[row[0]] = {**dict(zip(names, row, strict=False)), "cards": []}
            if row[5] is not None:
                card = dict(zip(NAMES, row[5:], strict=True))
                card["status"], card["pipeline"] = row[1], row[4]
                cards.append(card)
                column["cards"].append(card)
        self.with_links(cards)
        if count:
            self._count(columns)
        return dumps(list(columns.values()))

    def _count(self, columns: dict[str, dict[str, Any]]) -> None:
        one = (
            "(SELECT count(*) FROM (SELECT FROM leads WHERE org_id = %s AND stage_id = %s AND deleted_at IS NULL LIMIT 10001) t)"
        )
        values = [value for pk in columns for value in (self.org, pk)]
        counts = self.ask(f"SELECT {', '.join([one] * len(columns))}", *values)[0]
        for column, number in zip(columns.values(), counts, strict=True):
            column["count"] = number

    # --- writing: BEGIN, the statements, COMMIT

    def create(self, given: dict[str, Any], stage: tuple[str, str, str]) -> bytes:
        stage_id, status, pipeline = stage
        now = datetime.now(UTC)
        values = {
            "id": str(uuid7()), "org_id": self.org, "created_at": now, "updated_at": now, "created_by_id": self.person,
            "updated_by_id": self.person, "custom_fields": "{}", "stage_id": stage_id, "card_order": last_rank(),
            "currency": "", "website": "", "title": "", "address": "", **given,
        }  # fmt: skip
        places = ", ".join(["%s"] * len(values))
        with self.writing, self.writing.cursor() as cursor:
            cursor.execute(
                f"{self.enter}INSERT INTO leads ({', '.join(values)}) VALUES ({places}) RETURNING {COLUMNS}",
                list(values.values()),
            )
            row = dict(zip(NAMES, cursor.fetchone(), strict=True))
        return dumps({**row, "status": status, "pipeline": pipeline, "assigned_to": [], "teams": [], "tags": []})

    def move(self, pk: str, stage: tuple[str, str, str]) -> bytes:
        stage_id, status, pipeline = stage
        with self.writing, self.writing.cursor() as cursor:
            cursor.execute(
                f"{self.enter}SELECT {COLUMNS} FROM leads WHERE org_id = %s AND id = %s AND deleted_at IS NULL FOR UPDATE",
                [self.org, pk],
            )
            row = dict(zip(NAMES, cursor.fetchone(), strict=True))
            changed = {
                "stage": stage_id, "card_order": last_rank(), "updated_at": datetime.now(UTC), "updated_by": self.person,
            }  # fmt: skip
            cursor.execute(
                "UPDATE leads SET stage_id = %s, card_order = %s, updated_at = %s, updated_by_id = %s "
                "WHERE org_id = %s AND id = %s",
                [*changed.values(), self.org, pk],
            )

            def ask(sql: str, *values: Any) -> Any:
                cursor.execute(sql, values)
                return cursor.fetchall()

            self.with_links([row], ask)
        return dumps({**row, **changed, "status": status, "pipeline": pipeline})
