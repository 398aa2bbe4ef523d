"""Endpoints of tenant rows: a viewset is a queryset, a serializer and lists of field names."""

from functools import cache, cached_property
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from common.activity.history import HistoryEntry, history_of
from common.api.errors import Conflict, PreconditionFailed
from common.api.etag import etag_of, matches
from common.api.filters import Filter, apply_filters, filters_for
from common.api.pages import PARAMETERS, Order, paginate
from common.api.parameters import ETAG, IF_MATCH, IF_NONE_MATCH, LIST, LOCATION, PAGE, documented, fields_of

from .comments import AttachmentSerializer, CommentSerializer
from .models import Attachment, BaseRecord, Comment
from .projection import locked_row, read_row, read_rows
from .search import search_filter

UUID = "<uuid:pk>"
BASE_FILTERS = ("id", "created_at", "updated_at", "created_by")
OWNED_FILTERS = ("assigned_to", "teams", "tags", "external_id")


def indexed_fields(index: models.Index) -> list[str]:
    """The names of an index's fields, whether they were given as names or as expressions."""
    expressions = [getattr(expression, "expression", expression).name for expression in index.expressions]
    return [name.lstrip("-") for name in index.fields] or expressions


class TenantViewSet(GenericViewSet):
    """List and detail of one model's rows, projected; create, change and delete them.

    ``module`` names the rows in permissions. Rows that a caller may not see are not found.
    """

    lookup_value_converter = "uuid"
    module: str
    filterset_fields: ClassVar[list[str]] = []
    default_order: ClassVar[list[str]] = []
    #: Fields that may be sorted by besides those with an index (org, field, id).
    more_orders: ClassVar[list[str]] = []
    with_search = False
    #: What the documentation suggests to create, as its body.
    example: ClassVar[dict[str, Any]] = {}
    changes_by: ClassVar[dict[str, str]] = {"create": "create", "update": "edit", "partial_update": "edit", "destroy": "delete"}

    @property
    def model(self) -> Any:
        return self.queryset.model

    @property
    def profile(self) -> Any:
        return self.request._request.profile

    # --- what a caller may reach

    def visible(self, action: str = "view") -> Any:
        """The rows on which the caller may do ``action``: here all or none, records decide row by row."""
        rows = self.model._default_manager.all()
        return rows if self.profile.scope_for(self.module, action) != "none" else rows.none()

    def require(self, action: str) -> None:
        if self.profile.scope_for(self.module, action) == "none":
            raise PermissionDenied(f"Your role may not {action} {self.module}.")

    def get_object_for(self, action: str) -> Any:
        """The row of the path, locked. 404 where the caller may not see it, 403 where they may not do ``action``."""
        pk = self.kwargs["pk"]
        if self.sees_all():
            instance = locked_row(self.model).first(pk=str(pk))
        else:
            instance = self.visible().select_for_update(of=("self",)).filter(pk=pk).first()
        if instance is None:
            raise Http404
        self.check_may(action, instance)
        header = self.request.headers.get("If-Match")
        if header and not matches(header, etag_of(instance.updated_at)):
            raise PreconditionFailed
        return instance

    def check_may(self, action: str, instance: Any) -> None:
        scope_for = self.profile.scope_for
        same = scope_for(self.module, action) == scope_for(self.module, "view")
        if not same and not self.visible(action).filter(pk=instance.pk).exists():
            raise PermissionDenied(f"You may see this, but not {action} it.")

    # --- reading

    @classmethod
    @cache
    def filters(cls) -> dict[str, Filter]:
        model = cls.queryset.model
        own = [name for name in BASE_FILTERS if name in {field.name for field in model._meta.fields}]
        return filters_for(model, [*own, *cls.filterset_fields])

    @classmethod
    @cache
    def orders(cls) -> frozenset[str]:
        """Fields to sort by: those with an index, since no other order stays fast as rows grow."""
        indexed = [indexed_fields(index) for index in cls.queryset.model._meta.indexes]
        return frozenset([*cls.more_orders, *(names[1] for names in indexed if len(names) == 3 and names[2] == "id")])

    def get_order(self) -> Order:
        raw = self.request.query_params.get("ordering")
        names = raw.split(",") if raw else self.default_order or list(self.model._meta.ordering)
        for name in names if raw else ():
            if name.lstrip("-") not in self.orders() | {"id"}:
                known = ", ".join(sorted(self.orders()))
                raise ValidationError({"ordering": [f'Cannot sort by "{name}". Sort by: {known}.']})
        return Order(self.model, names)

    def get_names(self) -> tuple[str, ...]:
        names = self.get_serializer_class().names()
        raw = self.request.query_params.get("fields")
        if raw is None:
            return names
        wanted = tuple(dict.fromkeys(raw.split(",")))
        if unknown := [name for name in wanted if name not in names]:
            raise ValidationError({"fields": [f'Unknown field "{unknown[0]}".']})
        return wanted

    def filtered(self, queryset: Any) -> Any:
        others = {*PARAMETERS, "ordering", "fields", *(["search"] if self.with_search else [])}
        queryset = apply_filters(queryset, self.filters(), self.request.query_params, self.profile, others)
        text = self.request.query_params.get("search") if self.with_search else None
        return search_filter(queryset, text) if text is not None else queryset

    def envelope(self, queryset: Any) -> dict[str, Any]:
        serializer_class, names = self.get_serializer_class(), self.get_names()
        return paginate(
            self.request, queryset, self.get_order(), lambda rows, extra: read_rows(rows, serializer_class, names, *extra)
        )

    @documented(*LIST)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.require("view")
        return Response(self.envelope(self.filtered(self.visible())))

    def sees_all(self) -> bool:
        """Whether the caller may see every row, so that a ready statement can serve."""
        return self.profile.scope_for(self.module, "view") != "none"

    @documented(fields_of, IF_NONE_MATCH, ETAG)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer_class, names, pk = self.get_serializer_class(), self.get_names(), self.kwargs["pk"]
        if self.sees_all():
            row = read_row(serializer_class, names, pk)
        else:
            row = next(iter(read_rows(self.visible().filter(pk=pk), serializer_class, names, "updated_at")), None)
        return self.answer(row)

    def written(self, pk: Any, *, code: int = 200, **headers: str) -> Response:
        """A row after a write, be it visible to the caller any more or not."""
        serializer_class = self.get_serializer_class()
        return self.answer(read_row(serializer_class, serializer_class.names(), pk, with_bin=True), code=code, **headers)

    def answer(self, row: tuple[Any, Any] | None, *, code: int = 200, **headers: str) -> Response:
        """One row ``(JSON, updated_at)``, with its entity tag."""
        if row is None:
            raise Http404
        etag = etag_of(row[1])
        known = self.request.headers.get("If-None-Match")
        if known and self.request.method in ("GET", "HEAD") and matches(known, etag):
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": etag})
        return Response(row[0], status=code, headers={"ETag": etag, **headers})

    # --- writing

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "profile": self.profile}

    @documented(LOCATION, ETAG)
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.require("create")
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        instance = self.perform_create(serializer)
        location = f"{request._request.path.rstrip('/')}/{instance.pk}/"
        return self.written(instance.pk, code=status.HTTP_201_CREATED, Location=location)

    def perform_create(self, serializer: Any) -> Any:
        return serializer.save()

    @documented(IF_MATCH, ETAG)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        instance = self.get_object_for("edit")
        serializer = self.get_serializer(instance, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        self.perform_update(serializer)
        return self.written(instance.pk)

    def perform_update(self, serializer: Any) -> None:
        serializer.save()

    @documented(IF_MATCH, ETAG)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.update(request, *args, **kwargs)

    @documented(IF_MATCH)
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.perform_destroy(self.get_object_for("delete"))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def perform_destroy(self, instance: Any) -> None:
        try:
            instance.delete()
        except models.ProtectedError as error:
            raise Conflict("This is still in use, so it cannot be deleted.") from error

    @extend_schema(responses=HistoryEntry(many=True))
    @documented(*PAGE)
    @action(detail=True)
    def history(self, request: Request, pk: Any = None) -> Response:
        """Every change of the record: who, when, through what, before and after."""
        if not self.everything_visible().filter(pk=pk).exists():
            raise Http404
        return Response(history_of(request, self.model, pk))

    def everything_visible(self) -> Any:
        return self.visible()


class RecordViewSet(TenantViewSet):
    """A module: list, detail, search, bin, comments, attachments and history of its records."""

    with_search = True

    @cached_property
    def module(self) -> str:  # type: ignore[override]
        return self.model.module

    def visible(self, action: str = "view") -> Any:
        return self.model.objects.visible_to(self.profile, action)

    def sees_all(self) -> bool:
        return self.profile.scope_for(self.module, "view") == "all"

    def everything_visible(self) -> Any:
        return self.model.with_bin.visible_to(self.profile)

    @classmethod
    @cache
    def filters(cls) -> dict[str, Filter]:
        model = cls.queryset.model
        owned = [name for name in OWNED_FILTERS if hasattr(model, name)]
        return super().filters() | filters_for(model, owned)

    def perform_destroy(self, instance: BaseRecord) -> None:
        instance.deleted_at = timezone.now()
        instance.save(update_fields=["deleted_at", "updated_at", "updated_by"])

    @documented(*LIST)
    @action(detail=False, url_path="bin")
    def bin(self, request: Request) -> Response:
        """Deleted records, which can be restored for 30 days."""
        self.require("view")
        return Response(self.envelope(self.filtered(self.everything_visible().exclude(deleted_at=None))))

    @extend_schema(request=None)
    @documented(ETAG)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: Any = None) -> Response:
        """Bring a record back from the bin."""
        rows = self.model.with_bin.exclude(deleted_at=None).select_for_update(of=("self",))
        instance = rows.visible_to(self.profile).filter(pk=pk).first()
        if instance is None:
            raise Http404
        if not self.model.with_bin.visible_to(self.profile, "delete").filter(pk=pk).exists():
            raise PermissionDenied("You may see this, but not restore it.")
        instance.deleted_at = None
        instance.save(update_fields=["deleted_at", "updated_at", "updated_by"])
        return self.written(pk)

    # --- what hangs on a record

    def _hanging(self, model: Any, serializer_class: Any, pk: Any) -> Response:
        """List or add the comments or attachments of record ``pk``. Who may see a record may do both."""
        record = self.visible().filter(pk=pk).first()
        if record is None:
            raise Http404
        name = self.model._meta.model_name
        if self.request.method == "POST":
            serializer = serializer_class(data=self.request.data, context=self.get_serializer_context())
            serializer.is_valid(raise_exception=True)
            instance = serializer.save(**{name: record})
            rows = read_rows(model._default_manager.filter(pk=instance.pk), serializer_class, serializer_class.names())
            location = f"/api/v1/{model._meta.db_table}/{instance.pk}/"
            return Response(rows[0][0], status=status.HTTP_201_CREATED, headers={"Location": location})
        apply_filters(model._default_manager, {}, self.request.query_params, self.profile, PARAMETERS)
        rows = model._default_manager.filter(**{name: record.pk})
        names = serializer_class.names()
        return Response(
            paginate(
                self.request, rows, Order(model, ["-id"]), lambda page, extra: read_rows(page, serializer_class, names, *extra)
            )
        )

    @extend_schema(methods=["GET"], parameters=PAGE, responses=CommentSerializer(many=True))
    @extend_schema(
        methods=["POST"],
        summary="Comment on a record",
        responses={201: CommentSerializer},
        parameters=[LOCATION],
        examples=[OpenApiExample("A comment", {"comment": "Called them: they want two."}, request_only=True)],
    )
    @action(detail=False, methods=["get", "post"], url_path=f"comment/{UUID}", serializer_class=CommentSerializer)
    def comment(self, request: Request, pk: Any = None) -> Response:
        """Comments of a record, newest first."""
        return self._hanging(Comment, CommentSerializer, pk)

    @extend_schema(methods=["GET"], parameters=PAGE, responses=AttachmentSerializer(many=True))
    @extend_schema(
        methods=["POST"],
        summary="Attach a file to a record",
        responses={201: AttachmentSerializer},
        parameters=[LOCATION],
    )
    @action(
        detail=False,
        methods=["get", "post"],
        url_path=f"attachment/{UUID}",
        serializer_class=AttachmentSerializer,
        parser_classes=[MultiPartParser],
    )
    def attachment(self, request: Request, pk: Any = None) -> Response:
        """Files of a record, newest first. Send one as multipart field `file`."""
        return self._hanging(Attachment, AttachmentSerializer, pk)


__all__ = ["HistoryEntry", "RecordViewSet", "TenantViewSet"]
