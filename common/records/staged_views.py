"""Endpoints of records in pipelines: the board and the move of a card; and the pipelines themselves."""

from functools import cache
from typing import Any
from uuid import UUID

import orjson
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import Max
from django.http import Http404
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.errors import Conflict
from common.api.filters import Filter, apply_filters, filters_for
from common.api.pages import MAX_LIMIT, whole_number
from common.api.parameters import COUNT, ETAG, IF_MATCH, documented, fields_of, filters_of, whole

from .models import MODULES, Pipeline, Stage, StagedRecord
from .pack_data import USUAL
from .serializers import BASE_FIELDS, STAGES, ProjectedSerializer, Strict, find_stage
from .services import keep_one_default
from .stages import board, column_counts, move
from .tenant_views import TenantViewSet
from .views import RecordViewSet


class MoveSerializer(Strict):
    """Where a card goes. Without a place it becomes the last card of its stage."""

    status = serializers.CharField(required=False, help_text="The stage's name")
    stage = serializers.UUIDField(required=False, help_text="The stage's id, instead of its name")
    card_order = serializers.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, help_text="Position in the stage, from 1; past the end is last"
    )
    before = serializers.UUIDField(required=False, help_text="Put it before this card")
    after = serializers.UUIDField(required=False, help_text="Put it after this card")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if sum(name in values for name in ("card_order", "before", "after")) > 1:
            raise ValidationError("Give only one of card_order, before and after.")
        if not ("status" in values or "stage" in values):
            raise ValidationError({"status": ["Status is required"]})
        return values


def move_card(record: StagedRecord, values: dict[str, Any]) -> StagedRecord:
    """Move by the values of a MoveSerializer."""
    stage = find_stage(record.module, values.get("status"), values.get("stage"), record.stage_id)
    return move(record, stage=stage, position=values.get("card_order"), before=values.get("before"), after=values.get("after"))


class ColumnSerializer(serializers.Serializer[Any]):
    stage = serializers.UUIDField()
    status = serializers.CharField()
    kind = serializers.ChoiceField(choices=Stage.Kind.choices)
    probability = serializers.IntegerField()
    count = serializers.IntegerField(required=False, help_text="Cards in the stage; 10,001 means more than 10,000")
    cards = serializers.ListField(child=serializers.DictField())


class StatusFilter(Filter):
    """By stage name. The stage is looked up first, so that the index on (stage, order) serves."""

    target = Stage._meta.get_field("name")

    def apply(self, queryset: Any, value: Any, profile: Any) -> Any:
        names = value if self.lookup == "in" else [value]
        ids = [pk for pk, name, *_ in STAGES.rows(module=queryset.model.module) if name in names]
        return queryset.filter(stage=ids[0]) if len(ids) == 1 else queryset.filter(stage__in=ids)


