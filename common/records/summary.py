"""Counts and sums over a module's records, grouped or not, with the filters of its list."""

from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Count, Sum
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from .models import LINKS, Stage

MAX_GROUPS = 100


class SummaryRow(serializers.Serializer[Any]):
    """``group_by``'s own name stands beside these: the value that the counted records have in common."""

    count = serializers.IntegerField()
    currency = serializers.CharField(required=False)
    sums = serializers.DictField(child=serializers.CharField(), required=False)


def summable(model: Any) -> list[str]:
    return [field.name for field in model._meta.fields if isinstance(field, (models.DecimalField, models.PositiveIntegerField))]


def groupable(model: Any, names: list[str]) -> dict[str, str]:
    """What records can be grouped by, of the fields ``names``: parameter -> path. Their stage is called by its name."""
    groups = {"status": "stage"} if has_field(model, "stage") else {}
    return groups | {name: name for name in ("created_by", *LINKS, *names) if has_field(model, name)}


def has_field(model: Any, name: str) -> bool:
    try:
        model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True


def summary(queryset: Any, sums: list[str], group: str | None, groups: dict[str, str]) -> list[dict[str, Any]]:
    """``[{group, currency, count, sums}]``, most first. Money of different currencies is never added up.

    A record with two tags counts in both groups. Raises 400 for what cannot be summed or grouped by.
    """
    model = queryset.model
    if unknown := [name for name in sums if name not in summable(model)]:
        raise ValidationError({"sum": [f'Cannot sum "{unknown[0]}". Sum: {", ".join(summable(model))}.']})
    if group and group not in groups:
        raise ValidationError({"group_by": [f'Cannot group by "{group}". Group by: {", ".join(groups)}.']})
    path = groups[group] if group else None
    by = [name for name in (path, "currency" if sums and has_field(model, "currency") else None) if name]
    totals = {f"sum_{name}": Sum(name) for name in sums}
    if not by:
        rows = [queryset.order_by().aggregate(count=Count("id"), **totals)]
    else:
        rows = queryset.order_by().values(*by).annotate(count=Count("id"), **totals).order_by("-count", *by)[:MAX_GROUPS]
    if path == "stage":
        rows = by_stage_name(rows, list(totals))
    return [
        ({group: row[path]} if group and path else {})
        | ({"currency": row["currency"]} if "currency" in by else {})
        | {"count": row["count"]}
        | ({"sums": {name: row[f"sum_{name}"] for name in sums}} if sums else {})
        for row in rows
    ]


def by_stage_name(rows: Any, totals: list[str]) -> list[dict[str, Any]]:
    """Groups of stages as groups of their names, most first. Done here: SQL would look up the stage of each record.

    What stands in no stage, or in one that has just been deleted, has None for a name.
    """
    names = dict(Stage.objects.values_list("pk", "name"))
    merged: dict[Any, dict[str, Any]] = {}
    for row in rows:
        row["stage"] = names.get(row["stage"])
        known = merged.setdefault((row["stage"], row.get("currency")), row)
        if known is not row:
            known["count"] += row["count"]
            for name in totals:
                given = [value for value in (known[name], row[name]) if value is not None]
                known[name] = sum(given) if given else None
    return sorted(merged.values(), key=lambda row: (-row["count"], row["stage"] or "", row.get("currency") or ""))
