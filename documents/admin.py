"""Admin pages of documents, with the versions of their files."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminFileFieldWidget

from common.admin_base import ShownInline
from common.admin_commands import Command
from common.admin_fields import TenantForm
from common.records.admin import RecordAdmin

from .models import Document, DocumentVersion

DOWNLOAD = Command("Download", "download", None, "download", lambda document: document.versions.exists(), shows=True)


class DocumentForm(TenantForm):
    file = forms.FileField(
        required=False, widget=UnfoldAdminFileFieldWidget, help_text="A new one becomes the newest version; the others stay"
    )


class VersionInline(ShownInline):
    model = DocumentVersion
    fields = ["number", "download", "size", "content_type", "note", "created_by", "created_at"]
    readonly_fields = ["download"]
    verbose_name_plural = "versions"

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).select_related("created_by__user", "document")

    @admin.display(description="File")
    def download(self, version: DocumentVersion) -> str:
        url = self.admin_site.get_model_admin(Document).command_url(version.document, DOWNLOAD)
        mark = "&" if "?" in url else "?"
        return format_html(
            '<a class="text-primary-600" href="{}">{}</a>', f"{url}{mark}version={version.number}", version.file_name
        )


class DocumentAdmin(RecordAdmin):
    section = "Work"
    icon = "description"
    form = DocumentForm
    inlines = [VersionInline]
    commands = (DOWNLOAD,)
    list_display = ["__str__", "status", "created_at"]

    def get_fields(self, request: Any, obj: Any = None) -> list[str]:
        names = super().get_fields(request, obj)
        return [*names, *(["file"] if self.has_change_permission(request, obj) else [])]


admin.site.unregister(Document)
admin.site.register(Document, DocumentAdmin)
