"""Endpoints of records: a module's viewset is a queryset, a serializer and lists of field names."""

from functools import cache, cached_property
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.filters import Filter, apply_filters, filters_for
from common.api.pages import PARAMETERS, Order, paginate
from common.api.parameters import (
    ETAG,
    LIST,
    LOCATION,
    PAGE,
    TIMELINE,
    documented,
    filters_of,
    groups_of,
    search_of,
    sums_of,
)
from common.custom_fields.filters import custom_filters
from common.saved_views.values import with_view

from .comments import AttachmentSerializer, CommentSerializer
from .interactions import InteractionSerializer
from .models import LINKS, Attachment, BaseRecord, Comment, Interaction
from .projection import read_rows
from .search import scan_filter, search_filter
from .summary import SummaryRow, groupable, summable, summary
from .tenant_views import TenantViewSet
from .timeline import TimelineEntry, sources, timeline

UUID = "<uuid:pk>"
OWNED_FILTERS = (*LINKS, "external_id")

#: Each record type's viewset, by model name.
VIEWSETS: dict[str, type["RecordViewSet"]] = {}


class RecordViewSet(TenantViewSet):
    """A module: list, detail, search, bin, comments, attachments and history of its records."""

    with_search = True
    #: Further words for one record, by which people ask the assistant.
    also_called: ClassVar[list[str]] = []
    #: Whether people are mailed when such a record is made or changed, unless it is sent with `send_mail` false.
    mails_people = False
    #: What people say for filters: ``{"unpaid": {"status__in": "sent,viewed"}}``.
    said_as: ClassVar[dict[str, dict[str, str]]] = {}

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if "queryset" in vars(cls):  # not a dialect of a module's viewset
            VIEWSETS[cls.queryset.model._meta.model_name] = cls

    @property
    def shows_more(self) -> bool:  # type: ignore[override]
        return bool(self.model.named_by or self.model.published or self.model.shown_through)

    @cached_property
    def module(self) -> str:  # type: ignore[override]
        return self.model.module

    @classmethod
    def module_name(cls) -> str:
        return cls.queryset.model.module  # type: ignore[no-any-return]

    def visible(self, action: str = "view") -> Any:
        return self.model.objects.visible_to(self.profile, action)

    def sees_all(self) -> bool:
        return self.profile.scope_for(self.module, "view") == "all"

    def everything_visible(self, action: str = "view") -> Any:
        return self.model.with_bin.visible_to(self.profile, action)

    @classmethod
    @cache
    def filters(cls) -> dict[str, Filter]:
        model = cls.queryset.model
        owned = [name for name in OWNED_FILTERS if hasattr(model, name)]
        return super().filters() | filters_for(model, owned)

    def custom_module(self) -> str:
        """The module whose custom fields these records have."""
        return self.module

    def filters_asked(self) -> dict[str, Any]:
        return self.filters() | custom_filters(self.custom_module(), self.request.query_params)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """A saved view's parameters join those of the request."""
        super().initial(request, *args, **kwargs)
        if "view" in request.query_params and self.action in ("list", "board", "summary"):
            request._request.GET = with_view(request.query_params, self.custom_module(), self.profile)  # type: ignore[assignment]

    def searched(self, queryset: Any, text: str) -> Any:
        return scan_filter(queryset, text) if self.action == "bin" else search_filter(queryset, text)

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
        rows = self.everything_visible().exclude(deleted_at=None).select_for_update(of=("self",))
        instance = rows.filter(pk=pk).first()
        if instance is None:
            raise Http404
        if not self.everything_visible("delete").filter(pk=pk).exists():
            raise PermissionDenied("You may see this, but not restore it.")
        instance.deleted_at = None
        instance.save(update_fields=["deleted_at", "updated_at", "updated_by"])
        return self.written(pk)

    @classmethod
    @cache
    def groups(cls) -> dict[str, str]:
        return groupable(cls.queryset.model, cls.filterset_fields)

    @classmethod
    def sums(cls) -> list[str]:
        return summable(cls.queryset.model)

    @extend_schema(responses=SummaryRow(many=True))
    @documented(filters_of, search_of, sums_of, groups_of)
    @action(detail=False, filter_backends=[])
    def summary(self, request: Request) -> Response:
        """How many records there are, and sums of their numbers: of all, or of each group, most first. Sums are never
        taken over several currencies."""
        self.require("view")
        parameters = request.query_params
        sums = [name for name in parameters.get("sum", "").split(",") if name]
        records = self.filtered(self.visible(), "sum", "group_by")
        return Response(summary(records, sums, parameters.get("group_by"), self.groups()))

    # --- what hangs on a record

    def _hanging(self, model: Any, serializer_class: Any, pk: Any) -> Response:
        """List or add the comments or attachments of record ``pk``. Who may see a record may do both."""
        record = self.visible().filter(pk=pk).first()
        if record is None:
            raise Http404
        name = self.model._meta.model_name
        if self.request.method == "POST":
            if not model.may_be_added_by(self.profile):
                raise PermissionDenied(f"You may see this, but not add {model._meta.verbose_name_plural} to it.")
            if self.profile.is_client and not self.model.named_by:
                raise PermissionDenied("You may read this, but not write about it.")
            serializer = serializer_class(data=self.request.data, context=self.get_serializer_context())
            serializer.is_valid(raise_exception=True)
            instance = serializer.save(**{name: record})
            self.hung(record, instance)
            rows = read_rows(model._default_manager.filter(pk=instance.pk), serializer_class, serializer_class.names())
            location = f"/api/v1/{model._meta.db_table}/{instance.pk}/"
            return Response(rows[0][0], status=status.HTTP_201_CREATED, headers={"Location": location})
        apply_filters(model._default_manager, {}, self.request.query_params, self.profile, PARAMETERS)
        rows = model.readable_by(self.profile).filter(**{name: record.pk})
        names = serializer_class.names()
        return Response(
            paginate(
                self.request,
                rows,
                Order(model, list(model.newest_first)),
                lambda page, extra: read_rows(page, serializer_class, names, *extra),
            )
        )

    def hung(self, record: Any, instance: Any) -> None:
        """What follows, in a module, from a new comment or attachment of a record."""

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

    @extend_schema(methods=["GET"], parameters=PAGE, responses=InteractionSerializer(many=True))
    @extend_schema(
        methods=["POST"],
        summary="Log an interaction",
        responses={201: InteractionSerializer},
        parameters=[LOCATION],
        examples=[OpenApiExample("A call", {"type": "call", "direction": "outbound", "subject": "Wants two"}, request_only=True)],
    )
    @action(detail=True, methods=["get", "post"], url_path="interactions", serializer_class=InteractionSerializer)
    def log_interaction(self, request: Request, pk: Any = None) -> Response:
        """Calls, meetings, notes and messages with a record, newest first."""
        return self._hanging(Interaction, InteractionSerializer, pk)

    @extend_schema(summary="Follow a record's timeline", responses=TimelineEntry(many=True))
    @documented(*TIMELINE)
    @action(detail=True, filter_backends=[])
    def timeline(self, request: Request, pk: Any = None) -> Response:
        """Interactions, tasks, planned activities, events, mails, comments, files and changes of a record, newest first."""
        record = self.visible().filter(pk=pk).first()
        if record is None:
            raise Http404
        kinds = {name: viewset.serializer_class for name, viewset in VIEWSETS.items()}
        return Response(timeline(request, record, sources(self.model, kinds, self.profile), self.profile))
