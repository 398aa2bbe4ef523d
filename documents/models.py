"""Files that belong to the organization rather than to one record."""

import secrets
from typing import Any

from django.db import models

from common.base import BaseModel
from common.records.models import LIVE, Record
from common.tenancy.fields import TenantForeignKey, TenantManyToManyField


class Document(Record):
    """A file with its versions, shared with people (``shared_to``) and teams."""

    label_field = "title"
    search_columns = ("title", "description")
    shown_through = ("shared_to",)

    class Status(models.TextChoices):
        ACTIVE = "active"
        INACTIVE = "inactive"

    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    shared_to = TenantManyToManyField("common.Profile", related_name="+", blank=True)

    class Meta(Record.Meta):
        db_table = "documents"
        indexes = [models.Index(fields=["org", "title", "id"], condition=LIVE, name="documents_by_title")]

    @classmethod
    def files_of(cls, records: Any) -> list[Any]:
        return [version.file for version in DocumentVersion.objects.filter(document__in=records.order_by().values("pk"))]


def version_path(version: "DocumentVersion", filename: str) -> str:
    """Unguessable, and free of anything that the person who uploads decides."""
    return f"documents/{version.org_id}/{secrets.token_urlsafe(24)}"


class DocumentVersion(BaseModel):
    """The file as it was uploaded at one time. Versions count from 1 and are never changed."""

    hidden_columns = ("file",)

    document = TenantForeignKey(Document, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(editable=False)
    file = models.FileField(upload_to=version_path, max_length=200)
    file_name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField(help_text="Bytes")
    content_type = models.CharField(max_length=100)
    note = models.CharField(max_length=200, blank=True, help_text="What is new in it")

    class Meta:
        db_table = "document_versions"
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["org", "document", "number"], name="document_versions_once")]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.number})"
