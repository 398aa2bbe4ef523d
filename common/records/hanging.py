"""The endpoints of a single comment or attachment."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import BooleanField, Exists, OuterRef, Q, Subquery
from django.http import FileResponse, Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request

from .comments import AttachmentSerializer, CommentSerializer
from .models import RECORD_MODELS, Attachment, Comment
from .tenant_views import TenantViewSet


class LookedUp(Subquery):
    """Whether there is such a row, asked for each row alone: for EXISTS, PostgreSQL may read all that there are, first."""

    template = "((%(subquery)s) IS NOT NULL)"
    output_field = BooleanField()


class HangingViewSet(TenantViewSet):
    """Comments or attachments of the records that the caller may see; changed by who made them, and by admins."""

    default_order = ["-id"]

    def require(self, action: str) -> None:
        """Nothing beyond seeing the record."""

    def visible(self, action: str = "view") -> Any:
        condition: Any = Q(pk__in=[])
        for name, record_model in RECORD_MODELS.items():
            scope = self.profile.scope_for(record_model.module, "view")
            record = record_model.objects.visible_to(self.profile).filter(pk=OuterRef(f"{name}_id"))
            if scope == "all":
                condition |= Q(**{f"{name}__isnull": False}) & Q(LookedUp(record.values("pk")))
            elif scope != "none":
                condition |= Exists(record)
        return self.model.readable_by(self.profile).filter(condition)

    def sees_all(self) -> bool:
        return False

    def check_may(self, action: str, instance: Any) -> None:
        if instance.created_by_id != self.profile.pk and not self.profile.is_admin:
            raise PermissionDenied(f"Only who made this, or an admin, may {action} it.")


class CommentViewSet(HangingViewSet):
    http_method_names = ["get", "put", "patch", "delete", "head", "options"]
    queryset = Comment.objects.all()
    serializer_class = CommentSerializer
    module = "comments"
    example = {"comment": "Called them: they want three."}


class AttachmentViewSet(HangingViewSet):
    http_method_names = ["get", "delete", "head", "options"]
    queryset = Attachment.objects.all()
    serializer_class = AttachmentSerializer
    module = "attachments"

    @extend_schema(responses={(200, "*/*"): OpenApiTypes.BINARY})
    @action(detail=True)
    def download(self, request: Request, pk: Any = None) -> FileResponse:
        """The file. Browsers are told to save it, never to show it."""
        attachment = self.visible().filter(pk=pk).first()
        if attachment is None:
            raise Http404
        return file_response(attachment)

    def perform_destroy(self, instance: Attachment) -> None:
        storage, name = instance.file.storage, instance.file.name
        instance.delete()
        transaction.on_commit(lambda: storage.delete(name))


def file_response(attachment: Attachment) -> FileResponse:
    try:
        stored = attachment.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    response = FileResponse(stored, as_attachment=True, filename=attachment.file_name)
    response["Content-Type"] = attachment.content_type
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
