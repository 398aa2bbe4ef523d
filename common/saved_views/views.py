"""The endpoints of saved views."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import QueryDict
from rest_framework import serializers

from common.api.filters import apply_filters
from common.custom_fields.filters import custom_filters
from common.custom_fields.values import model_of
from common.records.serializers import BASE_FIELDS, CustomFields, ProjectedSerializer
from common.records.tenant_views import TenantViewSet
from common.records.views import VIEWSETS

from .models import SavedView
from .values import ALSO, as_parameters, views_for


def viewset_of(module: str) -> Any:
    try:
        return VIEWSETS[model_of(module)._meta.model_name]
    except KeyError:
        raise serializers.ValidationError({"module": [f'"{module}" is not a module.']}) from None


class SavedViewSerializer(ProjectedSerializer):
    filters = CustomFields(required=False, help_text='As in the list\'s query string: {"status": "Interest", "value__gte": 1000}')

    class Meta:
        model = SavedView
        fields = [*BASE_FIELDS, "module", "name", "filters", "ordering", "fields", "shared"]

    def get_fields(self) -> dict[str, Any]:
        columns = serializers.ListField(child=serializers.CharField(max_length=100), required=False, max_length=100)
        return {**super().get_fields(), "fields": columns}

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        def now(name: str, otherwise: Any) -> Any:
            return values.get(name, getattr(self.instance, name, otherwise))

        module = now("module", "")
        viewset = viewset_of(module)
        self.check_filters(viewset, module, as_parameters(now("filters", {})))
        known = viewset.orders() | {"id"}
        for name in filter(None, now("ordering", "").split(",")):
            if name.lstrip("-") not in known:
                raise serializers.ValidationError(
                    {"ordering": [f'Cannot sort by "{name}". Sort by: {", ".join(sorted(known))}.']}
                )
        names = viewset.serializer_class.names()
        if unknown := [name for name in now("fields", []) if name not in names]:
            raise serializers.ValidationError({"fields": [f'Unknown field "{unknown[0]}".']})
        return values

    def check_filters(self, viewset: Any, module: str, parameters: QueryDict) -> None:
        known = viewset.filters() | custom_filters(module, parameters)
        try:
            apply_filters(viewset.queryset.model.objects.none(), known, parameters, self.context["profile"], ALSO)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({f"filters.{name}": message for name, message in error.detail.items()}) from error


class SavedViewViewSet(TenantViewSet):
    """Everyone has their own; who made a shared one, and admins, change it."""

    queryset = SavedView.objects.all()
    serializer_class = SavedViewSerializer
    module = "views"
    with_tools = True
    example = {"module": "leads", "name": "Big ones", "filters": {"value__gte": 10000}, "ordering": "-created_at", "shared": True}
    filterset_fields = ["module", "name", "shared"]
    default_order = ["name"]
    more_orders = ["name", "module"]

    def visible(self, action: str = "view") -> Any:
        return views_for(self.profile) if self.profile.scope_for(self.module, action) != "none" else SavedView.objects.none()

    def sees_all(self) -> bool:
        return False

    def check_may(self, action: str, instance: Any) -> None:
        if instance.created_by_id != self.profile.pk and not self.profile.is_admin:
            raise PermissionDenied(f"Only who made this view, or an admin, may {action} it.")
