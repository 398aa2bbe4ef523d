"""What the API does with one row beyond changing it, as buttons of the row's page: send, pay, escalate, close."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from rest_framework import serializers
from unfold import widgets

from common.records.serializers import ReferenceField

from .admin_api import REFUSALS, answer, ask, plain, refusal
from .admin_fields import RowSelect

#: The input of each kind of a serializer's field; of a kind that is not here, none.
INPUTS: list[tuple[Any, Any, Any]] = [
    (serializers.BooleanField, forms.BooleanField, widgets.UnfoldBooleanSwitchWidget),
    (serializers.EmailField, forms.EmailField, widgets.UnfoldAdminEmailInputWidget),
    (serializers.CharField, forms.CharField, widgets.UnfoldAdminTextInputWidget),
    (serializers.IntegerField, forms.IntegerField, widgets.UnfoldAdminIntegerFieldWidget),
    (serializers.DecimalField, forms.DecimalField, widgets.UnfoldAdminDecimalFieldWidget),
    (serializers.DateTimeField, forms.SplitDateTimeField, widgets.UnfoldAdminSplitDateTimeVerticalWidget),
    (serializers.DateField, forms.DateField, widgets.UnfoldAdminSingleDateWidget),
]


def always(row: Any) -> bool:
    return True


@dataclass(frozen=True)
class Command:
    """``action`` of the page's viewset. ``asks`` is the serializer of what one may say to it."""

    label: str
    action: str
    asks: Any = None
    icon: str = "play_arrow"
    #: Which rows it is for, so that nobody is offered what would be refused.
    fits: Callable[[Any], bool] = always
    #: What is always said to it.
    fixed: dict[str, Any] = field(default_factory=dict)
    #: Fields that name a row, each with a field of the model that leads to such rows.
    looks_up: dict[str, str] = field(default_factory=dict)
    #: The record type that comes out of it.
    makes: str = ""
    #: Whether it only shows something, such as a file.
    shows: bool = False
    #: Whether the row is not there afterwards.
    gone: bool = False
    explained: str = ""

    @property
    def name(self) -> str:
        return self.label.lower().replace(" ", "-")

    def form(self, page: Any, request: Any, given: Any = None) -> Any:
        inputs = {}
        for name, asked in self.asks().fields.items() if self.asks else ():
            if name not in self.fixed and (found := self.input_of(page, request, name, asked)):
                inputs[name] = found
        return type("CommandForm", (forms.Form,), inputs)(given)

    def input_of(self, page: Any, request: Any, name: str, asked: Any) -> Any:
        kept = {
            "label": asked.label or name.replace("_", " ").capitalize(),
            "required": asked.required,
            "help_text": asked.help_text or "",
        }
        if name in self.looks_up:
            leads = page.model._meta.get_field(self.looks_up[name])
            return forms.ModelChoiceField(page.choices(leads, request), widget=RowSelect(leads, page.admin_site), **kept)
        if isinstance(asked, ReferenceField):
            rows = page.admin_site.get_model_admin(asked.target).get_queryset(request)
            return forms.ModelChoiceField(rows, widget=widgets.UnfoldAdminSelectWidget, **kept)
        if isinstance(asked, serializers.ChoiceField):
            choices = [] if asked.required else [("", "---------")]
            return forms.ChoiceField(choices=[*choices, *asked.choices.items()], widget=widgets.UnfoldAdminSelectWidget, **kept)
        for kind, input_class, widget in INPUTS:
            if isinstance(asked, kind):
                is_long = input_class is forms.CharField and (asked.max_length or 0) > 500
                initial = None if asked.default is serializers.empty else asked.default
                shown = widgets.UnfoldAdminTextareaWidget(attrs={"rows": 4}) if is_long else widget
                required = kept["required"] and input_class is not forms.BooleanField
                return input_class(**{**kept, "required": required}, widget=shown, initial=initial)
        return None


class Commanded:
    """Mixin of a page with commands."""

    commands: tuple[Command, ...] = ()
    change_form_outer_before_template = "admin/commands.html"
    admin_site: Any
    opts: Any
    viewset: Any

    def commands_for(self, request: Any, obj: Any) -> list[Command]:
        """Members do; platform staff, who are nobody in an organization, only look."""
        if obj is None or getattr(obj, "deleted_at", None):
            return []
        return [command for command in self.commands if command.fits(obj) and (request.profile or command.shows)]

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_do"
        view = self.admin_site.admin_view(self.do)
        return [path("<path:object_id>/do/<slug:name>/", view, name=name), *super().get_urls()]  # type: ignore[misc]

    def command_url(self, obj: Any, command: Command) -> str:
        url, _, query = self.url_of(obj).partition("?")  # type: ignore[attr-defined]
        return url.removesuffix("change/") + f"do/{command.name}/" + (f"?{query}" if query else "")

    def render_change_form(self, request: Any, context: Any, *args: Any, obj: Any = None, **kwargs: Any) -> Any:
        context["commands"] = [
            {"label": command.label, "icon": command.icon, "url": self.command_url(obj, command)}
            for command in self.commands_for(request, obj)
        ]
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)  # type: ignore[misc]

    def do(self, request: Any, object_id: str, name: str) -> HttpResponse:
        """The page of a command: what it wants to know, and then what came of it."""
        if elsewhere := self.into_org(request, object_id):  # type: ignore[attr-defined]
            return elsewhere  # type: ignore[no-any-return]
        obj = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, unquote(object_id))  # type: ignore[attr-defined,no-any-return]
        command = next((command for command in self.commands_for(request, obj) if command.name == name), None)
        if command is None:
            raise Http404
        if command.shows:
            query = request.GET.copy()
            query.pop("org", None)
            return answer(request, self.viewset, command.action, pk=obj.pk, query=query.urlencode())  # type: ignore[no-any-return]
        form = command.form(self, request, request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid() and (went := self.carry_out(request, obj, command, form)):
            return went
        context = {**self.admin_site.each_context(request), "title": command.label, "subtitle": str(obj), "opts": self.opts}
        context |= {"command": command, "about": obj, "form": form, "back": self.url_of(obj), "media": self.media + form.media}  # type: ignore[attr-defined]
        return TemplateResponse(request, "admin/command.html", context)

    def carry_out(self, request: Any, obj: Any, command: Command, form: Any) -> HttpResponse | None:
        """Do it, and go where the result is. None where it was refused, which the form then says."""
        values = {name: plain(value) for name, value in form.cleaned_data.items() if value not in (None, "")}
        try:
            with transaction.atomic():
                made = ask(request, self.viewset, command.action, {**values, **command.fixed}, pk=obj.pk)
        except REFUSALS as error:
            for name, said in refusal(error):
                form.add_error(name if name in form.fields else None, said)
            return None
        messages.success(request, f"{obj}: {command.label.lower()} – done.")
        self.tell(request, made or {})  # type: ignore[attr-defined]
        if command.gone:
            return redirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))
        if command.makes:
            return redirect(reverse(f"admin:{command.makes.lower().replace('.', '_')}_change", args=[made["id"]]))
        return redirect(self.url_of(obj))  # type: ignore[attr-defined]
