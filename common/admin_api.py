"""Pages of the Django admin that write through the API: what an endpoint checks, and what follows from it, holds there too."""

from copy import copy
from typing import Any

import orjson
from django.contrib import messages
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import models
from django.http import QueryDict
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.serializers import as_serializer_error

from common.people.models import Org, Profile, Role
from common.tenancy import current

#: How an endpoint says no.
REFUSALS = (APIException, DjangoValidationError)


class Asked(Request):
    """What a page asks of an endpoint, with its values at hand."""

    def __init__(self, request: Any, values: dict[str, Any], query: str = ""):
        asked = copy(request)
        asked.GET, asked.profile = QueryDict(query), request.profile or standing_in(request)
        super().__init__(asked)
        self.values = values

    @property
    def data(self) -> Any:
        return self.values


def standing_in(request: Any) -> Profile:
    """Platform staff are nobody in an organization; there they may what its admins may."""
    org_id = current().org_id
    assert org_id  # platform staff name the org that they write in: see TenantAdmin.into_org
    org = Org.objects.get(pk=org_id)
    return Profile(org=org, user=request.user, role=Role(org=org, name="admin", is_system=True))


def answer(request: Any, viewset: Any, name: str, values: Any = None, *, pk: Any = None, query: str = "") -> Any:
    """The response of a viewset's action. Raises what that raises."""
    path = {"pk": str(pk)} if pk else {}
    kept = {"args": (), "kwargs": path, "format_kwarg": None, "action": name}
    view = viewset(request=Asked(request, values or {}, query), **getattr(getattr(viewset, name), "kwargs", {}), **kept)
    return getattr(view, name)(view.request, **path)


def ask(request: Any, viewset: Any, name: str, values: Any = None, *, pk: Any = None) -> Any:
    """What a viewset's action answers."""
    said = answer(request, viewset, name, values, pk=pk).data
    return said if said is None else orjson.loads(orjson.dumps(said))


def refusal(error: Exception) -> list[tuple[str, str]]:
    """What an endpoint's refusal says, by field; what is about none has no name."""
    details = as_serializer_error(error) if isinstance(error, (ValidationError, DjangoValidationError)) else error.detail  # type: ignore[attr-defined]
    if not isinstance(details, dict):
        return [("", str(details))]
    return [("" if name == "non_field_errors" else name, text) for name, said in details.items() for text in in_words(said)]


def in_words(said: Any) -> list[str]:
    """The messages of a part of a body; those of a list's rows with the number of the row, from 1."""
    if isinstance(said, dict):
        pairs = [
            (int(name) + 1 if str(name).isdecimal() else name, text) for name, inner in said.items() for text in in_words(inner)
        ]
        return [f"{name}: {text}" for name, text in pairs]
    if isinstance(said, (list, tuple)):
        rows = [{number: entry} if isinstance(entry, dict) else entry for number, entry in enumerate(said) if entry]
        return [text for entry in rows for text in in_words(entry)]
    return [str(said)]


def plain(value: Any) -> Any:
    """A form's value as an endpoint takes it: rows by their ids."""
    if isinstance(value, models.Model):
        return str(value.pk)
    if isinstance(value, models.QuerySet):
        return [str(pk) for pk in value.values_list("pk", flat=True)]
    return value


def writable(serializer_class: Any) -> set[str]:
    return {name for name, field in serializer_class.prototype().fields.items() if not field.read_only}


def values_of(form: Any, names: set[str]) -> dict[str, Any]:
    """What a form was given of ``names``: of a row that is there the changes, of a new one all that is not blank."""
    given = form.cleaned_data
    if form.instance._state.adding:
        wanted = [name for name, value in given.items() if value not in (None, "", [])]
    else:
        wanted = [name for name in form.changed_data if name in given]
    return {name: plain(given[name]) for name in wanted if name in names}


def rows_of(formset: Any, names: set[str]) -> list[dict[str, Any]]:
    """The rows of an inline whose rows are written together."""
    kept = [form for form in formset.forms if form.cleaned_data and form not in formset.deleted_forms]
    return [
        {name: plain(value) for name, value in form.cleaned_data.items() if name in names and value not in (None, "")}
        for form in kept
        if form.has_changed() or not form.instance._state.adding
    ]


class ThroughApi:
    """Mixin of a page: where it has a viewset, that does the writing."""

    viewset: Any = None
    model: Any

    def input_names(self) -> set[str]:
        return writable(self.viewset.serializer_class)

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)  # type: ignore[misc]
        form.refused = getattr(request, "refused", ())
        return form

    def construct_change_message(self, request: Any, form: Any, formsets: Any, add: bool = False) -> Any:
        """The activity stream has it."""
        return []

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        if self.viewset is None:
            super().save_model(request, obj, form, change)  # type: ignore[misc]

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:
        """The row with its parts; then the rows of the inlines that stand for themselves."""
        if self.viewset is None:
            super().save_related(request, form, formsets, change)  # type: ignore[misc]
            return
        values = self.given(form)
        fields = self.viewset.serializer_class.prototype().fields
        for formset in formsets:
            if formset.part and formset.has_changed():
                names = {name for name, field in fields[formset.part].child.fields.items() if not field.read_only}
                values[formset.part] = rows_of(formset, names)
        if values or not change:
            made = self.write(request, form.instance.pk if change else None, values)
            form.instance.pk = made["id"]
            self.tell(request, made)
        for formset in formsets:
            if not formset.part:
                self.save_formset(request, form, formset, change)  # type: ignore[attr-defined]

    def given(self, form: Any) -> dict[str, Any]:
        """What the form says, as the endpoint takes it."""
        return values_of(form, self.input_names())

    def write(self, request: Any, pk: Any, values: dict[str, Any]) -> Any:
        return ask(request, self.viewset, "partial_update" if pk else "create", values, pk=pk)

    def tell(self, request: Any, made: dict[str, Any]) -> None:
        """What is shown this once."""
        if url := made.get("inbound_url"):
            messages.info(request, f"A mail gateway posts each raw mail to {url} – it is shown only now.")

    def save_formset(self, request: Any, form: Any, formset: Any, change: bool) -> None:
        viewset = formset.viewset
        if viewset is None:
            super().save_formset(request, form, formset, change)  # type: ignore[misc]
            return
        for row in formset.forms:
            pk = None if row.instance._state.adding else row.instance.pk
            if row in formset.deleted_forms:
                if pk:
                    ask(request, viewset, "destroy", pk=pk)
            elif row.has_changed():
                parent = {} if pk else {formset.fk.name: str(form.instance.pk)}
                ask(
                    request,
                    viewset,
                    "partial_update" if pk else "create",
                    {**values_of(row, writable(viewset.serializer_class)), **parent},
                    pk=pk,
                )

    def delete_model(self, request: Any, obj: Any) -> None:
        if self.viewset is None:
            super().delete_model(request, obj)  # type: ignore[misc]
        else:
            ask(request, self.viewset, "destroy", pk=obj.pk)
