"""Rows of every record type but leads: copies of one of each, made from the model's own declaration.

A copy differs in its id, its moment, its name and texts, its days, whoever made it and has it, and in what may be there
only once. The rows that hang on each original, such as an invoice's lines, are copied with it.
"""

from typing import Any

from django.db import models

from boards.models import Column
from common.activity.models import Activity
from common.people.models import Profile
from common.records.models import MODULES, Comment, Interaction, Record
from common.tenancy import org_scope
from common.testing.rows import Maker
from documents.models import DocumentVersion
from events.models import Participant
from invoices.models import InvoiceLine
from leads.models import Lead
from opportunity.models import OpportunityLine
from tasks.models import ChecklistItem

from . import words
from .values import one_of, uuid7

#: A person's calendar, and a lead's timeline, with so many entries: less where there are few rows.
BUSY, LINES = 10_000, 300
#: Numbers of copies begin so, that no two are the same.
OF_CALENDAR, OF_TIMELINE = 1_000_000, 2_000_000
#: One record of each type for so many leads.
ONE_IN = 50
#: What hangs on a record, by the reference to it.
HANGING = ((InvoiceLine, "invoice"), (OpportunityLine, "opportunity"), (ChecklistItem, "task"), (Participant, "event"),
           (Column, "board"), (DocumentVersion, "document"))  # fmt: skip
WORDS = {"first": words.FIRST, "last": words.LAST, "ends": words.COMPANY_ENDS, "cities": words.CITIES, "notes": words.NOTES}
#: Columns that are not as tests make them: nothing recurs, so that a month has what is in it.
OVERRIDES = {"events": {"recurrence": "''"}, "tasks": {"recurrence": "''"}}
#: The busy month, and when what is in it begins.
MONTH, NEXT = "2027-03-01", "2027-03-31"
BEGINS = f"timestamptz '{MONTH} 00:00Z' + shift"
CALENDAR = {
    "events": {"start": BEGINS, "end": f"{BEGINS} + interval '1 hour'"},
    "planner": {"start": BEGINS},
    "tasks": {"due_date": f"(({BEGINS}) AT TIME ZONE 'UTC')::date"},
}


def copied_models() -> list[Any]:
    return [model for model in MODULES.values() if issubclass(model, Record) and model is not Lead]


def make_originals(number: int, owner: Profile) -> dict[Any, str]:
    """The ids of one row of each model that is copied, in the org of ``owner``."""
    hanging = [model for model, _ in HANGING]
    with org_scope(owner):
        maker = Maker(f"org{number}")
        maker.started.add(Lead)  # there are enough of these
        return {model: str(maker.row(model).pk) for model in [*copied_models(), *hanging, Comment, Interaction, Activity]}


def texts_of(model: Any) -> dict[str, str]:
    """SQL for the texts that a search looks into: names of people, of companies, and sentences."""
    label, *others = [model.label_field, *[name for name in model.search_columns if name != model.label_field]]
    found = {label: "first || ' ' || last"}
    for name in others:
        field = model._meta.get_field(name)
        if isinstance(field, models.EmailField):
            found[name] = "lower(first || '.' || last || nth || '@' || last || '.example.com')"
        elif isinstance(field, models.TextField):
            found[name] = "note || ' ' || city || '.'"
        elif isinstance(field, models.CharField) and not field.choices:
            found[name] = f"left(last || ' ' || company_end, {field.max_length})"
    names = {field.name for field in model._meta.concrete_fields} - once(model)
    return {name: sql for name, sql in found.items() if name in names}


def once(model: Any) -> set[str]:
    """Columns of which no two rows may have the same."""
    unique = [one for one in model._meta.constraints if isinstance(one, models.UniqueConstraint)]
    names = {name for one in unique for name in one.fields}
    return {name for name in names if name != "org" and not model._meta.get_field(name).is_relation}


def value_of(field: Any, differs: set[str]) -> str:
    """SQL for a column of a copy: the original's, or one that differs."""
    original = f'(o)."{field.column}"'
    if field.name in differs and isinstance(field, models.IntegerField):
        return f"{original} + nth"
    if field.name in differs and isinstance(field, (models.CharField, models.TextField)):
        return (
            f"nullif({original}, '') || nth"
            if field.null
            else f"{original} || CASE WHEN {original} <> '' THEN nth::text ELSE '' END"
        )
    if field.name in ("created_by", "updated_by"):
        return "maker"
    if isinstance(field, models.DateTimeField):
        return "made" if field.name in ("created_at", "updated_at", "occurred_at", "at") else f"{original} + shift"
    if isinstance(field, models.DateField):
        return f"({original} + shift)::date"
    return original


