"""What a saved view says, as the query string that it stands for."""

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import Q
from django.http import QueryDict
from rest_framework.exceptions import ValidationError

from .models import SavedView

#: What a saved view may filter by besides the list's own filters.
ALSO = ("search",)


def views_for(profile: Any) -> Any:
    """The views that a person has: their own and what is shared."""
    return SavedView.objects.filter(Q(shared=True) | Q(created_by=profile.pk))


def as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(as_text, value)) if isinstance(value, list) else str(value)


def as_parameters(filters: dict[str, Any]) -> QueryDict:
    parameters = QueryDict(mutable=True)
    for name, value in filters.items():
        parameters[name] = as_text(value)
    return parameters


def with_view(parameters: QueryDict, module: str, profile: Any) -> QueryDict:
    """A query string with what its ``view`` says; what the query string says itself is stronger. Raises ValidationError."""
    merged = parameters.copy()
    pk = merged.pop("view")[-1]
    try:
        view = views_for(profile).filter(pk=pk, module=module).first()
    except (ValueError, DjangoValidationError):
        view = None
    if view is None:
        raise ValidationError({"view": ["There is no such view of this list."]})
    said = as_parameters(view.filters)
    if view.ordering:
        said["ordering"] = view.ordering
    if view.fields:
        said["fields"] = ",".join(view.fields)
    for name, value in said.items():
        if name not in merged:
            merged[name] = value  # type: ignore[assignment]
    return merged
