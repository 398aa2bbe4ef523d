"""An organization's own types, and their records."""

from functools import cache, cached_property
from typing import Any

from django.http import Http404
from django.urls.converters import StringConverter
from drf_spectacular.utils import extend_schema, extend_schema_view

from common.api.filters import Filter
from common.records.tenant_views import TenantViewSet
from common.records.views import RecordViewSet
from common.tenancy.statement import RowStatement

from .models import CustomObject, CustomRecord
from .serializers import CustomObjectSerializer, CustomRecordSerializer

#: The type of a key, compiled once.
OF_KEY = RowStatement(lambda key: CustomObject.objects.filter(key=key).order_by(), key="the key of a type")


class ObjectKey(StringConverter):
    """The key of a type, in a path."""

    regex = "[a-z][a-z0-9_]*"


class TypeFilter(Filter):
    """By the key of a record's type."""

    target = CustomObject._meta.get_field("key")

    def apply(self, queryset: Any, value: Any, profile: Any) -> Any:
        return queryset.filter(object__in=CustomObject.objects.filter(key=value).values("pk"))


@extend_schema_view(destroy=extend_schema(responses={409: "There are records of it."}))
class CustomObjectViewSet(TenantViewSet):
    queryset = CustomObject.objects.all()
    serializer_class = CustomObjectSerializer
    module = "custom-objects"
    with_tools = True
    example = {"key": "course", "name": "Course", "name_plural": "Courses"}
    filterset_fields = ["key", "name"]
    default_order = ["name"]
    more_orders = ["name", "key"]


class CustomRecordViewSet(RecordViewSet):
    """Records of the type that the path names. The assistant, which has no path, names it as a field and a filter."""

    queryset = CustomRecord.objects.all()
    serializer_class = CustomRecordSerializer
    example = {"name": "Ada Byron"}
    filterset_fields = ["name"]
    key = ""

    def dispatch(self, request: Any, *args: Any, key: str = "", **kwargs: Any) -> Any:
        self.key = key
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def object(self) -> CustomObject | None:
        """The type that the path names. Raises Http404."""
        found = OF_KEY.first(key=self.key) if self.key else None
        if self.key and found is None:
            raise Http404
        return found

    @classmethod
    @cache
    def filters(cls) -> dict[str, Filter]:
        return super().filters() | {"object": TypeFilter("object", CustomRecord._meta.get_field("object"), "")}

    def custom_module(self) -> str:
        return self.object.module if self.object else self.module

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "object": self.object}

    def of_type(self, rows: Any) -> Any:
        return rows.filter(object=self.object) if self.object else rows

    def visible(self, action: str = "view") -> Any:
        return self.of_type(super().visible(action))

    def everything_visible(self, action: str = "view") -> Any:
        return self.of_type(super().everything_visible(action))

    def sees_all(self) -> bool:
        return False
