"""Writes of documents that touch more than their own row."""

from typing import Any

from django.db import transaction

from common.records.comments import about

from .models import Document, DocumentVersion


@transaction.atomic(savepoint=False)
def add_version(document: Document, *, upload: Any, note: str = "") -> DocumentVersion:
    """The file of a document as it is from now on. Two uploads at once become two versions."""
    locked = Document.objects.select_for_update(of=("self",)).get(pk=document.pk)
    last = DocumentVersion.objects.filter(document=locked).values_list("number", flat=True).first()
    version = DocumentVersion.objects.create(document=locked, number=(last or 0) + 1, file=upload, note=note, **about(upload))
    locked.save(update_fields=["updated_at", "updated_by"])
    return version
