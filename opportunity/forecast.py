"""What is to be won, and what was: by month and owner, and against goals. Currencies are never added up unconverted."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    Case,
    Count,
    DateField,
    DecimalField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    Sum,
    TextField,
    UUIDField,
    Value,
    When,
)  # fmt: skip
from django.db.models.functions import Cast, Coalesce, JSONObject, TruncMonth

from common.money import rounded
from common.people.models import Org
from common.records.models import Stage

from .models import ExchangeRate, Opportunity

MAX_GROUPS = 1000
MAX_GOALS = 200
AMOUNT = DecimalField(max_digits=20, decimal_places=4)
#: The day that a deal counts for: the one on which it was won, or is expected to be.
WON_ON = Coalesce("closed_on", Cast("stage_entered_at", DateField()))
COUNTS_ON = Case(When(stage__kind=Stage.Kind.WON, then=WON_ON), default=F("close_date"), output_field=DateField())
WEIGHTED = F("amount") * Coalesce("probability", "stage__probability") / Value(Decimal(100))
IS_WON = Q(stage__kind=Stage.Kind.WON)
COLUMNS = ("amount", "weighted", "won")


def rates_of(org: Org) -> dict[str, Decimal]:
    """What a unit of each currency is worth in the org's own, as far as the org says."""
    return {**dict(ExchangeRate.objects.values_list("currency", "rate")), org.currency: Decimal(1)}


def forecast(deals: Any, start: date, end: date, *, by_owner: bool, rates: dict[str, Decimal] | None, currency: str) -> list[Any]:
    """``[{month, owner, currency, deals, amount, weighted, won}]`` of the deals from ``start`` to before ``end``.

    ``amount`` and ``weighted`` are of open deals, ``won`` of those that were won; lost ones count nowhere. A deal with two
    owners counts for both. With ``rates`` amounts are in ``currency``, but for currencies that have no rate.
    """
    by = ["month", "currency", *(["assigned_to"] if by_owner else [])]
    rows = (
        deals.exclude(stage__kind=Stage.Kind.LOST)
        .annotate(day=COUNTS_ON)
        .filter(day__gte=start, day__lt=end)
        .order_by()
        .annotate(month=TruncMonth("day"))
        .values(*by)
        .annotate(
            deals=Count("pk"),
            amount_sum=Sum("amount", filter=~IS_WON, output_field=AMOUNT),
            weighted_sum=Sum(WEIGHTED, filter=~IS_WON, output_field=AMOUNT),
            won_sum=Sum("amount", filter=IS_WON, output_field=AMOUNT),
        )
        .order_by(*by)[:MAX_GROUPS]
    )
    groups: dict[Any, dict[str, Any]] = {}
    for row in rows:
        known = rates is not None and row["currency"] in rates
        rate, name = (rates[row["currency"]], currency) if known and rates else (Decimal(1), row["currency"])
        owner = row.get("assigned_to")
        group = groups.setdefault(
            (row["month"], owner, name),
            {"month": row["month"], "owner": owner, "currency": name, "deals": 0, **dict.fromkeys(COLUMNS, Decimal(0))},
        )
        group["deals"] += row["deals"]
        for column in COLUMNS:
            group[column] += (row[f"{column}_sum"] or Decimal(0)) * rate
    return [group | {column: str(rounded(group[column], group["currency"])) for column in COLUMNS} for group in groups.values()]


def progress(goals: Any, deals: Any, org: Org) -> list[dict[str, Any]]:
    """How far each goal is, by the won deals among ``deals``, in two statements.

    ``[{goal, name, profile, team, starts_on, ends_on, currency, amount, won, percent, unconverted}]``: what was won in other
    currencies is converted by the org's rates; currencies without one are named in ``unconverted``.
    """
    wanted = {name: ExpressionWrapper(OuterRef(f"{name}_id"), UUIDField()) for name in ("profile", "team")}
    won = (
        deals.filter(IS_WON)
        .annotate(day=WON_ON, **{f"of_{name}": wanted[name] for name in wanted})
        .filter(Q(of_profile=None, of_team=None) | linked("assigned_to", "profile") | linked("teams", "team"))
        .filter(day__gte=OuterRef("starts_on"), day__lte=OuterRef("ends_on"))
        .order_by()
    )
    sums = won.values("currency").annotate(
        row=JSONObject(currency="currency", won=Cast(Sum("amount", output_field=AMOUNT), TextField()))
    )
    rates = rates_of(org)
    return [progress_of(goal, rates) for goal in goals.annotate(sums=ArraySubquery(sums.values("row")))[:MAX_GOALS]]


def linked(name: str, target: str) -> Exists:
    """Whether a deal's many-to-many field ``name`` has the goal's ``target``."""
    field: Any = Opportunity._meta.get_field(name)
    through = field.remote_field.through
    return Exists(through._default_manager.filter(opportunity=OuterRef("pk"), **{target: OuterRef(f"of_{target}")}))


def progress_of(goal: Any, rates: dict[str, Decimal]) -> dict[str, Any]:
    won, unconverted = Decimal(0), []
    for row in goal.sums:
        amount, rate = Decimal(row["won"] or 0), rate_between(row["currency"], goal.currency, rates)
        if rate is None:
            unconverted.append(row["currency"])
        else:
            won += amount * rate
    return {
        "goal": goal.pk,
        "name": goal.name,
        "profile": goal.profile_id,
        "team": goal.team_id,
        "starts_on": goal.starts_on,
        "ends_on": goal.ends_on,
        "currency": goal.currency,
        "amount": str(goal.amount),
        "won": str(rounded(won, goal.currency)),
        "percent": int(won * 100 / goal.amount),
        "unconverted": sorted(unconverted),
    }


def rate_between(one: str, other: str, rates: dict[str, Decimal]) -> Decimal | None:
    if one == other:
        return Decimal(1)
    if one in rates and rates.get(other):
        return rates[one] / rates[other]
    return None


def months_after(day: date, months: int) -> date:
    """The first of the month so many months later."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)
