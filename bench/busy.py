"""A busy person's month and a busy lead's timeline, by hand: what is wanted of each kind, put in order, and read once."""

from itertools import groupby
from operator import itemgetter
from typing import Any

from common.calendar.ranges import encoded
from common.records.models import ABOUT_RECORDS, MODULES
from leads.models import Lead

from .copies import CALENDAR, MONTH, NEXT
from .floors import Floor, cursor_of, dumps
from .lists import Shape

PAGE = 50
HELD = """
    SELECT {name}_id FROM {table}_assigned_to WHERE org_id = %(org)s AND profile_id = %(person)s
    UNION ALL SELECT id FROM {table} made WHERE org_id = %(org)s AND created_by_id = %(person)s AND deleted_at IS NULL
        AND NOT EXISTS (SELECT FROM {table}_assigned_to a WHERE a.org_id = made.org_id AND a.{name}_id = made.id)
"""
ATTENDED = {
    "events": " UNION ALL SELECT event_id FROM event_participants WHERE org_id = %(org)s AND profile_id = %(person)s",
    "planner": " UNION ALL SELECT plan_id FROM plans_attendees WHERE org_id = %(org)s AND profile_id = %(person)s",
}
RANGE = f"timestamptz '{MONTH} 00:00Z'", f"timestamptz '{NEXT} 00:00Z'"
#: Of each kind: its columns (title, type, status, done, start, end, all day, location), which rows, by what.
ENTRIES = {
    "events": (
        "title, event_type, r.status, false, start, r.end, all_day, location",
        "recurrence = '' AND r.end > {0} AND start >= {0} - interval '366 days' AND start < {1}", "start",
    ),
    "planner": (
        "subject, activity_type, r.status, r.status = 'done', start, start + duration * interval '1 minute', false, ''",
        "start >= {0} AND start < {1}", "start",
    ),
    "tasks": (
        "title, priority, (SELECT name FROM stages s WHERE s.id = r.stage_id AND s.org_id = r.org_id), completed_at IS NOT NULL, "
        "due_date::timestamp AT TIME ZONE 'UTC', NULL::timestamptz, true, ''",
        "due_date >= ({0} AT TIME ZONE 'UTC')::date AND due_date < ({1} AT TIME ZONE 'UTC')::date", "due_date",
    ),
}  # fmt: skip
NAMES = ("title", "type", "status", "done", "start", "end", "all_day", "location", "record_type", "record")
CHANGES = """
    SELECT id, at, action, source, request_id, actor_id, changes, (SELECT u.name FROM profiles p JOIN users u ON u.id = p.user_id
        WHERE p.org_id = a.org_id AND p.id = a.actor_id) FROM activity a WHERE org_id = %s AND id = ANY (%s::uuid[])
"""
MOMENT = "to_timestamp(('x' || translate(left(id::text, 13), '-', ''))::bit(48)::bigint / 1000.0)"


class Busy:
    """``shown`` are entries of the timeline, for the fields that each kind has."""

    def __init__(self, floor: Floor, shown: list[dict[str, Any]]):
        self.floor = floor
        fields = {entry["kind"]: list(entry["entry"]) for entry in shown}
        models = {str(model._meta.model_name): model for model in ABOUT_RECORDS}
        self.shapes = {kind: Shape(floor, models[kind], names) for kind, names in fields.items() if kind != "change"}
        self.columns = {field.column: field.name for field in Lead._meta.fields}
        self.agenda_sql = {module: self.entries(module) for module in CALENDAR}
        self.places = " UNION ALL ".join(f"({part})" for part in self.parts(models))

    # --- a month

    @staticmethod
    def entries(module: str) -> str:
        model: Any = MODULES[module]
        columns, which, order = ENTRIES[module]
        name, table, about = model._meta.model_name, model._meta.db_table, model.record_types()
        held = HELD.format(name=name, table=table) + ATTENDED.get(module, "")
        kinds = " ".join(f"WHEN r.{one}_id IS NOT NULL THEN '{one}'" for one in about)
        record = f"coalesce({', '.join(f'r.{one}_id' for one in about)})"
        return (
            f"SELECT r.id, {columns}, CASE {kinds} END, {record} FROM {table} r WHERE r.org_id = %(org)s "
            f"AND r.deleted_at IS NULL AND {which.format(*RANGE)} AND r.id IN ({held}) ORDER BY r.{order}, r.id LIMIT {PAGE + 1}"
        )

    def agenda(self, host: str) -> bytes:
        found = []
        for module, sql in self.agenda_sql.items():
            kind = str(MODULES[module]._meta.model_name)
            self.floor.cursor.execute(self.floor.enter + sql, {"org": self.floor.org, "person": self.floor.person})
            for pk, *values in self.floor.cursor.fetchall():
                found.append({"kind": kind, "id": pk, "occurrence": None, **dict(zip(NAMES, values, strict=True))})
        found.sort(key=itemgetter("start", "kind", "id"))
        following = None
        if len(found) > PAGE:
            last = found[PAGE - 1]
            cursor = encoded((last["start"], last["kind"], last["id"]))
            following = f"{host}/api/v1/planner/agenda/?cursor={cursor}&from={MONTH}&to={NEXT}"
        return dumps({"next": following, "previous": None, "results": found[:PAGE]})

    # --- a timeline

    @staticmethod
    def parts(models: dict[str, Any]) -> list[str]:
        """The newest of each kind that a lead has, with their moments."""
        place = "SELECT id, {0} AS at, '{1}' AS kind FROM {2} WHERE org_id = %(org)s AND {3} = %(lead)s {4} ORDER BY {5} LIMIT 51"
        made = [place.format(MOMENT, "change", "activity", "record_type = 'lead' AND record_id", "", "id DESC")]
        for kind, model in models.items():
            if "lead" in model.record_types() and kind != "card":
                first = model.newest_first[0].lstrip("-")
                live = "AND deleted_at IS NULL" if hasattr(model, "with_bin") else ""
                moment, order = (MOMENT, "id DESC") if first == "id" else (first, f"{first} DESC, id DESC")
                made.append(place.format(moment, kind, model._meta.db_table, "lead_id", live, order))
        return made

    def timeline(self, url: str, lead: str) -> bytes:
        sql = f"{self.floor.enter}{self.places} ORDER BY at DESC, id DESC LIMIT {PAGE + 1}"
        self.floor.cursor.execute(sql, {"org": self.floor.org, "lead": lead})
        found = self.floor.cursor.fetchall()
        page, entries = found[:PAGE], {}
        for kind, places in groupby(sorted(page, key=itemgetter(2)), itemgetter(2)):
            ids = f"{{{','.join(pk for pk, _, _ in places)}}}"
            rows = self.changes(ids) if kind == "change" else self.shapes[kind].rows("r.id = ANY (%s::uuid[])", ids)
            entries |= {row["id"]: row for row in rows}
        following = None
        if len(found) > PAGE:
            following = f"{url}?cursor={cursor_of(page[-1][1], page[-1][0])}"
        results = [{"kind": kind, "id": pk, "at": at, "entry": entries[pk]} for pk, at, kind in page]
        return dumps({"next": following, "previous": None, "results": results})

    def changes(self, ids: str) -> list[dict[str, Any]]:
        return [
            {
                "id": pk, "at": at, "action": action, "source": source, "request_id": request,
                "actor": {"id": actor, "name": name} if actor else None,
                "changes": {self.columns.get(column, column): change for column, change in changes.items()},
            }
            for pk, at, action, source, request, actor, changes, name in self.floor.ask(CHANGES, self.floor.org, ids)
        ]  # fmt: skip
