"""JSON Schema of a serializer's writable fields, as models read it: what a tool takes."""

from typing import Any

from rest_framework import serializers

KINDS: list[tuple[tuple[type, ...], dict[str, Any]]] = [
    ((serializers.BooleanField,), {"type": "boolean"}),
    ((serializers.IntegerField,), {"type": "integer"}),
    ((serializers.DecimalField, serializers.FloatField), {"type": "number"}),
    ((serializers.UUIDField, serializers.PrimaryKeyRelatedField), {"type": "string", "format": "uuid"}),
    ((serializers.DateTimeField,), {"type": "string", "format": "date-time"}),
    ((serializers.DateField,), {"type": "string", "format": "date"}),
    ((serializers.EmailField,), {"type": "string", "format": "email"}),
    ((serializers.JSONField, serializers.DictField), {"type": "object"}),
    ((serializers.Field,), {"type": "string"}),
]


def schema_of(serializer: Any, *, partial: bool = False) -> dict[str, Any]:
    """The object that a serializer accepts; ``partial``: without required fields."""
    fields = {
        name: field
        for name, field in serializer.fields.items()
        if not field.read_only and not isinstance(field, serializers.FileField)
    }
    required = [] if partial else [name for name, field in fields.items() if field.required]
    return object_of({name: schema_of_field(field) for name, field in fields.items()}, required)


def object_of(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required or [], "additionalProperties": False}


def schema_of_field(field: Any) -> dict[str, Any]:
    if isinstance(field, serializers.Serializer):
        return schema_of(field)
    if isinstance(field, serializers.ChoiceField):
        schema: dict[str, Any] = {"type": "string", "enum": list(field.choices)}
    elif isinstance(field, serializers.ManyRelatedField):
        schema = {"type": "array", "items": schema_of_field(field.child_relation)}
    elif isinstance(field, (serializers.ListField, serializers.ListSerializer)):
        schema = {"type": "array", "items": schema_of_field(field.child)}
    else:
        schema = dict(next(schema for kinds, schema in KINDS if isinstance(field, kinds)))
    for limit, name in (("min_value", "minimum"), ("max_value", "maximum")):
        if getattr(field, limit, None) is not None and schema["type"] in ("integer", "number"):
            schema[name] = float(getattr(field, limit)) if schema["type"] == "number" else getattr(field, limit)
    if field.help_text:
        schema["description"] = str(field.help_text)
    if field.allow_null:
        schema["type"] = [schema["type"], "null"]
    return schema
