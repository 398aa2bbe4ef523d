"""The endpoints of an organization's custom fields."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.parameters import ETAG, documented
from common.records.models import MODULES, Record
from common.records.serializers import BASE_FIELDS, ProjectedSerializer
from common.records.tenant_views import TenantViewSet

from .models import CustomField
from .services import check_stored_values, purge_field, remove_field, restore_field
from .values import MAX_CHOICE, OBJECTS

CHOICES = ("choice", "multi_choice")


def has_fields(module: str) -> bool:
    """Whether records of a module can have custom fields: those of a record type, or ``objects/<key>``."""
    if module.startswith(OBJECTS):
        types = MODULES["objects"]._meta.get_field("object").related_model
        return types._default_manager.filter(key=module.removeprefix(OBJECTS)).exists()  # type: ignore[union-attr]
    return module != "objects" and module in MODULES and issubclass(MODULES[module], Record)


class CustomFieldSerializer(ProjectedSerializer):
    options = serializers.ListField(
        child=serializers.CharField(max_length=MAX_CHOICE), required=False, max_length=200, help_text="Of a choice: what there is"
    )
    position = serializers.IntegerField(required=False, min_value=0, max_value=32_767)

    class Meta:
        model = CustomField
        fields = [
            *BASE_FIELDS, "module", "key", "label", "type", "options", "target", "required", "position", "help_text",
            "is_archived",
        ]  # fmt: skip
        read_only_fields = ["is_archived"]

    def validate_module(self, module: str) -> str:
        return self.unchanged("module", module) if self.instance else self.module_name(module)

    def validate_key(self, key: str) -> str:
        return self.unchanged("key", key)

    def validate_target(self, module: str) -> str:
        return self.module_name(module) if module else ""

    def validate_options(self, options: list[str]) -> list[str]:
        if any("," in option for option in options):
            raise serializers.ValidationError("An option has no comma: filters separate values by it.")
        return list(dict.fromkeys(options))

    def unchanged(self, name: str, value: str) -> str:
        if self.instance and getattr(self.instance, name) != value:
            raise serializers.ValidationError("This cannot be changed: make another field.")
        return value

    def module_name(self, module: str) -> str:
        if not has_fields(module):
            raise serializers.ValidationError(f'"{module}" is not a module with custom fields.')
        return module

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        def now(name: str) -> Any:
            return values.get(name, getattr(self.instance, name, None))

        if now("type") in CHOICES and not now("options"):
            raise serializers.ValidationError({"options": ["Say what there is to choose from."]})
        if now("type") == "relation" and not now("target"):
            raise serializers.ValidationError({"target": ["Say to which module it leads."]})
        return values

    def update(self, instance: Any, values: dict[str, Any]) -> Any:
        """Another type, target or options must fit what records have already."""
        instance = super().update(instance, values)
        if {"type", "options", "target"} & values.keys():
            check_stored_values(instance)
        return instance


@extend_schema_view(
    destroy=extend_schema(
        description="Deletes a field that no record has anything in, and archives one with data, which is kept."
    )
)
class CustomFieldViewSet(TenantViewSet):
    queryset = CustomField.objects.all()
    serializer_class = CustomFieldSerializer
    module = "custom-fields"
    example = {"module": "leads", "key": "shirt_size", "label": "Shirt size", "type": "choice", "options": ["S", "M", "L"]}
    filterset_fields = ["module", "key", "type", "is_archived"]
    default_order = ["position"]
    more_orders = ["position", "label"]

    def perform_destroy(self, instance: CustomField) -> None:
        remove_field(instance)

    @extend_schema(request=None)
    @documented(ETAG)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: Any = None) -> Response:
        """Use an archived field again, with the data that it had."""
        restore_field(self.get_object_for("edit"))
        return self.written(pk)

    @extend_schema(
        request=None,
        responses={200: {"type": "object", "properties": {"records": {"type": "integer"}}}},
        examples=[OpenApiExample("Purged", {"records": 12}, response_only=True)],
    )
    @action(detail=True, methods=["post"])
    def purge(self, request: Request, pk: Any = None) -> Response:
        """Delete an archived field for good, and what records have in it."""
        return Response({"records": purge_field(self.get_object_for("delete"))})
