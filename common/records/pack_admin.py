"""The page of starter packs in the admin: it adds what the organization lacks of one."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget

from common.tenancy import current

from .packs import PACKS, apply_pack


class PackForm(forms.Form):
    pack = forms.ChoiceField(
        choices=[(pack.name, f"{pack.label}: {pack.description}") for pack in PACKS.values()], widget=UnfoldAdminSelectWidget
    )
    sample_data = forms.BooleanField(required=False, widget=UnfoldBooleanSwitchWidget, help_text="With records to try things on")


def packs(request: Any) -> HttpResponse:
    """What is there already stays as it is; the same pack again adds nothing."""
    if current().org_id is None:
        raise Http404("A pack is for one organization.")
    form = PackForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made = apply_pack(PACKS[form.cleaned_data["pack"]], sample_data=form.cleaned_data["sample_data"])
        added = [f"{count} {kind.replace('_', ' ')}" for kind, count in made.items() if count]
        messages.success(request, f"Added: {', '.join(added)}." if added else "Nothing was missing.")
        return redirect(request.get_full_path())
    context = {**admin.site.each_context(request), "title": "Starter packs", "form": form, "back": reverse("admin:index")}
    context |= {"command": {"label": "Apply", "explained": packs.__doc__}, "about": "a starter pack"}
    return TemplateResponse(request, "admin/command.html", context)
