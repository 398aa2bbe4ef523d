"""Admin pages of what records share (tags, pipelines, stages) and of what hangs on them (comments, attachments)."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import transaction
from django.forms import ChoiceField
from django.http import Http404
from django.urls import path
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminColorInputWidget, UnfoldAdminSelectWidget

from common.admin_base import TenantAdmin, TenantInline
from common.admin_fields import TenantForm
from common.admin_lists import RowFilter

from .hanging import file_response
from .models import MODULES, RECORD_MODELS, Attachment, Comment, Pipeline, Stage, StagedRecord, Tag
from .services import keep_one_default


class TagForm(TenantForm):
    class Meta:
        widgets = {"color": UnfoldAdminColorInputWidget}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if "color" in self.fields:
            self.fields["color"].validators.append(RegexValidator(r"^#[0-9a-fA-F]{6}$", "Expected a colour like #1f9d55."))


class TagAdmin(TenantAdmin):
    icon = "sell"
    form = TagForm
    list_display = ["name", "swatch"]
    search_fields = ["name"]

    @admin.display(description="Colour", ordering="color")
    def swatch(self, tag: Tag) -> str:
        dot = '<span style="display:inline-block;width:.8em;height:.8em;border-radius:50%;background:{}"></span> {}'
        return format_html(dot, tag.color, tag.color)


class PipelineForm(TenantForm):
    unchecked = ("is_default",)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if "module" in self.fields:
            modules = sorted(name for name, model in MODULES.items() if issubclass(model, StagedRecord))
            self.fields["module"] = ChoiceField(choices=[(name, name) for name in modules], widget=UnfoldAdminSelectWidget)


class StageInline(TenantInline):
    model = Stage
    fields = ["name", "position", "kind", "probability"]
    show_change_link = True


class PipelineAdmin(TenantAdmin):
    """The way of a module's records. Its default one stays: another can become it."""

    icon = "route"
    form = PipelineForm
    list_display = ["name", "module", "is_default"]
    list_filter = ["is_default"]
    search_fields = ["name", "module"]
    inlines = [StageInline]

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        fixed = ["module", *(["is_default"] if obj.is_default else [])] if obj else []
        return [*super().get_readonly_fields(request, obj), *fixed]

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return super().has_delete_permission(request) and not (obj and obj.is_default)

    def save_model(self, request: Any, obj: Pipeline, form: Any, change: bool) -> None:
        keep_one_default(obj, is_default=obj.is_default)
        super().save_model(request, obj, form, change)


class StageAdmin(TenantAdmin):
    """Reached through its pipeline, where it stays."""

    icon = "flag"
    list_display = ["name", "pipeline", "kind", "probability", "position"]
    list_filter = [("pipeline", RowFilter), "kind"]
    list_select_related = ("pipeline",)
    search_fields = ["name"]

    def has_module_permission(self, request: Any) -> bool:
        return False

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), *(["pipeline"] if obj else [])]


# --- What hangs on a record


class HangingAdmin(TenantAdmin):
    """Comments or attachments, with the record that each hangs on."""

    ordering = ["-id"]
    list_select_related = (*RECORD_MODELS, "created_by__user")

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), *(["on_record"] if obj else [])]

    @admin.display(description="On")
    def on_record(self, obj: Any) -> str:
        record = obj.record
        url = self.admin_site.get_model_admin(type(record)).url_of(record)
        return format_html('{} <a href="{}" class="text-primary-600">{}</a>', record._meta.verbose_name, url, record)


class CommentForm(TenantForm):
    def clean(self) -> Any:
        values = super().clean()
        if not self.instance._state.adding:
            return values
        if sum(bool(self.cleaned_data.get(name)) for name in RECORD_MODELS) != 1:
            raise ValidationError("Choose exactly one record to comment on.")
        return values


class CommentAdmin(HangingAdmin):
    icon = "comment"
    form = CommentForm
    list_display = ["__str__", "on_record", "created_by", "created_at"]

    def get_fields(self, request: Any, obj: Any = None) -> list[str]:
        return ["on_record", "comment"] if obj else ["comment", *RECORD_MODELS]


class AttachmentAdmin(HangingAdmin):
    icon = "attach_file"
    list_display = ["file_name", "on_record", "size", "created_by", "created_at"]

    def has_add_permission(self, request: Any) -> bool:
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: Any, obj: Any = None) -> list[str]:
        return ["on_record", "file_name", "download_link", "size", "content_type"]

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), "download_link"]

    @admin.display(description="File")
    def download_link(self, obj: Attachment) -> str:
        return format_html('<a href="{}" class="text-primary-600">Download</a>', self.url_of(obj, "download"))

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.download)
        return [path("<uuid:pk>/download/", view, name="common_attachment_download"), *super().get_urls()]

    def download(self, request: Any, pk: Any) -> Any:
        if elsewhere := self.into_org(request, str(pk)):
            return elsewhere
        attachment = self.get_object(request, str(pk))
        if attachment is None:
            raise Http404
        return file_response(attachment)

    def delete_model(self, request: Any, obj: Attachment) -> None:
        storage, name = obj.file.storage, str(obj.file.name)
        obj.delete()
        transaction.on_commit(lambda: storage.delete(name))


admin.site.register(Tag, TagAdmin)
admin.site.register(Pipeline, PipelineAdmin)
admin.site.register(Stage, StageAdmin)
admin.site.register(Comment, CommentAdmin)
admin.site.register(Attachment, AttachmentAdmin)
