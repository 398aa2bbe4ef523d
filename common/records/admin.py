"""Admin pages of records: every declared type gets one, made from its model."""

from contextlib import nullcontext
from typing import Any

from django.contrib import admin, messages
from django.db import models

from common.admin_api import ask
from common.admin_base import TenantAdmin
from common.admin_lists import RowFilter
from common.custom_fields.filters import PREFIX
from common.custom_fields.forms import CustomFieldsForm, custom_fields_of, form_with
from common.tenancy import current, org_scope

from .models import LINKS, RECORD_MODELS, BaseRecord, OnRecord, Record, Stage, StagedRecord
from .search import scan_filter, search_filter
from .views import VIEWSETS

#: Where a type's page is in the menu, and its icon.
PLACES = {
    "leads": ("Sales", "filter_alt"), "accounts": ("Sales", "domain"), "contacts": ("Sales", "contacts"),
    "opportunities": ("Sales", "handshake"), "products": ("Money", "inventory_2"), "teams": ("People", "groups"),
}  # fmt: skip
FURTHER = ("external_id",)


class BinFilter(admin.SimpleListFilter):
    title = "bin"
    parameter_name = "bin"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", "In the bin")]

    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            yield {**choice, "display": "In use"} if choice["display"] == "All" else choice

    def queryset(self, request: Any, queryset: Any) -> Any:
        return queryset.exclude(deleted_at=None) if self.value() == "1" else queryset.filter(deleted_at=None)


class RecordAdmin(TenantAdmin):
    """Any record type. Deleting moves to the bin, from where an action restores."""

    section = "Own types"
    icon = "folder"

    search_fields = ["pk"]  # shows the box; what it finds is get_search_results()'s matter
    search_help_text = "Every word, or how it begins"
    actions = ["move_to_bin", "restore"]
    delete_confirmation_template = "admin/move_to_bin.html"
    hidden: tuple[str, ...] = ("deleted_at", "card_order", "custom_fields")
    list_display: Any = TenantAdmin.list_display
    list_filter: Any = ()

    def __init__(self, model: Any, admin_site: Any):
        super().__init__(model, admin_site)
        if model.module in PLACES:
            self.section, self.icon = PLACES[model.module]
        if self.list_display == TenantAdmin.list_display:
            self.list_display = columns_of(model)
        self.list_filter = [*self.list_filter, *filters_of(model), BinFilter]
        self.list_select_related = tuple(name for name in self.list_display if is_reference(model, name))

    # --- rows

    def get_queryset(self, request: Any) -> Any:
        rows = self.model.with_bin.order_by(*self.get_ordering(request))
        return rows.visible_to(request.profile) if request.profile else rows

    def get_ordering(self, request: Any) -> Any:
        return super().get_ordering(request) or self.opts.ordering

    def get_search_results(self, request: Any, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """By the records' own full-text index. Over all orgs, and in the bin, the index is asked row by row."""
        if not search_term.strip():
            return queryset, False
        if current().org_id and "bin" not in request.GET:
            return search_filter(queryset, search_term), False
        return scan_filter(queryset, search_term), False

    def choices(self, db_field: Any, request: Any) -> Any:
        rows = super().choices(db_field, request)
        return rows.filter(pipeline__module=self.model.module) if db_field.remote_field.model is Stage else rows

    # --- forms

    def custom_module(self, obj: Any) -> str:
        """The module whose custom fields a record has; none where there cannot be any."""
        return self.model.module if issubclass(self.model, Record) else ""

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if issubclass(self.model, Record):
            kwargs["form"] = form_with(self.form, self.custom_module(obj), request, self.admin_site)
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: Any, obj: Any = None) -> list[Any]:
        names = self.get_fields(request, obj)
        about = about_names(self.model)
        own = [name for name in names if name not in (*LINKS, *FURTHER, *about)]
        groups = [
            ("Fields of your own", [f"{PREFIX}{key}" for key in custom_fields_of(request, self.custom_module(obj))]),
            ("Whose it is", [name for name in names if name in LINKS]),
            ("Further", [name for name in names if name in FURTHER]),
        ]
        shared = [(title, {"fields": fields}) for title, fields in groups if fields]
        return [
            (None, {"fields": own}),
            *about_fieldset([name for name in about if name in names], obj),
            *shared,
            *self.kept_fieldset(request, obj),
        ]

    def get_changeform_initial_data(self, request: Any) -> dict[str, Any]:
        initial = super().get_changeform_initial_data(request)
        if issubclass(self.model, StagedRecord):
            stages = Stage.objects.filter(pipeline__module=self.model.module, pipeline__is_default=True)
            initial.setdefault("stage", stages.order_by("position", "id").first())
        return initial

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return super().has_change_permission(request) and (obj is None or obj.deleted_at is None)

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return super().has_delete_permission(request) and (obj is None or obj.deleted_at is None)

    # --- writing

    @property
    def viewset(self) -> Any:  # type: ignore[override]
        return VIEWSETS[str(self.opts.model_name)]

    def given(self, form: Any) -> dict[str, Any]:
        values = super().given(form)
        own = form.custom_values() if isinstance(form, CustomFieldsForm) else {}
        return values | ({"custom_fields": own} if own else {})

    # --- the bin

    def get_deleted_objects(self, objs: Any, request: Any) -> Any:
        """What goes to the bin takes nothing along."""
        *named, _ = super().get_deleted_objects(objs, request)
        return *named, []

    def get_actions(self, request: Any) -> Any:
        offered = super().get_actions(request)
        offered.pop("delete_selected", None)
        offered.pop("move_to_bin" if request.GET.get("bin") == "1" else "restore", None)
        return offered

    @admin.action(description="Move to the bin", permissions=["delete"])
    def move_to_bin(self, request: Any, queryset: Any) -> None:
        self.put_all(request, queryset.filter(deleted_at=None), "destroy", "in the bin for 30 days")

    @admin.action(description="Restore", permissions=["delete"])
    def restore(self, request: Any, queryset: Any) -> None:
        self.put_all(request, queryset.exclude(deleted_at=None), "restore", "restored")

    def put_all(self, request: Any, queryset: Any, action: str, where: str) -> None:
        rows = list(queryset)
        for row in rows:
            with nullcontext() if current().org_id else org_scope(row.org_id):
                ask(request, self.viewset, action, pk=row.pk)
        name = self.opts.verbose_name if len(rows) == 1 else self.opts.verbose_name_plural
        messages.success(request, f"{len(rows)} {name} {where}.")


