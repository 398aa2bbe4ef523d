"""Writes that touch more than their own row, for records of any type."""

from datetime import datetime

from django.db import transaction

from .models import Attachment, BaseRecord


@transaction.atomic
def purge(model: type[BaseRecord], before: datetime) -> int:
    """Delete for good what went to the bin before a moment, with its comments and files. Returns how many records."""
    gone = model.with_bin.filter(deleted_at__lt=before)
    attachments = list(Attachment.objects.filter(**{f"{model._meta.model_name}__in": gone.order_by().values("pk")}))
    _, counts = gone.delete()
    for attachment in attachments:
        transaction.on_commit(lambda file=attachment.file: file.storage.delete(file.name))  # type: ignore[misc]
    return counts.get(model._meta.label, 0)
