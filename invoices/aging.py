"""What customers owe, and for how long."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, OuterRef, Q, Subquery, Sum

from common.money import rounded

from .models import OPEN, Invoice

MAX_ACCOUNTS = 500
BUCKETS = ("not_due", "days_1_30", "days_31_60", "days_61_90", "days_over_90")


def aging(invoices: Any, profile: Any, today: date) -> dict[str, Any]:
    """``{as_of, totals: [per currency], accounts: [per account and currency]}`` of the open ones among ``invoices``."""
    account: Any = Invoice._meta.get_field("account").related_model
    names = account.objects.visible_to(profile).filter(pk=OuterRef("account")).values("name")
    owed = Sum(F("total") - F("paid") - F("credited"))
    rows = (
        invoices.filter(kind=Invoice.Kind.INVOICE, status__in=OPEN)
        .order_by()
        .values("currency", "account")
        .annotate(**{name: Sum(F("total") - F("paid") - F("credited"), filter=when) for name, when in buckets(today)}, total=owed)
        .annotate(account_name=Subquery(names))
        .order_by("-total", "currency", "account")
    )
    found = [shown(row, row["currency"]) | {"account": row["account"], "account_name": row["account_name"]} for row in rows]
    return {"as_of": today, "totals": totals(found), "accounts": found[:MAX_ACCOUNTS]}


def buckets(today: date) -> list[tuple[str, Q]]:
    edges = [today - timedelta(days=days) for days in (0, 30, 60, 90)]
    fresh, *late = [Q(due_date__gte=edge) for edge in edges]
    older = [Q(due_date__lt=edge) for edge in edges]
    between = [past & newer for past, newer in zip(older, late, strict=False)]
    return list(zip(BUCKETS, [fresh | Q(due_date=None), *between, older[-1]], strict=True))


def shown(row: dict[str, Any], currency: str) -> dict[str, Any]:
    return {"currency": currency} | {name: str(rounded(row[name] or Decimal(0), currency)) for name in (*BUCKETS, "total")}


def totals(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    sums: dict[str, dict[str, Decimal]] = {}
    for row in rows:
        total = sums.setdefault(row["currency"], dict.fromkeys((*BUCKETS, "total"), Decimal(0)))
        for name in total:
            total[name] += Decimal(row[name])
    return [shown(total, currency) for currency, total in sorted(sums.items())]
