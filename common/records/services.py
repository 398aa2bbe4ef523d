"""Writes that touch more than their own row, for records of any type."""

from datetime import datetime

from django.db import transaction
from rest_framework.exceptions import ValidationError

from .models import Attachment, BaseRecord, Pipeline


@transaction.atomic
def purge(model: type[BaseRecord], before: datetime) -> int:
    """Delete for good what went to the bin before a moment, with its comments and files. Returns how many records."""
    gone = model.with_bin.filter(deleted_at__lt=before)
    attachments = list(Attachment.objects.filter(**{f"{model._meta.model_name}__in": gone.order_by().values("pk")}))
    files = [*(attachment.file for attachment in attachments), *model.files_of(gone)]
    _, counts = gone.delete()
    for stored in files:
        transaction.on_commit(lambda file=stored: file.storage.delete(file.name))  # type: ignore[misc]
    return counts.get(model._meta.label, 0)


@transaction.atomic
def keep_one_default(pipeline: Pipeline, *, is_default: bool) -> None:
    """Before ``pipeline`` is saved: as the default it takes the place of the one that was. A module never is without.

    Raises ValidationError where the default one would just cease to be.
    """
    if is_default:
        defaults = Pipeline.objects.select_for_update(of=("self",)).filter(module=pipeline.module, is_default=True)
        for other in defaults.exclude(pk=pipeline.pk):
            other.is_default = False
            other.save(update_fields=["is_default", "updated_at", "updated_by"])
    elif pipeline.is_default:
        raise ValidationError({"is_default": ["Make another pipeline the default instead."]})