def columns_of(model: type[BaseRecord]) -> list[str]:
    """What a list shows: the name, what tells rows apart, how much it is worth, where it stands, and since when."""
    fields = {field.name: field for field in model._meta.fields}
    telling = [name for name in model.search_columns if not name.endswith("name") and not is_long(fields[name])][:3]
    amounts = [name for name, field in fields.items() if isinstance(field, models.DecimalField)][:1]
    stage = ["stage"] if "stage" in fields else []
    return ["__str__", *telling, *amounts, *stage, "created_at"]


def filters_of(model: type[BaseRecord]) -> list[Any]:
    fields = model._meta.fields
    stage = [("stage", RowFilter)] if issubclass(model, StagedRecord) else []
    owned: list[Any] = [(name, RowFilter) for name in ("assigned_to", "tags")] if issubclass(model, Record) else []
    return [*stage, *owned, *(field.name for field in fields if isinstance(field, models.BooleanField))]


def about_names(model: Any) -> list[str]:
    """The references of which one at most is set, to what something is about."""
    return model.record_types() if issubclass(model, OnRecord) else []


def about_fieldset(names: list[str], obj: Any) -> list[Any]:
    """Folded up while there is nothing in it: there are as many inputs as there are types."""
    if not names:
        return []
    return [("What it is about", {"fields": names, "classes": [] if obj and obj.record else ["collapse"]})]


def is_long(field: Any) -> bool:
    return isinstance(field, models.TextField)


def is_reference(model: Any, name: str) -> bool:
    return any(field.name == name and field.many_to_one for field in model._meta.fields)


for record_model in reversed(RECORD_MODELS.values()):
    admin.site.register(record_model, RecordAdmin)
