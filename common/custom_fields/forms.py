"""Custom fields as inputs of the Django admin's forms: ``cf_<key>``, each of its type."""

from typing import Any

from django import forms
from unfold import widgets

from common.admin_fields import RowSelect, TenantForm
from common.records.models import Comment
from common.tenancy import current

from .filters import PREFIX
from .values import Definition, fields_of, model_of, records_of

UNKNOWN = [("", "---------"), ("true", "Yes"), ("false", "No")]


def to_boolean(text: str) -> bool:
    return text == "true"


def input_of(field: Definition, request: Any, admin_site: Any) -> forms.Field:
    """The form field of a custom field."""
    kept: dict[str, Any] = {"label": field.label, "required": field.required, "help_text": field.help_text}
    options = [(option, option) for option in field.options]
    if field.type in ("number", "money"):
        return forms.DecimalField(widget=widgets.UnfoldAdminDecimalFieldWidget, **kept)
    if field.type == "date":
        return forms.DateField(widget=widgets.UnfoldAdminSingleDateWidget, **kept)
    if field.type == "choice":
        return forms.ChoiceField(choices=[UNKNOWN[0], *options], widget=widgets.UnfoldAdminSelectWidget, **kept)
    if field.type == "multi_choice":
        return forms.MultipleChoiceField(choices=options, widget=widgets.UnfoldAdminSelectMultipleWidget, **kept)
    if field.type == "boolean":
        widget = widgets.UnfoldAdminSelectWidget
        return forms.TypedChoiceField(choices=UNKNOWN, coerce=to_boolean, empty_value=None, widget=widget, **kept)
    if field.type == "url":
        return forms.URLField(widget=widgets.UnfoldAdminURLInputWidget, assume_scheme="https", **kept)
    if field.type == "relation":
        reference = Comment._meta.get_field(model_of(field.target)._meta.model_name)
        rows = records_of(field.target, request.profile)
        return forms.ModelChoiceField(rows, widget=RowSelect(reference, admin_site), **kept)
    return forms.CharField(widget=widgets.UnfoldAdminTextareaWidget(attrs={"rows": 2}), **kept)


def initial_of(field: Definition, value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


class CustomFieldsForm(TenantForm):
    """A record's form with its custom fields. Those that were changed are written by the API."""

    custom_fields: dict[str, Definition] = {}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        stored = self.instance.custom_fields
        for key, field in self.custom_fields.items():
            if key in stored:
                self.initial[f"{PREFIX}{key}"] = initial_of(field, stored[key])

    def add_refusal(self, name: str, text: str) -> None:
        super().add_refusal(name.replace("custom_fields.", PREFIX), text)

    def custom_values(self) -> dict[str, Any]:
        """What was changed, as the API takes it."""
        names = [name for name in self.changed_data if name.startswith(PREFIX) and name in self.cleaned_data]
        return {name.removeprefix(PREFIX): wire(self.cleaned_data[name]) for name in names}


def wire(value: Any) -> Any:
    """What a form field gives, as JSON has it."""
    if hasattr(value, "pk"):
        return str(value.pk)
    return value if value is None or isinstance(value, (bool, list)) else str(value)


def form_with(base: Any, module: str, request: Any, admin_site: Any) -> Any:
    """The form ``base`` with the inputs of a module's custom fields."""
    fields = custom_fields_of(request, module)
    inputs = {f"{PREFIX}{key}": input_of(field, request, admin_site) for key, field in fields.items()}
    return type("RecordForm", (CustomFieldsForm, base), {**inputs, "custom_fields": fields})


def custom_fields_of(request: Any, module: str) -> dict[str, Definition]:
    """A module's fields, looked up once per request; none where platform staff look at all organizations."""
    if not module or current().org_id is None:
        return {}
    known = request.__dict__.setdefault("custom_fields", {})
    if module not in known:
        known[module] = fields_of(module)
    return known[module]  # type: ignore[no-any-return]
