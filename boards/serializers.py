from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, JSONField, OuterRef
from django.db.models.functions import JSONObject
from rest_framework import serializers

from common.records.about import AboutSerializer
from common.records.projection import Computed
from common.records.rank import last_rank
from common.records.serializers import BASE_FIELDS, ProjectedSerializer, RecordSerializer, Strict
from common.records.stages import CountOf

from .models import Board, Card, Column
from .services import add_columns, make_room

CARDS = Card.objects.filter(column=OuterRef("pk")).order_by().values("pk")
COLUMNS = ArraySubquery(
    Column.objects.filter(board=OuterRef("pk"))
    .order_by("position", "id")
    .values(column=JSONObject(id=F("id"), name=F("name"), position=F("position"), wip_limit=F("wip_limit"), cards=CountOf(CARDS)))
)


class BoardSerializer(RecordSerializer):
    columns = Computed(COLUMNS, JSONField(), help_text="In order, each with how many cards it has")
    column_names = serializers.ListField(
        child=serializers.CharField(max_length=100),
        write_only=True,
        required=False,
        min_length=1,
        max_length=50,
        help_text="The columns of a new board; without it: To do, Doing, Done",
    )

    class Meta(RecordSerializer.Meta):
        model = Board
        fields = [*RecordSerializer.Meta.fields, "name", "description", "members", "columns", "column_names"]

    def create(self, values: dict[str, Any]) -> Board:
        names = values.pop("column_names", None)
        board: Board = super().create(values)
        add_columns(board, names)
        return board

    def update(self, instance: Any, values: dict[str, Any]) -> Any:
        if values.pop("column_names", None):
            raise serializers.ValidationError({"column_names": ["Only for a new board: change its columns one by one."]})
        return super().update(instance, values)


class BoardColumnSerializer(ProjectedSerializer):
    class Meta:
        model = Column
        fields = [*BASE_FIELDS, "board", "name", "position", "wip_limit"]
        extra_kwargs = {
            "position": {"required": False, "help_text": "From 0; without it, the last"},
            "wip_limit": {"min_value": 1, "max_value": 32_767},
        }

    def validate_board(self, board: Board) -> Board:
        if self.instance and self.instance.board_id != board.pk:
            raise serializers.ValidationError("A column stays on its board.")
        return board

    def create(self, values: dict[str, Any]) -> Any:
        if "position" not in values:
            last = Column.objects.filter(board=values["board"]).order_by("-position").values_list("position", flat=True).first()
            values["position"] = 0 if last is None else min(last + 1, 32_767)
        return super().create(values)


class CardSerializer(AboutSerializer, ProjectedSerializer):
    board = serializers.UUIDField(source="board_id", read_only=True)

    class Meta:
        model = Card
        fields = [
            *BASE_FIELDS,
            "board",
            "column",
            "title",
            "description",
            "due_date",
            "members",
            "card_order",
            *Card.record_types(),
        ]
        read_only_fields = ["card_order"]

    def create(self, values: dict[str, Any]) -> Any:
        make_room(values["column"])
        return super().create({**values, "board_id": values["column"].board_id})

    def update(self, instance: Any, values: dict[str, Any]) -> Any:
        """In another column the card becomes the last."""
        column = values.get("column", instance.column)
        if column.board_id != instance.board_id:
            raise serializers.ValidationError({"column": ["A card stays on its board."]})
        if column.pk != instance.column_id:
            make_room(column)
            values["card_order"] = last_rank()
        return super().update(instance, values)


class MoveCardSerializer(Strict):
    """Where a card goes. Without a place it becomes the last of its column."""

    column = serializers.UUIDField(required=False, help_text="Without it: the column in which it is")
    position = serializers.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, help_text="From 1; past the end is last"
    )
    before = serializers.UUIDField(required=False, help_text="Put it before this card")
    after = serializers.UUIDField(required=False, help_text="Put it after this card")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if sum(name in values for name in ("position", "before", "after")) > 1:
            raise serializers.ValidationError("Give only one of position, before and after.")
        return values
