"""The Django admin: the platform's staff see all organizations, an organization's admins their own."""

from typing import Any

from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth.views import PasswordChangeView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.shortcuts import redirect
from django.urls import path, reverse
from unfold.forms import AdminOwnPasswordChangeForm
from unfold.sites import UnfoldAdminSite

from common.activity.lines import recent
from common.api.pages import COUNT_CAP, capped_count
from common.people import services
from common.people.models import Org
from common.records.models import Record
from common.tenancy import current

#: The groups of the menu, in order; ``TenantAdmin.section`` names one.
SECTIONS = ("Sales", "Support", "Work", "Money", "Mail", "Own types", "People", "Settings", "Assistant", "Platform")


def may_administer(request: Any) -> bool:
    """Platform staff, and the admins of the organization that the session is in."""
    if not request.user.is_active:
        return False
    profile = getattr(request, "profile", None)
    return request.user.is_superuser or bool(profile and profile.is_admin)


def place(request: Any) -> str:
    """Where one works, for the head of the menu."""
    if not may_administer(request):
        return ""
    if request.profile:
        return request.profile.org.name
    org_id = current().org_id
    return str(Org.objects.get(pk=org_id)) if org_id else "All organizations"


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    def save(self, commit: bool = True) -> Any:
        services.set_password(self.user, self.cleaned_data["new_password1"])
        return self.user


class Suggestions(AutocompleteJsonView):
    """Rows to choose from for one field of one page, by what the person has typed."""

    admin_site: Any

    def get_queryset(self) -> Any:
        page = self.admin_site.get_model_admin(self.source_field.model)
        rows = page.offered(self.source_field, self.request)
        if "\x00" in self.term:
            return rows.none()
        return self.model_admin.get_search_results(self.request, rows, self.term)[0]

    def has_perm(self, request: HttpRequest, obj: Any = None) -> bool:
        source = self.source_field.model
        if not self.admin_site.is_registered(source) or not hasattr(self.admin_site.get_model_admin(source), "offered"):
            return False
        return super().has_perm(request) and self.admin_site.get_model_admin(source).has_view_permission(request)


class AtriumAdminSite(UnfoldAdminSite):
    def has_permission(self, request: HttpRequest) -> bool:
        return may_administer(request)

    # --- signing in happens on the page for all

    def login(self, request: Any, extra_context: Any = None) -> Any:
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied("Only an organization's admins, and the platform's staff, get in here.")
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    def password_change(self, request: Any, extra_context: Any = None) -> Any:
        """One's own password. As everywhere, a new one ends all other sessions."""
        return PasswordChangeView.as_view(
            form_class=OwnPasswordForm,
            success_url=reverse("admin:password_change_done"),
            template_name=self.password_change_template or "registration/password_change_form.html",
            extra_context={**self.each_context(request), **(extra_context or {})},
        )(request)

    # --- what Unfold and Django add, which would look past the scope or is not needed

    def autocomplete_view(self, request: HttpRequest) -> Any:
        return Suggestions.as_view(admin_site=self)(request)

    def search(self, request: HttpRequest, extra_context: Any = None) -> Any:
        raise Http404("There is no search over all pages.")

    def app_index(self, request: HttpRequest, app_label: str, extra_context: Any = None) -> Any:
        return redirect("admin:index")

    # --- pages that are of no model

    def get_urls(self) -> list[Any]:
        from common.records.pack_admin import packs  # which needs the site

        return [path("packs/", self.admin_view(packs), name="packs"), *super().get_urls()]

    # --- the menu and the first page

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """The pages that one may see, in our groups rather than by Django app."""
        found = {model["model"]: model for app in super().get_app_list(request) for model in app["models"]}
        models = [(self._registry[model], found[model]) for model in self._registry if model in found]
        models.sort(key=lambda pair: not issubclass(pair[0].model, Record))  # what people work with before how they do it
        return [
            {
                "name": section,
                "app_label": section.lower(),
                "app_url": reverse("admin:index"),
                "has_module_perms": True,
                "models": [{**model, "icon": page.icon} for page, model in models if page.section == section],
            }
            for section in SECTIONS
            if any(page.section == section for page, _ in models)
        ]

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        return [
            {
                "title": section["name"],
                "separator": section["name"] != SECTIONS[0],
                "items": [menu_item(request, model) for model in [*section["models"], *self.further(section["name"])]],
            }
            for section in self.get_app_list(request)
        ]

    def further(self, section: str) -> list[dict[str, Any]]:
        """What stands in the menu beside the models' pages."""
        packs = {"name": "Starter packs", "icon": "package_2", "admin_url": reverse("admin:packs")}
        return [packs] if section == "Settings" and current().org_id else []

    def index(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """How much there is of what, and what happened last."""
        sections = self.get_app_list(request)
        cards = [
            self.card(request, model) for section in sections for model in section["models"] if issubclass(model["model"], Record)
        ]
        context = {"title": place(request), "cards": cards, "lines": recent(self, request)}
        return super().index(request, {**context, **(extra_context or {})})

    def card(self, request: HttpRequest, model: dict[str, Any]) -> dict[str, Any]:
        count = capped_count(model["model"]._default_manager.all())
        return {
            "name": model["name"],
            "icon": model["icon"],
            "url": model["admin_url"],
            "count": f"{COUNT_CAP - 1:,}+" if count >= COUNT_CAP else f"{count:,}",
        }


def menu_item(request: HttpRequest, model: dict[str, Any]) -> dict[str, Any]:
    url = model["admin_url"]
    active = request.path.startswith(url)
    return {"title": model["name"], "icon": model["icon"], "link": url, "active": active, "has_permission": True}
