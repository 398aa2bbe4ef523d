from typing import Any

from django.db import models
from rest_framework import serializers

from common.records.serializers import BASE_FIELDS, ProjectedSerializer, RecordSerializer

from .models import CustomObject, CustomRecord


class CustomObjectSerializer(ProjectedSerializer):
    class Meta:
        model = CustomObject
        fields = [*BASE_FIELDS, "key", "name", "name_plural"]
        extra_kwargs = {"name_plural": {"required": False}}

    def validate_key(self, key: str) -> str:
        if self.instance and self.instance.key != key:
            raise serializers.ValidationError("A key stays: paths and fields are made of it.")
        return key

    def create(self, values: dict[str, Any]) -> Any:
        values.setdefault("name_plural", f"{values['name']}s"[:100])
        return super().create(values)


class ObjectKeyField(serializers.CharField):
    """The key of a record's type. Where the path says it, a body need not."""

    expression = models.F("object__key")


class CustomRecordSerializer(RecordSerializer):
    object = ObjectKeyField(required=False, max_length=60, help_text="The key of its type, where the path does not say it")

    class Meta(RecordSerializer.Meta):
        model = CustomRecord
        fields = [*RecordSerializer.Meta.fields, "object", "name"]

    def to_internal_value(self, data: Any) -> Any:
        self.type = self.type_of(data.get("object") if isinstance(data, dict) else None)
        return {**super().to_internal_value(data), "object": self.type}

    def type_of(self, key: Any) -> CustomObject:
        """The type that a record has or will have. Raises a ValidationError for another one, or none."""
        fixed = self.instance.object if self.instance else self.context.get("object")
        found = fixed or (CustomObject.objects.filter(key=key).first() if isinstance(key, str) and "\x00" not in key else None)
        if found is None or key not in (None, found.key):
            raise serializers.ValidationError({"object": ["Not the key of this record's type."]})
        return found

    def custom_module(self) -> str:
        return self.type.module
