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

from common.admin_api import ask
from common.admin_base import TenantAdmin, TenantInline
from common.admin_fields import TenantForm
from common.admin_lists import OneOfFilter, RowFilter

from .hanging import CommentViewSet, file_response
from .interactions import InteractionViewSet
from .models import MODULES, RECORD_MODELS, Attachment, Comment, Interaction, Pipeline, Stage, StagedRecord, Tag
from .number_views import NumberSeriesViewSet
from .numbers import NumberSeries
from .services import keep_one_default
from .views import VIEWSETS


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


class NumberSeriesAdmin(TenantAdmin):
    """How documents are numbered. A series stays, and is never set back."""

    icon = "pin"
    viewset = NumberSeriesViewSet
    list_display = ["name", "format", "next_number"]
    search_fields = ["name"]

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), *(["name"] if obj else [])]

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False


# --- What hangs on a record


class HangingAdmin(TenantAdmin):
    """Comments or attachments, with the record that each hangs on."""

    section = "Work"
    ordering = ["-id"]
    list_select_related = (*RECORD_MODELS, "created_by__user")

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), *(["on_record"] if obj else [])]

    @admin.display(description="On")
    def on_record(self, obj: Any) -> str:
        record = obj.record
        url = self.admin_site.get_model_admin(type(record)).url_of(record)
        return format_html('{} <a href="{}" class="text-primary-600">{}</a>', record._meta.verbose_name, url, record)


class HungForm(TenantForm):
    def clean(self) -> Any:
        values = super().clean()
        if self.instance._state.adding and sum(bool(self.cleaned_data.get(name)) for name in RECORD_MODELS) != 1:
            raise ValidationError("Choose exactly one record that it is about.")
        return values


class WrittenAdmin(HangingAdmin):
    """What people write about a record. It is added as over the API, where more may follow from it."""

    form = HungForm
    #: The action of the record's endpoint that adds one, and what it is told.
    adds = ""
    said: tuple[str, ...] = ()

    def get_fields(self, request: Any, obj: Any = None) -> list[str]:
        return ["on_record", *self.said] if obj else [*self.said, *RECORD_MODELS]

    def given(self, form: Any) -> dict[str, Any]:
        return super().given(form) | {name: form.cleaned_data[name] for name in RECORD_MODELS if form.cleaned_data.get(name)}

    def write(self, request: Any, pk: Any, values: dict[str, Any]) -> Any:
        record = next((values.pop(name) for name in RECORD_MODELS if name in values), None)
        if record is None:
            return super().write(request, pk, values)
        return ask(request, VIEWSETS[record._meta.model_name], self.adds, values, pk=record.pk)


class CommentAdmin(WrittenAdmin):
    icon = "comment"
    viewset = CommentViewSet
    adds, said = "comment", ("comment", "is_internal")
    list_display = ["__str__", "on_record", "is_internal", "created_by", "created_at"]


class InteractionAdmin(WrittenAdmin):
    """Calls, meetings, notes and messages."""

    icon = "forum"
    viewset = InteractionViewSet
    adds = "log_interaction"
    said = ("type", "direction", "subject", "notes", "occurred_at", "duration")
    list_display = ["__str__", "type", "on_record", "occurred_at", "created_by"]
    list_filter = [OneOfFilter.of("type", Interaction.Type.values)]


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
admin.site.register(Interaction, InteractionAdmin)
admin.site.register(NumberSeries, NumberSeriesAdmin)
admin.site.register(Attachment, AttachmentAdmin)
