"""How sign-in and our own serializer fields look in OpenAPI. drf-spectacular finds these classes by themselves."""

from typing import Any

from django.db import models
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "common.people.authentication.BearerAuthentication"
    name = ["bearer", "org"]

    def get_security_requirement(self, auto_schema: Any) -> Any:
        return [{"bearer": []}, {"bearer": [], "org": []}]

    def get_security_definition(self, auto_schema: Any) -> Any:
        bearer = "The `access_token` that sign-up and sign-in answer with."
        org = "The id of the organization to work in, for those who belong to several. Without it: the token's."
        return [
            {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": bearer},
            {"type": "apiKey", "in": "header", "name": "org", "description": org},
        ]


class RoleScheme(OpenApiSerializerFieldExtension):
    target_class = "common.people.serializers.RoleField"
    priority = 1

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Any:
        if direction == "request":
            return {"type": "string", "description": "A role's name or id"}
        return {"type": "string", "format": "uuid"}


class ReferenceScheme(OpenApiSerializerFieldExtension):
    target_class = "common.records.serializers.ReferenceField"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Any:
        return {"type": "string", "format": "uuid"}


class ObjectScheme(OpenApiSerializerFieldExtension):
    target_class = "common.records.serializers.CustomFields"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Any:
        return {"type": "object", "additionalProperties": {}}


class ComputedScheme(OpenApiSerializerFieldExtension):
    """As the type of the expression says."""

    target_class = "common.records.projection.Computed"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Any:
        column = self.target.output_field
        if isinstance(column, models.DecimalField):
            return {"type": "string", "format": "decimal"}
        return auto_schema._map_model_field(column, direction)
