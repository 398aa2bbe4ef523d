"""Lists of the Django admin: how far they count, and what they filter by."""

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.views import ChangeList

from common.api.pages import capped_count
from common.people.models import Org
from common.tenancy import current


class CappedPaginator(Paginator):
    """Counts no further than the API does."""

    @cached_property
    def count(self) -> int:
        return capped_count(self.object_list)


class OrgFilter(admin.SimpleListFilter):
    """Shows platform staff which org the list is limited to. The limit itself is the request's scope."""

    title = "organization"
    parameter_name = "org"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        org_id = current().org_id
        return [(str(org_id), str(Org.objects.get(pk=org_id)))] if org_id else []

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset


class RowFilter(admin.RelatedFieldListFilter):
    """A filter by related rows, of those that the page's form would offer."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[Any]:
        return [(row.pk, str(row)) for row in model_admin.offered(field, request)[:100]]


class OneOfFilter(admin.SimpleListFilter):
    """A filter by one of the values that a column is known to have, without looking through the table for them."""

    values: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, values: Any) -> type["OneOfFilter"]:
        words = name.replace("_", " ")
        return type(f"{name}_filter", (cls,), {"parameter_name": name, "title": words, "values": tuple(values)})

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, value) for value in self.values]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() in self.values else queryset


class BoundedChangeList(ChangeList):
    def get_results(self, request: Any) -> None:
        super().get_results(request)
        self.full_result_count = self.result_count  # how many there would be without filters is not counted


class TenantChangeList(BoundedChangeList):
    def url_for_result(self, result: Any) -> str:
        return self.model_admin.url_of(result)
