"""Tags: their endpoints, and what is done to one on all records that have it: counted, merged into another, restored."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.validators import RegexValidator
from django.db import transaction
from django.db.models import CharField, Count, Value
from django.http import Http404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from common.activity.models import Activity
from common.api.parameters import ETAG, documented

from .models import RECORD_MODELS, Record, Tag
from .serializers import BASE_FIELDS, ProjectedSerializer, ReferenceField, Strict
from .tenant_views import TenantViewSet
from .timeline import id_at

#: Around the moment in which a tag went, the time that the transaction may have taken.
TRANSACTION = timedelta(minutes=10)
CHUNK = 5000


def link_models() -> Iterator[tuple[Any, Any]]:
    """Every record type that has tags, with the model of its links."""
    for model in RECORD_MODELS.values():
        if issubclass(model, Record):
            yield model, model.tags.through


def usage(tag: Tag) -> dict[str, int]:
    """How many records of each module have a tag, in one statement."""
    parts = [
        links._default_manager.filter(tag=tag.pk)
        .annotate(_module=Value(model.module, CharField()))
        .values("_module")
        .annotate(_count=Count("pk"))
        .values_list("_module", "_count")
        .order_by()
        for model, links in link_models()
    ]
    return {module: count for module, count in sorted(parts[0].union(*parts[1:], all=True)) if count}


@transaction.atomic
def merge(*, tag: Tag, into: Tag) -> None:
    """Give every record that has ``tag`` the tag ``into``, and delete ``tag``. Raises ValidationError for one and the same."""
    if tag.pk == into.pk:
        raise ValidationError({"into": ["A tag cannot be merged into itself."]})
    for model, links in link_models():
        source = f"{model._meta.model_name}_id"
        link(links, source, links._default_manager.filter(tag=tag.pk).values_list(source, flat=True), into.pk)
    tag.delete()


@transaction.atomic
def restore(tag_id: UUID) -> Tag:
    """Bring back a tag that was deleted or merged, with its records as the activity stream tells them.

    Raises Http404 where there was none, or it is there.
    """
    gone = Activity.objects.filter(record_id=tag_id, record_type="tag").order_by("-id").first()
    if gone is None or gone.action != "purge":
        raise Http404
    tag = Tag(pk=tag_id, **{name: before for name, (before, _) in gone.changes.items() if name in ("name", "color")})
    tag.save(force_insert=True)
    lines = Activity.objects.filter(xid=gone.xid, pk__gt=id_at(gone.at - TRANSACTION, tag_id), changes__tags__0=str(tag_id))
    ids: dict[str, list[UUID]] = defaultdict(list)
    for record_type, record_id in lines.filter(pk__lt=id_at(gone.at + TRANSACTION, tag_id)).values_list(
        "record_type", "record_id"
    ):
        ids[record_type].append(record_id)
    for model, links in link_models():
        if wanted := ids.get(str(model._meta.model_name)):
            kept = model.with_bin.filter(pk__in=wanted).values_list("pk", flat=True)
            link(links, f"{model._meta.model_name}_id", kept, tag_id)
    return tag


def link(links: Any, source: str, record_ids: Any, tag_id: UUID) -> None:
    """Tag records; those that have the tag keep it."""
    rows = (links(**{source: pk, "tag_id": tag_id}) for pk in list(record_ids))
    links._default_manager.bulk_create(rows, batch_size=CHUNK, ignore_conflicts=True)


class TagSerializer(ProjectedSerializer):
    class Meta:
        model = Tag
        fields = [*BASE_FIELDS, "name", "color"]
        extra_kwargs = {"color": {"validators": [RegexValidator(r"^#[0-9a-fA-F]{6}$", "Expected a colour like #1f9d55.")]}}


class TagMergeSerializer(Strict):
    into = ReferenceField(target=Tag, help_text="The tag that stays")


class TagUsageSerializer(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    modules = serializers.DictField(child=serializers.IntegerField())


class TagViewSet(TenantViewSet):
    queryset = Tag.objects.all()
    serializer_class = TagSerializer
    module = "tags"
    example = {"name": "VIP", "color": "#1f9d55"}
    filterset_fields = ["name"]
    default_order = ["name"]
    more_orders = ["name", "created_at"]

    @extend_schema(responses=TagUsageSerializer)
    @action(detail=True)
    def usage(self, request: Request, pk: Any = None) -> Response:
        """How many records have a tag, of each module. Those in the bin count."""
        tag = self.visible().filter(pk=pk).first()
        if tag is None:
            raise Http404
        modules = usage(tag)
        return Response({"total": sum(modules.values()), "modules": modules})

    @extend_schema(
        request=TagMergeSerializer,
        examples=[OpenApiExample("Into another", {"into": "0192d3c0-0000-7000-8000-000000000000"}, request_only=True)],
    )
    @documented(ETAG)
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, pk: Any = None) -> Response:
        """Merge a tag into another one, which all its records get; answers with that one."""
        tag = self.get_object_for("delete")
        serializer = TagMergeSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        into = serializer.validated_data["into"]
        merge(tag=tag, into=into)
        return self.written(into.pk)

    @extend_schema(request=None, responses={409: "Another tag has its name by now."})
    @documented(ETAG)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: Any = None) -> Response:
        """Bring back a tag that was deleted or merged, on the records that had it."""
        self.require("delete")
        restore(pk)
        return self.written(pk)
