"""The base of each admin page: what an organization's admin may do with its rows, and platform staff with all of them.

Nothing here filters by org: the scope of the request does (see ``common.middleware.get_company``). An organization's admin
works inside it. Platform staff see the rows of all, and work on a single one inside its org, which the address names
(``?org=<id>``), so that what they can choose from are rows of the same org.
"""

import logging
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.core.validators import MaxLengthValidator
from django.db import IntegrityError, models, transaction
from django.forms import Form, ModelChoiceField
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.text import capfirst
from unfold.admin import ModelAdmin, TabularInline
from unfold.views import ChangeList
from unfold.widgets import UnfoldAdminTextareaWidget

from common.activity.lines import history_rows, lines_of
from common.api.errors import CONSTRAINTS
from common.people.models import Org
from common.tenancy import current

from .admin_api import REFUSALS, ThroughApi, refusal
from .admin_commands import Commanded
from .admin_fields import MAX_TEXT, ObjectField, PhoneFormField, RowSelect, RowSelectMultiple, TenantForm
from .admin_lists import BoundedChangeList, CappedPaginator, OrgFilter, TenantChangeList

logger = logging.getLogger(__name__)

KEPT = ("id", "created_at", "created_by", "updated_at", "updated_by")
EXACT = ("", "exact", "in", "id__exact", "id__in")


def is_staff(request: Any) -> bool:
    return bool(request.user.is_active and request.user.is_superuser)


class BaseAdmin(ModelAdmin):
    """What all pages share: bounded lists, exact filters, and no log of their own beside the activity stream."""

    section = "Platform"
    icon = "database"
    list_per_page = 50
    list_max_show_all = 50
    list_disable_select_all = True
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator
    formfield_overrides = {
        models.TextField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 4})},
        models.JSONField: {"form_class": ObjectField, "widget": UnfoldAdminTextareaWidget(attrs={"rows": 6})},
    }

    def changelist_view(self, request: Any, extra_context: Any = None) -> Any:
        return super().changelist_view(request, {"title": capfirst(self.opts.verbose_name_plural), **(extra_context or {})})

    def get_changelist(self, request: Any, **kwargs: Any) -> type[ChangeList]:
        return BoundedChangeList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only what a filter of the list asks, exactly; more would be an oracle on columns that nobody is shown."""
        if "\x00" in str(value):
            return False
        name, _, kind = lookup.partition("__")
        for choice in self.get_list_filter(request):
            if isinstance(choice, type):
                if lookup == getattr(choice, "parameter_name", None):
                    return True
            elif name == (choice if isinstance(choice, str) else choice[0]) and kind in EXACT:
                return True
        return False

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """The activity stream has it."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """The activity stream has it."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        """The activity stream has it."""


class ShownOnly:
    """Mixin: rows that people look at, and nobody makes, changes or deletes here."""

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False


class OneRow:
    """Mixin: settings, of which an organization has one row, or none. The menu of other pages need not know which."""

    model: Any
    opts: Any

    def has_add_permission(self, request: Any) -> bool:
        here = request.resolver_match.url_name.startswith(f"{self.opts.app_label}_{self.opts.model_name}_")
        return super().has_add_permission(request) and not (here and self.model.objects.exists())  # type: ignore[misc]


class StaffAdmin(BaseAdmin):
    """Rows of the platform itself, which belong to no org: for platform staff only, and never deleted here."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_staff(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_staff(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_staff(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changeform_view(self, request: Any, object_id: Any = None, form_url: str = "", extra_context: Any = None) -> Any:
        return super().changeform_view(request, object_id, form_url, {"show_history": False, **(extra_context or {})})

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        raise Http404("Rows of the platform are not in an organization's activity.")

    def log_change(self, request: Any, obj: Any, message: Any) -> None:
        """What belongs to no org has no place in an activity stream: the log tells it."""
        names = ", ".join(sorted({name for part in message for name in part.get("changed", {}).get("fields", [])}))
        logger.warning("Platform staff %s changed %s %s: %s", request.user.pk, self.opts.model_name, obj.pk, names or "nothing")


class RowChoices:
    """References to other rows, found by typing. Mixed into pages and inlines alike."""

    admin_site: Any

    def choices(self, db_field: Any, request: Any) -> Any:
        """The rows that a reference may have."""
        return self.admin_site.get_model_admin(db_field.remote_field.model).get_queryset(request)

    def offered(self, db_field: Any, request: Any) -> Any:
        """Those of them that are suggested: what is in the bin or inactive stays where it is, but is not chosen anew."""
        rows = self.choices(db_field, request)
        names = {field.name for field in rows.model._meta.fields}
        if "deleted_at" in names:
            rows = rows.filter(deleted_at=None)
        return rows.filter(is_active=True) if rows.model._meta.label == "common.Profile" else rows

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        kwargs = {"widget": RowSelect(db_field, self.admin_site), "queryset": self.choices(db_field, request), **kwargs}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        widget = RowSelectMultiple(db_field, self.admin_site)
        kwargs = {"widget": widget, "queryset": self.choices(db_field, request), **kwargs}
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name in ("phone", "mobile"):
            kwargs["form_class"] = PhoneFormField
        formfield = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if formfield and isinstance(formfield.widget, RelatedFieldWidgetWrapper):
            formfield.widget = formfield.widget.widget
        if formfield and db_field.remote_field and db_field.name == db_field.related_model._meta.model_name:
            formfield.label = capfirst(db_field.related_model._meta.verbose_name)
        if formfield and type(db_field) is models.TextField and not db_field.max_length:
            formfield.validators.append(MaxLengthValidator(MAX_TEXT))
        return formfield


