"""Boards for whatever work people want to see in columns."""

from django.core.validators import MinValueValidator
from django.db import models

from common.base import BaseModel
from common.records.models import LIVE, OnRecord, Record
from common.records.rank import last_rank
from common.tenancy.fields import TenantForeignKey, TenantManyToManyField


class Board(Record):
    search_columns = ("name", "description")
    owned_through = ("assigned_to", "members")

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    members = TenantManyToManyField("common.Profile", related_name="+", blank=True)

    class Meta(Record.Meta):
        db_table = "boards"
        indexes = [models.Index(fields=["org", "name", "id"], condition=LIVE, name="boards_by_name")]


class Column(BaseModel):
    part_of = "board"

    board = TenantForeignKey(Board, models.CASCADE, related_name="columns")
    name = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField(default=0)
    wip_limit = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text="How many cards it may hold"
    )

    class Meta:
        db_table = "board_columns"
        ordering = ["board", "position", "id"]

    def __str__(self) -> str:
        return self.name


class Card(OnRecord, BaseModel):
    """A card in a column, perhaps about a record."""

    needs_record = False
    on_purge = models.SET_NULL
    never_on = ("board",)

    board = TenantForeignKey(Board, models.CASCADE, related_name="cards")
    column = TenantForeignKey(Column, models.PROTECT, related_name="cards")
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    due_date = models.DateField(null=True, blank=True)
    members = TenantManyToManyField("common.Profile", related_name="+", blank=True)
    card_order = models.TextField(default=last_rank, db_collation="C", editable=False)

    class Meta:
        db_table = "cards"
        ordering = ["column", "card_order", "id"]
        indexes = [
            models.Index(fields=["org", "column", "card_order", "id"], name="cards_in_column"),
            models.Index(fields=["org", "card_order", "id"], name="cards_by_order"),
        ]

    def __str__(self) -> str:
        return self.title
