"""The Lightweight CRM's lead endpoints, at the root, with its shapes and error bodies."""

import json
from typing import Any
from uuid import UUID

import orjson
from django.http import Http404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api.pages import MAX_LIMIT, whole_number
from common.api.parameters import ETAG, IF_MATCH, documented, header, whole
from common.records.staged_views import MoveSerializer, move_card
from common.records.stages import board, column_counts, position_of
from leads.models import Lead
from leads.views import LeadViewSet

from .serializers import BoardLeadSerializer

PER_COLUMN = 100


class TestView(APIView):
    """Whether the API works. Needs no token."""

    authentication_classes = []
    permission_classes = []

    @extend_schema(responses={200: dict[str, str]})
    def get(self, request: Request) -> Response:
        return Response({"message": "Django API is working!", "status": "success"})


#: One list of leads per stage.
BOARD = {
    "type": "object",
    "additionalProperties": {"type": "array", "items": {"$ref": "#/components/schemas/BoardLead"}},
}

CARD = {
    "id": "0192d3c0-5a00-7d3e-8f5b-3c1e2a4b6d80",
    "name": "Jane Smith",
    "company": "Tech Solutions",
    "email": "jane@tech.example",
    "phone": "+1987654321",
    "value": 7500.0,
    "notes": "Follow up next week",
    "source": "Referral",
    "status": "Interest",
    "card_order": 1,
    "created_at": "2026-05-04T09:30:00.000000Z",
    "updated_at": "2026-05-04T09:30:00.000000Z",
}


class StatusSerializer(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="The stage's name")
    card_order = serializers.IntegerField(required=False, min_value=1, help_text="Position in the column, from 1")


def with_position(card: str, position: int) -> orjson.Fragment:
    return orjson.Fragment(f'{card[:-1]},"card_order":{position}}}')


class BoardLeadViewSet(LeadViewSet):
    """Leads as a board: one key per stage, in stage order."""

    serializer_class = BoardLeadSerializer
    #: What a refused write says, by action.
    failures = {"create": "Failed to create lead", "update": "Failed to update lead", "destroy": "Failed to delete lead"}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if "pk" in self.kwargs:
            try:
                self.kwargs["pk"] = UUID(self.kwargs["pk"])
            except ValueError as error:
                raise Http404 from error

    def handle_exception(self, error: Exception) -> Response:
        if isinstance(error, Http404):
            error = NotFound("Lead not found")
        response = super().handle_exception(error)
        if isinstance(error, ValidationError) and (failure := self.failures.get(self.action)):
            response.data["error"] = failure
        return response

    @extend_schema(
        operation_id="root_leads_list",
        responses={200: BOARD},
        examples=[OpenApiExample("Board", {"Interest": [CARD], "Meeting booked": []}, response_only=True)],
        parameters=[
            whole("per_column", "Cards of each column", 1, MAX_LIMIT, default=PER_COLUMN),
            header("X-Column-Counts", "How many cards each column has, as JSON; 10,001 means more than 10,000", 200),
        ],
        filters=False,
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The board: each stage's first cards. `X-Column-Counts` has the totals."""
        self.require("view")
        if unknown := set(request.query_params) - {"per_column"}:
            raise ValidationError({name: ["Unknown parameter."] for name in unknown})
        per_column = whole_number(request, "per_column", PER_COLUMN, 1, MAX_LIMIT)
        columns = board(self.visible(), None, BoardLeadSerializer, self.get_names(), per_column)
        counts = column_counts(self.visible(), [column[0] for column in columns])
        totals = {column[1]: count for column, count in zip(columns, counts, strict=True)}
        body = {name: [with_position(card, at) for at, card in enumerate(cards, 1)] for _, name, _, _, cards in columns}
        return Response(body, headers={"X-Column-Counts": json.dumps(totals)})

    def get_names(self) -> tuple[str, ...]:
        return BoardLeadSerializer.names()

    def answer(self, row: tuple[Any, Any] | None, *, code: int = 200, **headers: str) -> Response:
        response = super().answer(row, code=code, **headers)
        if row is not None and response.data is not None:
            card = orjson.loads(orjson.dumps(row[0]))
            lead = Lead.with_bin.only("org_id", "stage_id", "card_order").get(pk=card["id"])
            response.data = card | {"card_order": position_of(lead)}
        return response

    @documented(IF_MATCH, ETAG)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change a lead; a `status` or `card_order` among the fields moves its card."""
        response = super().update(request, *args, **kwargs)
        if "card_order" not in request.data:
            return response
        lead = Lead.objects.select_for_update(of=("self",)).get(pk=self.kwargs["pk"])
        return self._move(lead, {"card_order": request.data["card_order"]})

    @documented(IF_MATCH, ETAG)
    @extend_schema(
        request=StatusSerializer,
        filters=False,
        examples=[OpenApiExample("Move", {"status": "Meeting booked", "card_order": 3}, request_only=True)],
    )
    def move(self, request: Request, pk: Any = None) -> Response:
        """Move a card to a stage, and to a position in it."""
        lead = self.get_object_for("edit")
        if not isinstance(request.data, dict) or not request.data.get("status"):
            self.failures = {"move": "Status is required"}
            raise ValidationError({"status": ["Status is required"]})
        return self._move(lead, request.data)

    def _move(self, lead: Lead, values: dict[str, Any]) -> Response:
        given = {name: value for name, value in values.items() if value is not None}
        serializer = MoveSerializer(data={"stage": str(lead.stage_id), **given} if "status" not in given else given)
        serializer.is_valid(raise_exception=True)
        move_card(lead, serializer.validated_data)
        return self.written(lead.pk)
