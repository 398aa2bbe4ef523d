"""One run: rows, answers compared, plans looked at, times taken, and the table."""

import argparse
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from common.tenancy import org_scope

from . import database, hotspots, http, plans, report
from .calls import Caller
from .floors import Floor
from .paths import Path, Paths, own_leads, someone
from .seed import ensure, say
from .talk import Talk
from .timing import Timed, take_turns

SMALL = 20_000
#: Below this, PostgreSQL rightly reads some tables whole.
ENOUGH_FOR_PLANS = 200_000


def size_of(text: str) -> int:
    return SMALL if text == "small" else int(text.replace(",", ""))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m bench", description="Atrium's paths beside what they cost at least.")
    parser.add_argument("--size", type=size_of, default=1_000_000, help="leads in all orgs together; small is 20,000")
    parser.add_argument("--orgs", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--block", type=float, default=0.15, help="seconds of one side of a path in a round")
    parser.add_argument("--seconds", type=float, default=5, help="of each HTTP run; 0 leaves HTTP out")
    parser.add_argument("--database", default="bench_crm", help="its name, which begins with bench_")
    parser.add_argument("--only", default="", help="measure paths with this in their names")
    parser.add_argument("--profile", action="store_true", help="show where the time of each path goes instead of measuring")
    parser.add_argument("--strict", action="store_true", help="end with 1 when a limit is missed")
    parser.add_argument("--drop", action="store_true", help="drop the database at the end")
    return parser.parse_args()


def main() -> int:
    chosen = arguments()
    settings.DEBUG = False
    database.use(chosen.database)
    facts = ensure(chosen.size, chosen.orgs)
    org = UUID(facts["big"])
    with org_scope(org):
        people = [Caller(someone(role).user_id, org) for role in ("admin", "user")]
    with org_scope(people[0].profile, source="api", request_id="bench"):
        floor = Floor(people[0].profile)
        try:
            with Talk(people[0].profile) as talk:
                missed = measure(chosen, people, floor, facts, talk)
        finally:
            floor.close()
            clean(facts)
            for person in people:
                person.leave()
    if chosen.drop:
        database.drop()
    return int(missed and chosen.strict)


def measure(chosen: argparse.Namespace, people: list[Caller], floor: Floor, facts: dict[str, Any], talk: Talk) -> bool:
    every = Paths(people[0], floor)
    restricted = own_leads(people[1])
    paths = [path for path in [*every.all(), restricted, talk.path()] if chosen.only in path.name]
    say(f"{facts['size']:,} leads over {facts['orgs']} organizations; the one measured has {every.total:,}.")
    compare(paths)
    if chosen.profile:
        for path in paths:
            say(hotspots.of(path))
        return False
    faults = look_at_plans(paths, people[0], facts["size"])
    text, missed = report.table(take_times(paths, people[0], chosen))
    say(f"\n{text}\n")
    if chosen.seconds:
        runs = f"{http.RUNS} runs of {chosen.seconds:g} s"
        say(f"Over HTTP, {http.WORKERS} workers, {http.CONNECTIONS} connections, median of {runs}:")
        for line in http.measure(people[0].token, every.leads[0][0], chosen.seconds):
            say(f"  {line}")
    say(f"\n{http.machine(chosen.seconds)}; {server_version()}")
    return missed or bool(faults)


def compare(paths: list[Path]) -> None:
    """A floor that answers something else would be no floor."""
    for path in paths:
        if path.answers is None:
            continue
        ours, floor = path.answers()
        if ours != floor:
            raise SystemExit(f"{path.name}: the floor answers something else.\n  ours:  {ours!s:.1500}\n  floor: {floor!s:.1500}")
    say("Every floor answers what the API answers.")


def look_at_plans(paths: list[Path], caller: Caller, size: int) -> list[str]:
    if size < ENOUGH_FOR_PLANS:
        say(f"Plans are looked at from {ENOUGH_FOR_PLANS:,} leads on.")
        return []
    faults = [f"{path.name}: {fault}" for path in paths if path.planned for fault in plans.faults(caller.statements(path.ours()))]
    say(
        "\n".join(["MISS, plans:", *faults])
        if faults
        else "Every list, board, detail and page reads records by indexes with the org."
    )
    return faults


def take_times(paths: list[Path], caller: Caller, chosen: argparse.Namespace) -> list[report.Row]:
    """Reads first: rows that writes leave behind until the next VACUUM would slow them."""
    rows = []
    for path in paths:
        statements = len(caller.statements(path.whole())) if path.whole else None
        sides = [Timed(prepare) if prepare else None for prepare in (path.floor, path.whole)]
        rows.append(report.Row(path, Timed(path.ours), *sides, statements))
    for writes in (False, True):
        sides = [side for row in rows if row.path.writes is writes for side in (row.ours, row.floor, row.whole) if side]
        take_turns(sides, chosen.rounds, chosen.block, say_round("writes" if writes else "reads", chosen.rounds))
    return rows


def say_round(name: str, rounds: int) -> Callable[[int], None]:
    began = time.monotonic()
    return lambda number: say(f"  {name}: round {number + 1} of {rounds}, {time.monotonic() - began:.0f} s")


def clean(facts: dict[str, Any]) -> None:
    """Take away what the writes made, so that the next run finds the same rows."""
    opened = database.connect_as_owner()
    made = [facts["big"], datetime.fromisoformat(facts["seeded_at"])]
    with opened.cursor() as cursor:
        cursor.execute("DELETE FROM leads WHERE org_id = %s AND created_at > %s", made)
        cursor.execute("DELETE FROM activity WHERE org_id = %s AND at > %s", made)
        for table in ("tool_calls", "turns", "conversations"):
            cursor.execute(f"DELETE FROM {table} WHERE org_id = %s", made[:1])
        cursor.execute("VACUUM ANALYZE leads, activity")
    opened.close()


def server_version() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT split_part(version(), ' on ', 1)")
        return str(cursor.fetchone()[0])
