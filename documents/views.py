from typing import Any, ClassVar

from django.http import FileResponse, Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.filters import apply_filters
from common.api.json import JSONParser
from common.api.pages import PARAMETERS, Order, paginate, whole_number
from common.api.parameters import LOCATION, PAGE, whole
from common.records.hanging import file_response
from common.records.projection import read_rows
from common.records.views import RecordViewSet

from .models import Document, DocumentVersion
from .serializers import DocumentSerializer, VersionSerializer


class DocumentViewSet(RecordViewSet):
    queryset = Document.objects.all()
    serializer_class = DocumentSerializer
    parser_classes: ClassVar[Any] = [JSONParser, MultiPartParser]
    example = {"title": "Price list 2027", "status": "active"}
    filterset_fields = ["title", "status", "shared_to"]

    @extend_schema(methods=["GET"], parameters=PAGE, responses=VersionSerializer(many=True))
    @extend_schema(methods=["POST"], summary="Upload a new version", responses={201: VersionSerializer}, parameters=[LOCATION])
    @action(
        detail=True,
        methods=["get", "post"],
        serializer_class=VersionSerializer,
        parser_classes=[MultiPartParser],
    )
    def versions(self, request: Request, pk: Any = None) -> Response:
        """Versions of a document, newest first. Send one as multipart field `file`."""
        if request.method == "POST":
            document = self.get_object_for("edit")
            serializer = VersionSerializer(data=request.data, context=self.get_serializer_context())
            serializer.is_valid(raise_exception=True)
            version = serializer.save(document=document)
            rows = read_rows(DocumentVersion.objects.filter(pk=version.pk), VersionSerializer, VersionSerializer.names())
            location = f"/api/v1/documents/{pk}/download/?version={version.number}"
            return Response(rows[0][0], status=status.HTTP_201_CREATED, headers={"Location": location})
        apply_filters(DocumentVersion.objects, {}, request.query_params, self.profile, PARAMETERS)
        if not self.visible().filter(pk=pk).exists():
            raise Http404
        versions, names = DocumentVersion.objects.filter(document=pk), VersionSerializer.names()
        return Response(
            paginate(
                request,
                versions,
                Order(DocumentVersion, ["-number"]),
                lambda page, more: read_rows(page, VersionSerializer, names, *more),
            )
        )

    @extend_schema(
        responses={(200, "*/*"): OpenApiTypes.BINARY},
        parameters=[whole("version", "Its number; without it, the newest", 1, 2**31 - 1)],
    )
    @action(detail=True, filter_backends=[])
    def download(self, request: Request, pk: Any = None) -> FileResponse:
        """The file. Browsers are told to save it, never to show it."""
        apply_filters(DocumentVersion.objects, {}, request.query_params, self.profile, ["version"])
        versions = DocumentVersion.objects.filter(document__in=self.visible().filter(pk=pk).order_by().values("pk"))
        if "version" in request.query_params:
            versions = versions.filter(number=whole_number(request, "version", 1, 1, 2**31 - 1))
        version = versions.order_by("-number").first()
        if version is None:
            raise Http404
        return file_response(version)
