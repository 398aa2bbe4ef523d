"""Boards: records of a pipeline grouped by stage, and the move of a card."""

from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import Func, IntegerField, OuterRef, Subquery, TextField
from rest_framework.exceptions import ValidationError

from common.api.pages import COUNT_CAP

from .models import Pipeline, Stage, StagedRecord
from .projection import RowJSON, projection
from .rank import MAX_LENGTH, first_rank, last_rank, rank_between, spread


def board(
    records: Any, pipeline: Pipeline | None, serializer_class: Any, names: tuple[str, ...], per_column: int
) -> list[tuple[Any, ...]]:
    """The columns of a board as ``(stage id, name, kind, probability, [card as JSON])``, in one statement.

    Each column reads its first ``per_column`` cards from an index, however many there are. Without a pipeline: the
    module's default one.
    """
    cards = records.filter(stage=OuterRef("pk")).order_by("card_order", "id")
    cards = cards.values_list(RowJSON(projection(serializer_class, names)))[:per_column]
    where = {"pipeline": pipeline} if pipeline else {"pipeline__module": records.model.module, "pipeline__is_default": True}
    stages = Stage.objects.filter(**where).order_by("position", "id")
    rows = stages.values_list("pk", "name", "kind", "probability", LinesOf(cards))
    return [(*column, lines.split("\n") if lines else []) for *column, lines in rows]


class LinesOf(Func):
    """The rows of a subquery of one text column, in its order and a line each: an array would quote each quote of JSON."""

    output_field = TextField()
    template = "array_to_string(%(expressions)s, E'\\n')"

    def __init__(self, rows: Any):
        super().__init__(ArraySubquery(rows))


class CountOf(Subquery):
    """How many rows a subquery has."""

    template = "(SELECT count(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


def column_counts(records: Any, stage_ids: list[UUID]) -> list[int]:
    """How many cards each stage holds, each capped, in one statement."""
    cards = records.filter(stage=OuterRef("pk")).order_by().values("pk")[:COUNT_CAP]
    counts = dict(Stage.objects.filter(pk__in=stage_ids).values_list("pk", CountOf(cards)))
    return [counts[pk] for pk in stage_ids]


@transaction.atomic(savepoint=False)
def move(
    record: StagedRecord,
    *,
    stage: Stage,
    position: int | None = None,
    before: UUID | None = None,
    after: UUID | None = None,
) -> StagedRecord:
    """Put a card into a stage: at a position (from 1), next to another card, or last. Writes one row.

    ``record`` must be locked by the caller. Two people who move at once both keep what they did.
    """
    column = type(record).objects.filter(stage=stage).exclude(pk=record.pk)
    rank = new_rank(column, position=position, before=before, after=after)
    if stage.pk != record.stage_id:
        record.enter(stage)
    record.card_order = rank
    record.save(update_fields=[*record.moved_columns, "updated_at", "updated_by"])
    return record


def new_rank(column: Any, *, position: int | None = None, before: UUID | None = None, after: UUID | None = None) -> str:
    """A rank at the asked place among the cards of ``column``, a queryset: at a position (from 1), next to one, or last."""
    low, high = neighbours(column, position, before, after)
    if high is None:
        rank = last_rank()
        return rank if low is None or rank > low else low + "V"
    if low is None:
        rank = first_rank()
        return rank if rank < high else rank_between("", high)
    rank = rank_between(low, high) if low < high else low + "V"
    if len(rank) > MAX_LENGTH:
        respread(column)
        return new_rank(column, position=position, before=before, after=after)
    return rank


def neighbours(column: Any, position: int | None, before: UUID | None, after: UUID | None) -> tuple[str | None, str | None]:
    """The ranks between which the card goes; None where nothing is there."""
    ranks = column.order_by("card_order", "id").values_list("card_order", flat=True)
    if position == 1:
        return None, ranks.first()
    if position:
        around = list(ranks[position - 2 : position])
        return (around[0], around[1]) if len(around) == 2 else (None, None)
    if not (before or after):
        return None, None
    rank = ranks.filter(pk=before or after).first()
    if rank is None:
        raise ValidationError({"before" if before else "after": ["No such card there."]})
    if before:
        return ranks.filter(card_order__lt=rank).order_by("-card_order", "-id").first(), rank
    return rank, ranks.filter(card_order__gt=rank).first()


def respread(column: Any) -> None:
    """Give a column's cards short ranks again, in the same order: after hundreds of moves into one and the same gap."""
    cards = list(column.select_for_update(of=("self",)).order_by("card_order", "id").only("pk", "org_id"))
    for card, rank in zip(cards, spread(len(cards)), strict=True):
        card.card_order = rank
    column.model.objects.bulk_update(cards, ["card_order"], batch_size=1000)


def position_of(record: StagedRecord) -> int:
    """Where a card stands in its column, from 1."""
    column = type(record).objects.filter(stage=record.stage_id)
    return column.filter(card_order__lt=record.card_order).count() + 1