class SavesChanges:
    """Mixin: rows that are saved as they are, where no endpoint writes them."""

    opts: Any

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        """Only what was changed is written, so that two people who change different fields lose nothing."""
        if not change:
            obj.save(force_insert=True)
            return
        own = {field.name for field in self.opts.concrete_fields}
        obj.save(update_fields=[name for name in own if name in (*form.changed_data, "updated_at", "updated_by")])


class TenantAdmin(Commanded, ThroughApi, RowChoices, SavesChanges, BaseAdmin):
    """Rows of organizations: for their admins, and for platform staff. All that can be derived is derived from the model."""

    section = "Settings"
    form = TenantForm
    change_form_before_template = "admin/seen.html"
    list_select_related: tuple[str, ...] = ()
    #: Columns that no page shows.
    hidden: tuple[str, ...] = ()

    # --- who may

    def has_module_permission(self, request: Any) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: Any, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: Any) -> bool:
        return self.admin_site.has_permission(request)

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    # --- lists

    def get_changelist(self, request: Any, **kwargs: Any) -> type[ChangeList]:
        return TenantChangeList

    def get_list_display(self, request: Any) -> list[Any]:
        return [*super().get_list_display(request), *(["in_org"] if is_staff(request) else [])]

    def get_list_filter(self, request: Any) -> list[Any]:
        """Staff who look at all orgs at once get no filters by related rows, of which there are too many then."""
        filters = list(super().get_list_filter(request))
        if current().org_id is None:
            filters = [choice for choice in filters if not isinstance(choice, tuple)]
        return [*filters, OrgFilter] if is_staff(request) else filters

    def get_list_select_related(self, request: Any) -> list[str]:
        return [*self.list_select_related, *(["org"] if is_staff(request) else [])]

    def get_ordering(self, request: Any) -> Any:
        """Over all orgs only the primary key is an index; ids sort by the time they were made."""
        return super().get_ordering(request) if current().org_id else ["-id"]

    def get_sortable_by(self, request: Any) -> list[str]:
        """Columns with an index that begins with the org: no other order stays fast."""
        named = [[name.lstrip("-") for name in index.fields] for index in self.opts.indexes]
        return [names[1] for names in named if len(names) == 3 and names[2] == "id"] if current().org_id else []

    @admin.display(description="Organization")
    def in_org(self, obj: Any) -> str:
        return format_html('<a href="?org={}">{}</a>', obj.org_id, obj.org)

    def url_of(self, obj: Any, page: str = "change") -> str:
        """A page of one row. For platform staff it names the row's org."""
        url = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}", args=[quote(obj.pk)])
        return url if current().profile_id else f"{url}?org={obj.org_id}"

    # --- forms

    def get_fieldsets(self, request: Any, obj: Any = None) -> list[Any]:
        fields = [name for name in self.get_fields(request, obj) if name not in (*KEPT, "org")]
        return [(None, {"fields": fields}), *self.kept_fieldset(request, obj)]

    def kept_fieldset(self, request: Any, obj: Any) -> list[Any]:
        names = [field.name for field in self.opts.fields]
        kept = [name for name in ("org", *KEPT) if name in names and (name != "org" or is_staff(request))]
        return [("Kept by Atrium", {"fields": kept, "classes": ["collapse"]})] if obj else []

    def get_fields(self, request: Any, obj: Any = None) -> list[str]:
        fields = [field for field in (*self.opts.fields, *self.opts.many_to_many) if field.name not in self.unseen]
        return [field.name for field in fields if field.editable or (obj and field.name not in ("org", *KEPT))]

    @cached_property
    def unseen(self) -> set[str]:
        return {*self.hidden, *self.model.hidden_columns}

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        """What nobody may edit, the org first of all."""
        fixed = [field.name for field in self.opts.fields if not field.editable and field.name not in self.unseen]
        return [*dict.fromkeys([*self.readonly_fields, *fixed])]

    def changeform_view(self, request: Any, object_id: Any = None, form_url: str = "", extra_context: Any = None) -> Any:
        if elsewhere := self.into_org(request, object_id):
            return elsewhere
        page = super().changeform_view
        view = partial(page, request, object_id, form_url, extra_context)
        return self.or_refused(request, view, again=view)

    def changelist_view(self, request: Any, extra_context: Any = None) -> Any:
        view = partial(super().changelist_view, request, extra_context)
        return self.or_refused(request, view) if request.method == "POST" else view()

    def or_refused(self, request: Any, view: Any, again: Any = None) -> HttpResponse:
        """What only the endpoint or the database can know (who was first, what is still in use) is said on the page.

        ``again`` shows a form with what was typed in, and ``request.refused`` beside it.
        """
        try:
            with transaction.atomic():
                return view()
        except REFUSALS as error:
            request.refused = refusal(error)
            if again:
                return again()  # type: ignore[no-any-return]
            for _, text in request.refused:
                messages.error(request, text)
            return redirect(request.get_full_path())
        except IntegrityError as error:
            code = getattr(error.__cause__, "pgcode", "23503")
            messages.error(request, CONSTRAINTS.get(code, CONSTRAINTS["23503"])[1])
            return redirect(request.get_full_path())

    # --- platform staff work on a row inside its org

    def into_org(self, request: Any, object_id: Any = None) -> HttpResponse | None:
        """Where platform staff have not said which org they work in: to the row's, or to a page that asks."""
        if current().org_id:
            return None
        if object_id is None:
            return self.choose_org(request)
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return None
        query = request.GET.copy()
        query["org"] = str(obj.org_id)
        return redirect(f"{request.path}?{query.urlencode()}")

    def choose_org(self, request: Any) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        widget = RowSelect(self.opts.get_field("org"), self.admin_site)
        form = Form()
        form.fields["org"] = ModelChoiceField(Org.objects.all(), widget=widget, label="Organization")
        context = {**self.admin_site.each_context(request), "title": f"Add {self.opts.verbose_name}", "opts": self.opts}
        return TemplateResponse(request, "admin/choose_org.html", {**context, "form": form, "media": self.media + form.media})

    # --- deleting

    def delete_view(self, request: Any, object_id: str, extra_context: Any = None) -> Any:
        if elsewhere := self.into_org(request, object_id):
            return elsewhere
        return self.or_refused(request, lambda: super(TenantAdmin, self).delete_view(request, object_id, extra_context))

    def get_deleted_objects(self, objs: Any, request: Any) -> Any:
        """What a deletion takes along, without reading all of it: names, how many, whose deletion is refused, and why."""
        objs = list(objs)
        plural = str(self.opts.verbose_name_plural)
        forbidden = {plural for obj in objs if not self.has_delete_permission(request, obj)}
        users = users_of(self.model, [obj.pk for obj in objs])
        return [str(obj) for obj in objs], {plural: len(objs)}, forbidden, users

    def delete_queryset(self, request: Any, queryset: Any) -> None:
        for obj in queryset:
            self.delete_model(request, obj)

    # --- history

    def history_view(self, request: Any, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The row's part of the activity stream."""
        if elsewhere := self.into_org(request, object_id):
            return elsewhere
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, unquote(object_id))
        page = self.get_paginator(request, history_rows(obj), self.list_per_page).get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": "History",
            "subtitle": str(obj),
            "opts": self.opts,
            "object": obj,
            "page": page,
            "lines": lines_of(self.admin_site, request, self.model, page.object_list),
        }
        return TemplateResponse(request, "admin/tenant_history.html", context)


