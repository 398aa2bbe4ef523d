"""Writes of boards that touch more than their own row."""

from uuid import UUID

from django.db import transaction
from rest_framework.exceptions import ValidationError

from common.api.errors import Conflict
from common.records.stages import new_rank

from .models import Board, Card, Column

USUAL = ("To do", "Doing", "Done")


@transaction.atomic(savepoint=False)
def add_columns(board: Board, names: list[str] | None = None) -> None:
    """The columns of a new board."""
    for position, name in enumerate(names or USUAL):
        Column.objects.create(board=board, name=name, position=position)


@transaction.atomic(savepoint=False)
def make_room(column: Column) -> Column:
    """Lock a column until one more card is in it. Raises Conflict where its limit is reached."""
    locked = Column.objects.select_for_update(of=("self",), no_key=True).get(pk=column.pk)
    if locked.wip_limit is not None and Card.objects.filter(column=locked).count() >= locked.wip_limit:
        raise Conflict(f'"{locked.name}" is full: it holds at most {locked.wip_limit} card{"s"[: locked.wip_limit - 1]}.')
    return locked


@transaction.atomic(savepoint=False)
def move_card(
    card: Card,
    *,
    column: UUID | None = None,
    position: int | None = None,
    before: UUID | None = None,
    after: UUID | None = None,
) -> Card:
    """Put a card into a column of its board: at a position (from 1), next to another card, or last. Writes one row.

    ``card`` must be locked by the caller. Two people who move at once both keep what they did, and never pass a limit.
    Raises ValidationError, and Conflict where the column is full.
    """
    if column is not None and column != card.column_id:
        target = Column.objects.filter(pk=column, board=card.board_id).first()
        if target is None:
            raise ValidationError({"column": [f'Invalid pk "{column}" - object does not exist.']})
        card.column = make_room(target)
    others = Card.objects.filter(column=card.column_id).exclude(pk=card.pk)
    card.card_order = new_rank(others, position=position, before=before, after=after)
    card.save(update_fields=["column", "card_order", "updated_at", "updated_by"])
    return card
