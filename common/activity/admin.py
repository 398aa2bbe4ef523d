"""The admin page of the activity stream, which nobody can change."""

from typing import Any

from django.contrib import admin
from django.template.loader import render_to_string
from django.utils.html import format_html
from unfold.views import ChangeList

from common.admin_base import ShownOnly, TenantAdmin
from common.admin_lists import OneOfFilter, TenantChangeList

from .lines import WORDS, kind_of, lines_of, tracked_model, who, with_names, with_records
from .models import Activity

SOURCES = ("api", "admin", "assistant", "import", "site", "system")


class ActivityChangeList(TenantChangeList):
    result_list: Any

    def get_results(self, request: Any) -> None:
        super().get_results(request)
        self.result_list = with_records(self.model_admin.admin_site, request, list(self.result_list))
        for row in self.result_list:
            row.who = who(row, request)


class ActivityAdmin(ShownOnly, TenantAdmin):
    icon = "history"
    ordering = ["-id"]
    list_display = ["at", "by", "what", "row", "source"]
    list_display_links = ["at"]
    list_filter = [OneOfFilter.of("action", WORDS), OneOfFilter.of("source", SOURCES)]
    hidden = ("actor_id", "user_id", "xid", "changes", "action", "record_type", "record_id")
    readonly_fields = ["by", "what", "row", "changed"]

    def get_changelist(self, request: Any, **kwargs: Any) -> type[ChangeList]:
        return ActivityChangeList

    def get_queryset(self, request: Any) -> Any:
        return with_names(super().get_queryset(request))

    def get_object(self, request: Any, object_id: str, from_field: Any = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            with_records(self.admin_site, request, [row])
            row.who = who(row, request)
            model = tracked_model(row.record_type)
            known = model is not None and self.admin_site.is_registered(model)
            row.lines = lines_of(self.admin_site, request, model, [row]) if known else []
        return row

    def get_fields(self, request: Any, obj: Any = None) -> list[str]:
        return ["at", "by", "what", "row", "source", "request_id", "changed"]

    @admin.display(description="Who")
    def by(self, row: Any) -> str:
        return row.who

    @admin.display(description="What")
    def what(self, row: Any) -> str:
        return f"{WORDS.get(row.action, row.action)} {kind_of(row.record_type)}"

    @admin.display(description="Record")
    def row(self, row: Any) -> str:
        return (
            format_html('<a href="{}">{}</a>', row.record_url, row.record or "(no name)")
            if row.record_url
            else str(row.record_id)
        )

    @admin.display(description="Changes")
    def changed(self, row: Any) -> str:
        return render_to_string("admin/changes.html", {"changes": [change for line in row.lines for change in line.changes]})


admin.site.register(Activity, ActivityAdmin)
