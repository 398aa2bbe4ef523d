"""Lists that people keep: filters, an order and fields, under a name."""

from django.db import models
from django.db.models.functions import Lower

from common.base import BaseModel


class SavedView(BaseModel):
    """Somebody's view of a module's list, for themselves or (``shared``) for everyone in the organization."""

    module = models.CharField(max_length=80)
    name = models.CharField(max_length=100)
    filters = models.JSONField(default=dict, blank=True)
    ordering = models.CharField(max_length=200, blank=True)
    fields = models.JSONField(default=list, blank=True)
    shared = models.BooleanField(default=False)

    class Meta:
        db_table = "saved_views"
        ordering = ["module", "name", "id"]
        constraints = [models.UniqueConstraint("org", "created_by", "module", Lower("name"), name="saved_views_name_once")]

    def __str__(self) -> str:
        return self.name
