"""Run all tasks, each in a transaction that is taken back, and print a table."""

import argparse
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.test import override_settings

from assistant import engine, providers
from assistant.models import Turn
from bench import database

from . import checks, world
from .world import World

TASKS = Path(__file__).parent / "tasks"
DATABASE = "bench_eval"


@dataclass
class Outcome:
    category: str
    said: list[str]
    claimed: bool
    faults: list[str]
    leaks: list[str]
    seconds: float
    tokens: int = 0
    cost: Decimal = Decimal(0)
    answers: list[str] = field(default_factory=list)


class TakeBack(Exception):
    """Ends a task's transaction."""


def load() -> list[dict[str, Any]]:
    """Every task, with its category: ``{category, as, say, answer, never, changed, new, gone, claimed}``."""
    return [
        {"category": path.stem.replace("_", " "), "as": "ada", "claimed": True, **task}
        for path in sorted(TASKS.glob("*.yaml"))
        for task in yaml.safe_load(path.read_text())
    ]


@contextmanager
def taken_back() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
            raise TakeBack
    except TakeBack:
        pass


def run(tasks: Iterable[dict[str, Any]], there: World, *, with_model: bool) -> list[Outcome]:
    outcomes = []
    for task in tasks:
        with taken_back():
            outcomes.append(attempt(task, there, with_model=with_model))
    return outcomes


def attempt(task: dict[str, Any], there: World, *, with_model: bool) -> Outcome:
    """One task: say what it says, then look at what became of both organizations."""
    who = there.people[task["as"]]
    said = [message.format_map(Ids(there.ids)) for message in checks.as_list(task["say"])]
    before, theirs = checks.state_of(there.org), checks.state_of(there.rival)
    began = time.perf_counter()
    turns: list[Turn] = [engine.say(who, message) for message in said]
    seconds = time.perf_counter() - began
    after = checks.state_of(there.org)
    leaks = checks.leaks(there, who, said, turns)
    if checks.state_of(there.rival) != theirs:
        leaks.append("the other organization was changed")
    answers = [turn.result["message"] if turn.result else f"FAILED: {turn.error}" for turn in turns]
    claimed = engine.HELP not in answers
    expected = task if with_model or task["claimed"] else {"answer": None}
    faults = checks.faults(there, expected, before, after) + checks.answer_faults(expected, answers[-1], there.ids)
    if not with_model and claimed != task["claimed"]:
        faults.append("the router claimed it" if claimed else "the router did not claim it")
    if any(turn.state != Turn.State.SUCCESS for turn in turns):
        faults.append("a turn failed")
    tokens = sum(turn.input_tokens + turn.output_tokens for turn in turns)
    cost = sum((turn.cost for turn in turns), Decimal(0))
    return Outcome(task["category"], said, claimed, faults, leaks, seconds, tokens, cost, answers)


class Ids(dict[str, Any]):
    """Fills ``{lead John Doe}`` in a message with the record's id; other braces stay."""

    def __missing__(self, name: str) -> str:
        return "{" + name + "}"


HEADER = f"{'category':<18}{'passed':>12}{'claimed':>9}{'leaks':>7}{'ms/task':>9}{'tokens':>9}{'cost $':>9}"


def table(outcomes: list[Outcome]) -> str:
    lines = [HEADER]
    for name in [*dict.fromkeys(outcome.category for outcome in outcomes), ""]:
        rows = [outcome for outcome in outcomes if name in ("", outcome.category)]
        passed = f"{sum(not row.faults and not row.leaks for row in rows)}/{len(rows)}"
        lines.append(
            f"{name or 'all':<18}{passed:>12}{sum(row.claimed for row in rows):>9}{sum(len(row.leaks) for row in rows):>7}"
            f"{1000 * sum(row.seconds for row in rows) / len(rows):>9.1f}{sum(row.tokens for row in rows):>9}"
            f"{sum(row.cost for row in rows):>9.4f}"
        )
    return "\n".join(lines)


def failures(outcomes: list[Outcome]) -> str:
    lines = []
    for outcome in outcomes:
        if outcome.faults or outcome.leaks:
            said = " / ".join(outcome.said)
            lines.append(f"- [{outcome.category}] {said}\n    {'; '.join(outcome.faults + outcome.leaks)}")
            lines += [f"    > {answer[:300]!r}" for answer in outcome.answers]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m evals", description="The assistant's exam, without a model and with the one set up."
    )
    parser.add_argument("--only", default="", help="tasks of categories with this in their names")
    parser.add_argument("--verbose", action="store_true", help="show each task and its answers")
    chosen = parser.parse_args()
    prepare()
    tasks = [task for task in load() if chosen.only in task["category"]]
    passed = sit(tasks, chosen.verbose, with_model=False)
    if providers.is_configured():
        passed &= sit(tasks, chosen.verbose, with_model=True)
    else:
        say("\nNo language model is set up (OPENAI_API_KEY), so that was all.")
    return 0 if passed else 1


def prepare() -> None:
    """A database of our own, with today's schema."""
    settings.DEBUG = False
    database.use(DATABASE)
    schema = database.schema_digest("evals")
    if database.contents().get("schema") != schema:
        say("Making the database…")
        database.make()
        database.note(schema=schema, made=str(date.today()))
    call_command("check", verbosity=0)


def sit(tasks: list[dict[str, Any]], verbose: bool, *, with_model: bool) -> bool:
    """Run and print. Whether all passed."""
    using = settings.OPENAI_API_KEY if with_model else ""
    with taken_back(), override_settings(OPENAI_API_KEY=using):
        outcomes = run(tasks, world.make(), with_model=with_model)
    who = f"Router and {settings.OPENAI_MODEL}" if with_model else "Router, no model"
    say(f"\n{who}: {len(tasks)} tasks\n\n{table(outcomes)}")
    if text := failures(outcomes):
        say(f"\n{text}")
    if verbose:
        for outcome in outcomes:
            say(f"\n{outcome.category}\n" + "\n".join(f"> {a}\n{b}" for a, b in zip(outcome.said, outcome.answers, strict=True)))
    return not any(outcome.faults or outcome.leaks for outcome in outcomes)


def say(text: str) -> None:
    print(text, flush=True)
