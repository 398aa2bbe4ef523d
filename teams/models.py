from django.db import models

from common.records.models import BaseRecord
from common.tenancy.fields import TenantForeignKey, TenantManyToManyField


class Team(BaseRecord):
    """People who work together: scope "team" in a permission means what is shared with or assigned to one's teams."""

    search_columns = ("name", "description")

    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    members = TenantManyToManyField("common.Profile", related_name="teams", blank=True)
    lead = TenantForeignKey("common.Profile", models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta(BaseRecord.Meta):
        db_table = "teams"
