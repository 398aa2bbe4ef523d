"""Admin pages of boards: a board with its columns, and its cards."""

from typing import Any

from django.contrib import admin

from common.admin_base import TenantAdmin, TenantInline
from common.admin_lists import RowFilter
from common.records.admin import RecordAdmin, about_fieldset, about_names

from .models import Board, Card, Column
from .views import CardViewSet, ColumnViewSet


class ColumnInline(TenantInline):
    model = Column
    viewset = ColumnViewSet
    can_delete = True
    fields = ["name", "position", "wip_limit"]


class BoardAdmin(RecordAdmin):
    """A new board begins with the usual columns."""

    section = "Work"
    icon = "view_kanban"
    list_display = ["__str__", "description", "created_at"]

    def get_inlines(self, request: Any, obj: Any) -> list[Any]:
        return [ColumnInline] if obj else []


class ColumnAdmin(TenantAdmin):
    """Changed with its board."""

    viewset = ColumnViewSet
    list_display = ["name", "board", "position", "wip_limit"]
    list_select_related = ("board",)
    search_fields = ["name", "board__name"]

    def has_module_permission(self, request: Any) -> bool:
        return False

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), *(["board"] if obj else [])]


class CardAdmin(TenantAdmin):
    """A card is of the board that its column is of, and stays there."""

    section = "Work"
    icon = "style"
    viewset = CardViewSet
    list_display = ["title", "board", "column", "due_date", "created_at"]
    list_filter = [("board", RowFilter)]
    list_select_related = ("board", "column")
    search_fields = ["title"]
    hidden = ("board", "card_order")

    def get_fieldsets(self, request: Any, obj: Any = None) -> list[Any]:
        own = [name for name in self.get_fields(request, obj) if name not in about_names(Card)]
        return [(None, {"fields": own}), *about_fieldset(about_names(Card), obj), *self.kept_fieldset(request, obj)]


admin.site.unregister(Board)
admin.site.register(Board, BoardAdmin)
admin.site.register(Column, ColumnAdmin)
admin.site.register(Card, CardAdmin)
