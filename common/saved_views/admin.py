"""The admin page of saved views: one's own, and those that are shared."""

from typing import Any

from django.contrib import admin
from unfold.widgets import UnfoldAdminTextareaWidget

from common.admin_base import TenantAdmin
from common.custom_fields.admin import OptionsField

from .models import SavedView
from .values import views_for
from .views import SavedViewViewSet


class SavedViewAdmin(TenantAdmin):
    icon = "filter_list"
    viewset = SavedViewViewSet
    list_display = ["name", "module", "shared", "created_by"]
    list_filter = ["shared"]
    list_select_related = ("created_by__user",)
    search_fields = ["name", "module"]

    def get_queryset(self, request: Any) -> Any:
        rows = super().get_queryset(request)
        return rows.filter(pk__in=views_for(request.profile).order_by().values("pk")) if request.profile else rows

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "fields":
            return OptionsField(required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}), help_text="One a line.")
        return super().formfield_for_dbfield(db_field, request, **kwargs)


admin.site.register(SavedView, SavedViewAdmin)