class StagedViewSet(RecordViewSet):
    """A module whose records stand in stages."""

    @classmethod
    @cache
    def filters(cls) -> dict[str, Filter]:
        field = cls.queryset.model._meta.get_field("stage")
        status = {name: StatusFilter(name, field, lookup) for name, lookup in (("status", ""), ("status__in", "in"))}
        return super().filters() | filters_for(cls.queryset.model, ["stage"]) | status

    @extend_schema(request=MoveSerializer)
    @documented(IF_MATCH, ETAG)
    @action(detail=True, methods=["put", "patch"], url_path="status", url_name="status")
    def move(self, request: Request, pk: Any = None) -> Response:
        """Move a card to a stage, and to a place in it."""
        record = self.get_object_for("edit")
        serializer = MoveSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        self.perform_move(record, serializer.validated_data)
        return self.written(pk)

    def move_examples(self) -> list[OpenApiExample]:
        """For the documentation: to the stages with which an organization begins."""
        _, ((first, *_), (second, *_), *_) = USUAL[self.module]
        return [
            OpenApiExample("To a place in a column", {"status": second, "card_order": 1}, request_only=True),
            OpenApiExample("To the end of a column", {"status": first}, request_only=True),
        ]

    def perform_move(self, record: Any, values: dict[str, Any]) -> None:
        move_card(record, values)

    @extend_schema(
        responses={200: ColumnSerializer(many=True), 404: "The module has no default pipeline."},
        parameters=[
            whole("per_column", "Cards of each column", 1, MAX_LIMIT, default=50),
            OpenApiParameter("pipeline", UUID, description="A pipeline's id; without it, the default one"),
        ],
    )
    @documented(filters_of, fields_of, COUNT)
    @action(detail=False, filter_backends=[])
    def board(self, request: Request) -> Response:
        """The columns of a pipeline in stage order, each with its first cards and how many it has."""
        self.require("view")
        per_column = whole_number(request, "per_column", 50, 1, MAX_LIMIT)
        pipeline = self._pipeline(request.query_params.get("pipeline"))
        others = {"per_column", "pipeline", "fields", "count"}
        records = apply_filters(self.visible(), self.filters_asked(), request.query_params, self.profile, others)
        columns = board(records, pipeline, self.get_serializer_class(), self.get_names(), per_column)
        if not columns and pipeline is None:
            raise Http404
        results = [
            {
                "stage": pk,
                "status": name,
                "kind": kind,
                "probability": probability,
                "cards": [orjson.Fragment(card) for card in cards],
            }
            for pk, name, kind, probability, cards in columns
        ]
        if request.query_params.get("count") != "none":
            for column, count in zip(results, column_counts(records, [column[0] for column in columns]), strict=True):
                column["count"] = count
        return Response(results)

    def _pipeline(self, raw: str | None) -> Pipeline | None:
        if raw is None:
            return None
        try:
            pipeline = Pipeline.objects.filter(pk=raw, module=self.module).first()
        except (ValueError, DjangoValidationError):
            pipeline = None
        if pipeline is None:
            raise ValidationError({"pipeline": ["Does not exist."]})
        return pipeline


class StageSerializer(ProjectedSerializer):
    class Meta:
        model = Stage
        fields = [*BASE_FIELDS, "pipeline", "name", "position", "kind", "probability"]
        extra_kwargs = {"position": {"required": False, "help_text": "From 0; without it, the last"}}

    def validate_pipeline(self, pipeline: Pipeline) -> Pipeline:
        if self.instance and self.instance.pipeline_id != pipeline.pk:
            raise ValidationError("A stage stays in its pipeline.")
        return pipeline

    def create(self, values: dict[str, Any]) -> Any:
        if "position" not in values:
            last = Stage.objects.filter(pipeline=values["pipeline"]).aggregate(last=Max("position"))["last"]
            values["position"] = 0 if last is None else last + 1
        return super().create(values)


class PipelineSerializer(ProjectedSerializer):
    module = serializers.ChoiceField(choices=())

    class Meta:
        model = Pipeline
        fields = [*BASE_FIELDS, "module", "name", "is_default"]

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["module"].choices = sorted(name for name, model in MODULES.items() if issubclass(model, StagedRecord))
        return fields

    def validate_module(self, module: str) -> str:
        if self.instance and self.instance.module != module:
            raise ValidationError("A pipeline stays with its module.")
        return module

    def create(self, values: dict[str, Any]) -> Any:
        keep_one_default(Pipeline(module=values["module"]), is_default=values.get("is_default", False))
        return super().create(values)

    def update(self, instance: Any, values: dict[str, Any]) -> Any:
        keep_one_default(instance, is_default=values.get("is_default", instance.is_default))
        return super().update(instance, values)


@extend_schema_view(destroy=extend_schema(responses={409: "It is the default pipeline, or records stand in its stages."}))
class PipelineViewSet(TenantViewSet):
    queryset = Pipeline.objects.all()
    serializer_class = PipelineSerializer
    module = "pipelines"
    example = {"module": "leads", "name": "Partners"}
    filterset_fields = ["module", "name", "is_default"]
    default_order = ["created_at"]
    more_orders = ["module", "name"]

    def perform_destroy(self, instance: Pipeline) -> None:
        if instance.is_default:
            raise Conflict("The default pipeline cannot be deleted: make another one the default first.")
        super().perform_destroy(instance)


@extend_schema_view(destroy=extend_schema(responses={409: "Records stand in this stage."}))
class StageViewSet(TenantViewSet):
    queryset = Stage.objects.all()
    serializer_class = StageSerializer
    module = "pipelines"
    example = {"pipeline": "0192d3c0-0000-7000-8000-000000000000", "name": "On hold", "probability": 20}
    filterset_fields = ["pipeline", "name", "kind"]
    default_order = ["position"]
    more_orders = ["position", "name"]