def copy(
    cursor: Any,
    model: Any,
    orgs: list[dict[str, Any]],
    counts: list[int],
    now: Any,
    spread: str = "730 days",
    after: int = 0,
    **columns: str,
) -> None:
    """``counts`` copies of each org's original, made within ``spread`` of time. ``columns``: SQL for some of its columns.
    They are numbered from ``after`` on.

    An org's ``profiles`` are those who make and have them.
    """
    meta, links = model._meta, getattr(model, "assigned_to", None)
    texts = texts_of(model) if issubclass(model, Record) else {}
    differs = once(model)
    given = {"id": uuid7("made"), **texts, **OVERRIDES.get(getattr(model, "module", ""), {}), **columns}
    values = {field.column: given.get(field.name) or value_of(field, differs) for field in meta.concrete_fields}
    insert = f"""
        INSERT INTO {meta.db_table} ({", ".join(f'"{name}"' for name in values)})
        SELECT {", ".join(values.values())} FROM draft RETURNING org_id, id, {uuid7("now()")} AS link
    """
    if links:
        through, source = links.through._meta.db_table, f"{meta.model_name}_id"
        insert = f"""
            , made AS ({insert}) INSERT INTO {through} (id, org_id, {source}, profile_id)
            SELECT link, org_id, made.id, (people.ids)[1 + floor(random() * cardinality(people.ids))::int]
            FROM made JOIN people USING (org_id)
        """
    cursor.execute(
        f"""
        WITH people AS (
            SELECT org_id, array_agg(id) AS ids FROM profiles WHERE id = ANY (%(people)s::uuid[]) GROUP BY org_id
        ), draft AS MATERIALIZED (
            SELECT o, nth, {one_of("first")} AS first, {one_of("last")} AS last, {one_of("ends")} AS company_end,
                {one_of("cities")} AS city, {one_of("notes")} AS note, random() * %(spread)s::interval AS shift,
                %(now)s::timestamptz - random() * %(spread)s::interval AS made,
                (people.ids)[1 + floor(random() * cardinality(people.ids))::int] AS maker
            FROM {meta.db_table} o JOIN unnest(%(orgs)s::uuid[], %(counts)s::int[]) wanted (org, count) ON wanted.org = o.org_id
            JOIN people ON people.org_id = o.org_id CROSS JOIN generate_series(%(after)s + 1, %(after)s + wanted.count) nth
            WHERE o.id = ANY (%(originals)s::uuid[])
        ) {insert}
        """,
        {
            **WORDS,
            "spread": spread,
            "now": now,
            "after": after,
            "orgs": [org["org"] for org in orgs],
            "counts": counts,
            "people": [person for org in orgs for person in org["profiles"]],
            "originals": [org["originals"][model] for org in orgs],
        },
    )


def hang(cursor: Any, model: Any, reference: str, orgs: list[dict[str, Any]]) -> None:
    """A copy of each org's original for every copy of the record that it hangs on."""
    field = model._meta.get_field(reference)
    columns = {one.column: f'o."{one.column}"' for one in model._meta.concrete_fields}
    columns |= {"id": uuid7("now()"), field.column: "record.id"}
    cursor.execute(
        f"""
        INSERT INTO {model._meta.db_table} ({", ".join(f'"{name}"' for name in columns)}) SELECT {", ".join(columns.values())}
        FROM {model._meta.db_table} o JOIN {field.related_model._meta.db_table} record ON record.org_id = o.org_id
        WHERE o.id = ANY (%s::uuid[]) AND record.id <> o."{field.column}"
        """,
        [[org["originals"][model] for org in orgs]],
    )


def fill(cursor: Any, orgs: list[dict[str, Any]], counts: list[int], now: Any) -> None:
    """Records of every type in every org, the first of which has a busy person, a busy lead and a long invoice."""
    tables = [model._meta.db_table for model in orgs[0]["originals"]]
    tables += [model.assigned_to.through._meta.db_table for model in copied_models()]
    for table in tables:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    each = [max(count // ONE_IN, 3) for count in counts]
    for model in copied_models():
        same = "".join(f", {column} = {sql}" for column, sql in OVERRIDES.get(model.module, {}).items())
        cursor.execute(
            f"UPDATE {model._meta.db_table} SET created_at = %s - interval '3 years'{same} WHERE id = ANY (%s::uuid[])",
            [now, [org["originals"][model] for org in orgs]],
        )
        copy(cursor, model, orgs, each, now)
    for model, reference in HANGING:
        hang(cursor, model, reference, orgs)
    busy = min(BUSY, sum(counts) // 20)
    fill_calendar(cursor, orgs[0], busy, now)
    fill_timeline(cursor, orgs[0], busy, now)
    copy(cursor, InvoiceLine, orgs[:1], [LINES - 1], now)
    for table in tables:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def fill_calendar(cursor: Any, org: dict[str, Any], busy: int, now: Any) -> None:
    """A month of the org's owner."""
    owner = {**org, "profiles": org["profiles"][:1]}
    for module, columns in CALENDAR.items():
        copy(cursor, MODULES[module], [owner], [busy // len(CALENDAR)], now, "30 days", after=OF_CALENDAR, **columns)


def fill_timeline(cursor: Any, org: dict[str, Any], busy: int, now: Any) -> None:
    """What happened with the org's oldest lead."""
    cursor.execute("SELECT id FROM leads WHERE org_id = %s ORDER BY created_at, id LIMIT 1", [org["org"]])
    lead = f"'{cursor.fetchone()[0]}'::uuid"
    kinds: list[Any] = [Comment, Interaction, Activity, *(MODULES[module] for module in (*CALENDAR, "emails"))]
    for model in kinds:
        about = {"record_id": lead, "record_type": "'lead'"}
        if model is not Activity:
            about = dict.fromkeys(model.record_types(), "NULL") | {"lead": lead}
        copy(cursor, model, [org], [busy // len(kinds)], now, after=OF_TIMELINE, **about)