class TenantInline(RowChoices, TabularInline):
    """Rows of the same org below the row they belong to."""

    form = TenantForm
    extra = 0
    can_delete = False
    #: The field of the record's endpoint that takes all rows together.
    part = ""
    #: The endpoints of the rows, where they stand for themselves.
    viewset: Any = None

    def get_formset(self, request: Any, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        formset.part, formset.viewset = self.part, self.viewset
        return formset

    def has_view_permission(self, request: Any, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return self.can_delete and self.has_change_permission(request, obj)


class PartInline(TenantInline):
    """Rows that the endpoint of their record writes, with it: what it does not ask for, nobody needs to say."""

    can_delete = True
    #: Inputs that a table would make too narrow to read, by how wide they are at least.
    widths: dict[str, str] = {}
    parent_viewset: Any = None

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        formfield = super().formfield_for_dbfield(db_field, request, **kwargs)
        asked = self.parent_viewset.serializer_class.prototype().fields[self.part].child.fields.get(db_field.name)
        if formfield and asked:
            formfield.required = asked.required
        if formfield and db_field.name in self.widths:
            formfield.widget.attrs["style"] = f"min-width: {self.widths[db_field.name]}"
        return formfield


class ShownInline(ShownOnly, TenantInline):
    """Rows that are only looked at."""

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        return list(self.fields)


def users_of(model: Any, ids: list[Any]) -> list[str]:
    """Some rows that would have to go first, because they need those with ``ids``."""
    found: list[str] = []
    if not ids:  # where a row may be part of another of its kind, this is the end
        return found
    for relation in model._meta.get_fields(include_hidden=True):
        if not (relation.auto_created and relation.one_to_many) or relation.related_model._meta.auto_created:
            continue
        rows = relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": ids})
        if relation.on_delete is models.PROTECT:
            found += [f"{relation.related_model._meta.verbose_name} {row}" for row in rows[:10]]
        elif relation.on_delete is models.CASCADE:
            found += users_of(relation.related_model, list(rows.values_list("pk", flat=True)[:1000]))
    return found
