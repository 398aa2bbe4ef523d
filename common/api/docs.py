"""The API's documentation: the OpenAPI document, made once per process, and the pages that show it."""

import hashlib
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import conditional_page
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerSplitView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .etag import matches
from .json import dumps

_making = Lock()


@cache
def _document() -> dict[str, Any]:
    return SchemaGenerator().get_schema(request=None, public=True)


@cache
def _written(format: str) -> tuple[bytes, str]:
    body = dumps(_document()) if format == "json" else OpenApiYamlRenderer().render(_document())
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def written(format: str) -> tuple[bytes, str]:
    """The document as "json" or "yaml", with its entity tag. It does not depend on who asks."""
    with _making:
        return _written(format)


class AsJSON(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset: Any = None

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> bytes:
        return data if isinstance(data, bytes) else dumps(data)


class AsOpenAPIJSON(AsJSON):
    media_type = "application/vnd.oai.openapi+json"


class AsYAML(AsJSON):
    media_type = "application/yaml"
    format = "yaml"
    charset = "utf-8"


class AsOpenAPIYAML(AsYAML):
    media_type = "application/vnd.oai.openapi"


class Documentation(APIView):
    """Needs no token, and is no part of the document."""

    schema = None
    authentication_classes = []
    permission_classes = []


@method_decorator(gzip_page, name="dispatch")
class SchemaView(Documentation):
    """The OpenAPI document: JSON, or YAML for who asks for it by Accept or `?format=yaml`."""

    renderer_classes = [AsJSON, AsOpenAPIJSON, AsYAML, AsOpenAPIYAML]

    def get(self, request: Request) -> Response:
        body, etag = written(request.accepted_renderer.format)
        headers = {"ETag": etag, "Cache-Control": "no-cache"}
        known = request.headers.get("If-None-Match", "")
        response = Response(status=304, headers=headers) if matches(known, etag) else Response(body, headers=headers)
        patch_vary_headers(response, ["Accept"])
        return response


class SwaggerView(SpectacularSwaggerSplitView):
    schema = metadata_class = None
    template_name = "docs/swagger.html"


class RedocView(SpectacularRedocView):
    schema = metadata_class = None
    template_name = "docs/redoc.html"

    @staticmethod
    def _redoc_standalone() -> str:
        return reverse("redoc-script")


@cache
def redoc_script() -> bytes:
    """ReDoc, but for its maker's logo, which it would fetch from elsewhere."""
    path = finders.find("drf_spectacular_sidecar/redoc/bundles/redoc.standalone.js")
    return Path(str(path)).read_bytes().replace(b"https://cdn.redoc.ly/redoc/logo-mini.svg", b"data:,")


@gzip_page
@conditional_page
def redoc_script_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(redoc_script(), content_type="text/javascript", headers={"Cache-Control": "max-age=3600"})
