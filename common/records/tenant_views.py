"""Endpoints of tenant rows, whatever they are of: reading, and writing."""

from functools import cache
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from common.activity.history import HistoryEntry, history_of
from common.api.errors import Conflict, PreconditionFailed
from common.api.etag import etag_of, matches
from common.api.filters import Filter, apply_filters, filters_for
from common.api.pages import PARAMETERS, Order, paginate
from common.api.parameters import ETAG, IF_MATCH, IF_NONE_MATCH, LIST, LOCATION, PAGE, documented, fields_of

from .projection import locked_row, read_row, read_rows
from .search import search_filter

BASE_FILTERS = ("id", "created_at", "updated_at", "created_by")


def indexed_fields(index: models.Index) -> list[str]:
    """The names of an index's fields, whether they were given as names or as expressions."""
    expressions = [getattr(expression, "expression", expression).name for expression in index.expressions]
    return [name.lstrip("-") for name in index.fields] or expressions


#: Viewsets of what is no record, which give the assistant tools none the less.
TOOLED: list[Any] = []


class ReadViewSet(GenericViewSet):
    """List, detail and history of one model's rows, projected.

    ``module`` names the rows in permissions. Rows that a caller may not see are not found.
    """

    lookup_value_converter = "uuid"
    module: str
    filterset_fields: ClassVar[list[str]] = []
    default_order: ClassVar[list[str]] = []
    #: Fields that may be sorted by besides those with an index (org, field, id).
    more_orders: ClassVar[list[str]] = []
    with_search = False
    #: Whether the assistant and MCP clients get tools for it. They always do for records.
    with_tools = False
    #: What tools are called, by action, where the usual name says it badly: ``{"read_all": "mark_all_{many}_read"}``; "": none.
    tool_names: ClassVar[dict[str, str]] = {}
    #: Whether everyone may, whatever their role: each sees their own.
    is_everyones = False

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if vars(cls).get("with_tools"):
            TOOLED.append(cls)

    @classmethod
    def module_name(cls) -> str:
        """What roles call these rows."""
        return cls.module

    @property
    def model(self) -> Any:
        return self.queryset.model

    @property
    def profile(self) -> Any:
        return self.request._request.profile

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """A body is read even where nothing is expected in it, so that a broken one is never taken for none."""
        super().initial(request, *args, **kwargs)
        if request.method not in SAFE_METHODS:
            request.data  # noqa: B018

    # --- what a caller may reach

    def visible(self, action: str = "view") -> Any:
        """The rows on which the caller may do ``action``: here all or none, records decide row by row."""
        rows = self.model._default_manager.all()
        return rows if self.profile.scope_for(self.module, action) != "none" else rows.none()

    def require(self, action: str) -> None:
        if not self.is_everyones and self.profile.scope_for(self.module, action) == "none":
            raise PermissionDenied(f"Your role may not {action} {self.module}.")

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "profile": self.profile}

    # --- reading

    @classmethod
    @cache
    def filters(cls) -> dict[str, Filter]:
        model = cls.queryset.model
        own = [name for name in BASE_FILTERS if name in {field.name for field in model._meta.fields}]
        return filters_for(model, [*own, *cls.filterset_fields])

    def filters_asked(self) -> dict[str, Any]:
        """The filters that this request may use."""
        return self.filters()

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

    def filtered(self, queryset: Any, *also: str) -> Any:
        others = {*(also or (*PARAMETERS, "ordering", "fields")), *(["search"] if self.with_search else [])}
        queryset = apply_filters(queryset, self.filters_asked(), self.request.query_params, self.profile, others)
        text = self.request.query_params.get("search") if self.with_search else None
        return queryset if text is None else self.searched(queryset, text)

    def searched(self, queryset: Any, text: str) -> Any:
        return search_filter(queryset, text)

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

    @extend_schema(responses=HistoryEntry(many=True))
    @documented(*PAGE)
    @action(detail=True)
    def history(self, request: Request, pk: Any = None) -> Response:
        """Every change of the record: who, when, through what, before and after."""
        if not self.everything_visible().filter(pk=pk).exists():
            raise Http404
        if self.profile.is_client:
            raise PermissionDenied("What colleagues do with a record is not its client's matter.")
        return Response(history_of(request, self.model, pk))

    def everything_visible(self) -> Any:
        return self.visible()


class TenantViewSet(ReadViewSet):
    """Create, change and delete rows too."""

    #: What the documentation suggests to create, as its body.
    example: ClassVar[dict[str, Any]] = {}
    #: Whether people may view rows that, by a scope of the same name, they may not change.
    shows_more = False
    changes_by: ClassVar[dict[str, str]] = {"create": "create", "update": "edit", "partial_update": "edit", "destroy": "delete"}

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
        scope = self.profile.scope_for(self.module, action)
        same = scope == self.profile.scope_for(self.module, "view") and (scope == "all" or not self.shows_more)
        if not same and not self.visible(action).filter(pk=instance.pk).exists():
            raise PermissionDenied(f"You may see this, but not {action} it.")

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
