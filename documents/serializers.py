from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, JSONField, OuterRef
from django.db.models.functions import JSONObject
from django.http import QueryDict
from rest_framework import serializers

from common.records.comments import checked
from common.records.projection import Computed
from common.records.serializers import ProjectedSerializer, RecordSerializer

from .models import Document, DocumentVersion
from .services import add_version

NEWEST = ArraySubquery(
    DocumentVersion.objects.filter(document=OuterRef("pk"))
    .order_by("-number")
    .values(row=JSONObject(number=F("number"), file_name=F("file_name"), size=F("size"), content_type=F("content_type")))[:1]
)


class DocumentSerializer(RecordSerializer):
    newest = Computed(
        NEWEST, JSONField(), help_text="The newest version, as a list of one, or of none where there is no file yet"
    )
    file = serializers.FileField(write_only=True, required=False, max_length=200, help_text="Its file; further ones are versions")

    class Meta(RecordSerializer.Meta):
        model = Document
        fields = [*RecordSerializer.Meta.fields, "title", "description", "status", "shared_to", "newest", "file"]

    def to_internal_value(self, data: Any) -> Any:
        """A form repeats a field where JSON has a list."""
        if isinstance(data, QueryDict):
            lists = {name for name, field in self.fields.items() if isinstance(field, serializers.ListField)}
            data = {name: data.getlist(name) if name in lists else data[name] for name in data}
        return super().to_internal_value(data)

    def validate_file(self, upload: Any) -> Any:
        return checked(upload)

    def create(self, values: dict[str, Any]) -> Any:
        return self.with_file(values, super().create)

    def update(self, instance: Any, values: dict[str, Any]) -> Any:
        return self.with_file(values, lambda others: super(DocumentSerializer, self).update(instance, others))

    def with_file(self, values: dict[str, Any], write: Any) -> Any:
        upload = values.pop("file", None)
        document = write(values)
        if upload:
            add_version(document, upload=upload)
        return document


class VersionSerializer(ProjectedSerializer):
    author = Computed("created_by__user__name", allow_null=True)
    file = serializers.FileField(write_only=True, max_length=200)

    class Meta:
        model = DocumentVersion
        fields = ["id", "created_at", "created_by", "author", "number", "file_name", "size", "content_type", "note", "file"]
        read_only_fields = ["number", "file_name", "size", "content_type"]

    def validate_file(self, upload: Any) -> Any:
        return checked(upload)

    def create(self, values: dict[str, Any]) -> Any:
        return add_version(values["document"], upload=values["file"], note=values.get("note", ""))
