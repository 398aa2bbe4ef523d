"""Boards, their columns and their cards. Who may see a board sees its cards; who may change it moves them."""

from typing import Any, ClassVar

import orjson
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef
from django.http import Http404
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.filters import apply_filters
from common.api.pages import MAX_LIMIT, whole_number
from common.api.parameters import ETAG, IF_MATCH, documented, whole
from common.records.projection import RowJSON, projection
from common.records.stages import LinesOf
from common.records.tenant_views import TenantViewSet
from common.records.views import RecordViewSet

from .models import Board, Card, Column
from .serializers import BoardColumnSerializer, BoardSerializer, CardSerializer, MoveCardSerializer
from .services import move_card


class FilledColumnSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    position = serializers.IntegerField()
    wip_limit = serializers.IntegerField(allow_null=True)
    cards = CardSerializer(many=True)


class BoardViewSet(RecordViewSet):
    queryset = Board.objects.all()
    serializer_class = BoardSerializer
    example = {"name": "Winter fair", "description": "Who does what", "column_names": ["Ideas", "Doing", "Done"]}
    filterset_fields = ["name", "members"]

    @extend_schema(
        responses=FilledColumnSerializer(many=True),
        parameters=[whole("per_column", "Cards of each column", 1, MAX_LIMIT, default=100)],
    )
    @action(detail=True, filter_backends=[])
    def cards(self, request: Request, pk: Any = None) -> Response:
        """The columns of a board in order, each with its first cards."""
        apply_filters(Card.objects, {}, request.query_params, self.profile, ["per_column"])
        per_column = whole_number(request, "per_column", 100, 1, MAX_LIMIT)
        if not self.visible().filter(pk=pk).exists():
            raise Http404
        shape = RowJSON(projection(CardSerializer, CardSerializer.names()))
        cards = Card.objects.filter(column=OuterRef("pk")).order_by("card_order", "id").values_list(shape)[:per_column]
        columns = Column.objects.filter(board=pk).order_by("position", "id")
        names = ("id", "name", "position", "wip_limit")
        return Response(
            [
                dict(zip(names, row, strict=True)) | {"cards": [orjson.Fragment(card) for card in lines.split("\n") if card]}
                for *row, lines in columns.values_list(*names, LinesOf(cards))
            ]
        )


class OnBoardViewSet(TenantViewSet):
    """What belongs to a board: seen by who may see the board, changed by who may change it."""

    module = "boards"

    def visible(self, action: str = "view") -> Any:
        boards = Board.objects.visible_to(self.profile, "view" if action == "view" else "edit")
        return self.model.objects.filter(board__in=boards.order_by().values("pk"))

    def sees_all(self) -> bool:
        return False

    def check_may(self, action: str, instance: Any) -> None:
        self.check_may_change(instance.board_id)

    def check_may_change(self, board_id: Any) -> None:
        if not Board.objects.visible_to(self.profile, "edit").filter(pk=board_id).exists():
            raise PermissionDenied("You may see this board, but not change it.")


@extend_schema_view(destroy=extend_schema(responses={409: "There are cards in it."}))
class ColumnViewSet(OnBoardViewSet):
    queryset = Column.objects.all()
    serializer_class = BoardColumnSerializer
    with_tools = True
    example = {"board": "0192d3c0-0000-7000-8000-000000000000", "name": "Review", "wip_limit": 3}
    filterset_fields = ["board", "name"]
    default_order = ["position"]
    more_orders = ["position"]

    def perform_create(self, serializer: Any) -> Any:
        self.check_may_change(serializer.validated_data["board"].pk)
        return super().perform_create(serializer)


@extend_schema_view(
    create=extend_schema(responses={409: "The column is full."}),
    partial_update=extend_schema(responses={409: "The column is full."}),
    update=extend_schema(responses={409: "The column is full."}),
)
class CardViewSet(OnBoardViewSet):
    queryset = Card.objects.all()
    serializer_class = CardSerializer
    with_tools = True
    tool_names: ClassVar[dict[str, str]] = {"move": "move_{one}"}
    example = {"column": "0192d3c0-0000-7000-8000-000000000000", "title": "Print the posters", "due_date": "2027-01-15"}
    filterset_fields = ["board", "column", "members", "due_date", *Card.record_types()]
    default_order = ["card_order"]

    def perform_create(self, serializer: Any) -> Any:
        self.check_may_change(serializer.validated_data["column"].board_id)
        return super().perform_create(serializer)

    @extend_schema(
        request=MoveCardSerializer,
        responses={200: CardSerializer, 409: "The column is full."},
        examples=[OpenApiExample("To the top of a column", {"column": "0192d3c0-0000-7000-8000-000000000000", "position": 1},
                                 request_only=True)],
    )  # fmt: skip
    @documented(IF_MATCH, ETAG)
    @action(detail=True, methods=["post"])
    def move(self, request: Request, pk: Any = None) -> Response:
        """Move a card to a column, and to a place in it."""
        card = self.get_object_for("edit")
        serializer = MoveCardSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        move_card(card, **serializer.validated_data)
        return self.written(pk)
