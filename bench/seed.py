"""A million leads in a hundred organizations, made by PostgreSQL itself, and then records of all other types (``copies``).

One organization has a fifth of all leads, the others share the rest equally. People, roles, pipelines, tags and teams are
made by the product's own code; leads and their links by INSERT … SELECT, with triggers off and indexes built at the end.
"""

import inspect
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.utils import timezone

from common.people.models import Profile, Role, User
from common.people.services import create_org
from common.records.models import Stage, Tag
from common.tenancy import org_scope
from teams.models import Team

from . import copies, database, words
from .values import one_of, rank, uuid7

TABLES = ("leads", "leads_assigned_to", "leads_tags", "leads_teams")
BIG_SHARE = 5  # one lead in five is in the big org
CHUNK = 20_000
PEOPLE, TAGS, TEAMS = 20, 30, 4
#: Of 100 leads, how many have stood at least in each further stage.
STAGE_BOUNDS = (40, 65, 80, 88)


def say(text: str) -> None:
    print(text, flush=True)


def sizes(size: int, orgs: int) -> list[int]:
    """How many leads each org gets, the big one first."""
    big = size // BIG_SHARE
    each, rest = divmod(size - big, max(orgs - 1, 1))
    return [big] + [each + (number < rest) for number in range(orgs - 1)]


# --- organizations


def make_orgs(count: int) -> list[dict[str, Any]]:
    """Orgs with people, tags and teams; returns each one's ids, as the leads need them."""
    return [_make_org(number) for number in range(count)]


def _make_org(number: int) -> dict[str, Any]:
    people = [
        User(email=f"person{index}@org{number}.example.com", name=f"{words.FIRST[index]} {words.LAST[number]}", password="!")
        for index in range(PEOPLE)
    ]
    User.objects.bulk_create(people)
    owner = create_org(name=f"{words.LAST[number]} {words.COMPANY_ENDS[number % 10]}", owner=people[0])
    with org_scope(owner):
        roles = {role.name: role for role in Role.objects.all()}
        others = [Profile(user=user, role=roles["manager" if user is people[1] else "user"]) for user in people[1:]]
        Profile.objects.bulk_create(others)
        tags = Tag.objects.bulk_create(Tag(name=name) for name in words.TAGS[:TAGS])
        teams = Team.objects.bulk_create(Team(name=f"Team {name}") for name in words.CITIES[:TEAMS])
        for index, profile in enumerate([owner, *others]):
            teams[index % TEAMS].members.add(profile)
        stages = Stage.objects.filter(pipeline__module="leads").order_by("position")
        return {
            "org": str(owner.org_id),
            "originals": copies.make_originals(number, owner),
            "stages": [str(stage.pk) for stage in stages],
            "profiles": [str(profile.pk) for profile in [owner, *others]],
            "tags": [str(tag.pk) for tag in tags],
            "teams": [str(team.pk) for team in teams],
        }


# --- leads


def _links(table: str, column: str, chance: str) -> str:
    """As many links of each lead as ``chance`` says, each to another row."""
    source = "profiles" if column == "profile_id" else column.replace("_id", "s")
    return f"""
        INSERT INTO {table} (id, org_id, lead_id, {column})
        SELECT {uuid7("made")}, %(org)s::uuid, id, (%({source})s::uuid[])[1 + (start + step) %% cardinality(%({source})s)]
        FROM (SELECT id, made, floor(random() * 1000)::int AS start, {chance} AS links FROM new_leads) lead
        CROSS JOIN LATERAL generate_series(1, links) step
    """


INSERT_LEADS = f"""
    WITH draft AS MATERIALIZED (
        SELECT number, {one_of("first")} AS first, {one_of("last")} AS last, {one_of("ends")} AS company_end,
            {one_of("cities")} AS city, {one_of("notes")} AS note, {one_of("profiles")}::uuid AS maker,
            random() AS luck, floor(random() * 100) AS progress,
            %(now)s::timestamptz - random() * interval '730 days' AS made
        FROM generate_series(%(start)s::int, %(end)s::int) number
    ), new_leads AS (
        INSERT INTO leads (id, org_id, created_at, updated_at, created_by_id, updated_by_id, custom_fields, stage_id, card_order,
            name, company, email, phone, value, currency, notes, source, website, title, address, probability, close_date)
        SELECT {uuid7("made")}, %(org)s::uuid, made, least(made + luck * interval '60 days', %(now)s), maker, maker, '{{}}',
            (%(stages)s::uuid[])[1 + (SELECT count(*) FROM unnest(%(bounds)s) bound WHERE progress >= bound)],
            {rank("(extract(epoch FROM made) * 1000000)::bigint")},
            first || ' ' || last, last || ' ' || company_end,
            lower(first || '.' || last || number || '@' || last || '.example.com'),
            '+1415' || (2000000 + floor(luck * 7999999))::int, CASE WHEN luck < 0.9 THEN round((luck * 90000)::numeric, 2) END,
            CASE WHEN luck < 0.9 THEN 'USD' ELSE '' END, CASE WHEN luck < 0.6 THEN note || ' ' || city || '.' ELSE '' END,
            {one_of("sources")}, CASE WHEN luck < 0.5 THEN 'https://www.' || lower(last) || '.example.com' ELSE '' END,
            CASE WHEN luck < 0.7 THEN {one_of("titles")} ELSE '' END,
            CASE WHEN luck < 0.4 THEN number || ' Main St, ' || city ELSE '' END,
            CASE WHEN luck < 0.3 THEN progress END, CASE WHEN luck < 0.3 THEN (made + interval '90 days')::date END
        FROM draft RETURNING id, created_at AS made
    ), assigned AS ({_links("leads_assigned_to", "profile_id", "(ARRAY[0,1,1,1,1,1,1,1,2,3])[1 + floor(random() * 10)::int]")}
    ), shared AS ({_links("leads_teams", "team_id", "(random() < 0.2)::int")}
    ) {_links("leads_tags", "tag_id", "floor(random() * 4)::int")}
"""


#: Changes when the rows are to be others.
MADE_BY = INSERT_LEADS + inspect.getsource(copies)


def chunks(size: int) -> Iterator[tuple[int, int]]:
    for start in range(1, size + 1, CHUNK):
        yield start, min(start + CHUNK - 1, size)


def fill(orgs: list[dict[str, Any]], counts: list[int], now: Any) -> None:
    """Two connections at once: making search vectors takes a core each."""
    fixed = {
        "first": words.FIRST, "last": words.LAST, "ends": words.COMPANY_ENDS, "cities": words.CITIES, "notes": words.NOTES,
        "sources": words.SOURCES, "titles": words.TITLES, "bounds": list(STAGE_BOUNDS), "now": now,
    }  # fmt: skip
    work = [
        {**fixed, **org, "start": start, "end": end}
        for org, count in zip(orgs, counts, strict=True)
        for start, end in chunks(count)
    ]
    total, done, began = sum(counts), 0, time.monotonic()
    connections = [database.connect_as_owner() for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        for made in pool.map(lambda job: _insert(connections, job), work):
            done += made
            if done * 20 // total != (done - made) * 20 // total or done == total:
                say(f"  {done:,} of {total:,} leads, {time.monotonic() - began:.0f} s")
    for opened in connections:
        opened.close()


def _insert(free: list[Any], job: dict[str, Any]) -> int:
    opened = free.pop()
    try:
        with opened.cursor() as cursor:
            cursor.execute(INSERT_LEADS, job)
    finally:
        free.append(opened)
    return int(job["end"] - job["start"] + 1)


# --- the tables' keys and indexes


def _rows(cursor: Any, query: str, *values: Any) -> list[tuple[Any, ...]]:
    cursor.execute(query, values)
    return list(cursor.fetchall())


@contextmanager
def bare_tables(cursor: Any) -> Iterator[None]:
    """Without triggers, keys and indexes while rows are poured in; all of them are made again from their own definitions."""
    tables = "ARRAY(SELECT unnest(%s)::regclass)"
    constraints = _rows(
        cursor,
        f"SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid), contype FROM pg_constraint "
        f"WHERE contype IN ('f', 'u', 'p') AND (conrelid = ANY ({tables}) OR confrelid = ANY ({tables})) "
        f"ORDER BY contype = 'f' DESC, conname",
        list(TABLES), list(TABLES),
    )  # fmt: skip
    for table, name, _, _ in constraints:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    indexes = _rows(cursor, "SELECT quote_ident(indexname), indexdef FROM pg_indexes WHERE tablename = ANY (%s)", list(TABLES))
    for name, _ in indexes:
        cursor.execute(f"DROP INDEX {name}")
    for table in TABLES:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    cursor.execute("SET maintenance_work_mem = '512MB'")
    for definition in [index for _, index in indexes]:
        _timed(cursor, definition)
    for table, name, definition, _ in reversed(constraints):
        _timed(cursor, f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    for table in TABLES:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def _timed(cursor: Any, statement: str) -> None:
    began = time.monotonic()
    cursor.execute(statement)
    if (took := time.monotonic() - began) > 2:
        say(f"  {took:.0f} s: {statement[:110]}")


def seed(size: int, orgs: int) -> None:
    """A new database with ``size`` leads in ``orgs`` orgs."""
    began, now = time.monotonic(), timezone.now()
    say(f"Seeding {size:,} leads over {orgs} organizations …")
    database.make()
    made = make_orgs(orgs)
    say(f"  schema and organizations, {time.monotonic() - began:.0f} s")
    opened = database.connect_as_owner()
    with opened.cursor() as cursor:
        with bare_tables(cursor):
            fill(made, sizes(size, orgs), now)
        started = time.monotonic()
        copies.fill(cursor, made, sizes(size, orgs), now)
        say(f"  other records, {time.monotonic() - started:.0f} s")
        _timed(cursor, "VACUUM ANALYZE")
    opened.close()
    database.note(
        size=size,
        orgs=orgs,
        schema=database.schema_digest(MADE_BY),
        seeded_at=timezone.now().isoformat(),
        big=made[0]["org"],
    )
    say(f"Seeded in {time.monotonic() - began:.0f} s.")


def ensure(size: int, orgs: int) -> dict[str, Any]:
    """The facts of a database that holds ``size`` leads, made where it does not."""
    facts = database.contents()
    if (facts.get("size"), facts.get("orgs"), facts.get("schema")) != (size, orgs, database.schema_digest(MADE_BY)):
        seed(size, orgs)
        facts = database.contents()
    return facts
