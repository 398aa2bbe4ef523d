"""Search in the bin of all record types at once: the index leaves it out, so rows are looked at one by one."""

from typing import Any

from django.db.models import CharField, TextField, Value
from django.db.models.functions import JSONObject

from .models import MODULES, BaseRecord
from .search import Matches, query_of


def binned(profile: Any, text: str, models: tuple[type[BaseRecord], ...], each: int) -> list[dict[str, Any]]:
    """The newest ``each`` deleted records of every type that a person may see and that have all words, in two statements."""
    models = tuple(model for model in models if profile.scope_for(model.module, "view") != "none")
    query = query_of(text) if models else None
    if not query:
        return []

    def thrown(model: Any) -> Any:
        texts = JSONObject(**{field.name: field.name for field in model._meta.fields if is_searched(model, field)})
        rows = model.with_bin.visible_to(profile).exclude(deleted_at=None).filter(Matches(query))
        return rows.annotate(_kind=Value(model.module, CharField()), _texts=texts).values_list("_kind", "id", "_texts")

    parts = [thrown(model).order_by("-id")[:each] for model in models]
    rows = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    return [
        {"record_type": MODULES[module]._meta.model_name, "id": pk, "name": str(MODULES[module](**texts)), "highlights": texts}
        for module, pk, texts in rows
    ]


def is_searched(model: Any, field: Any) -> bool:
    return field.name in (model.label_field, *model.search_columns) and isinstance(field, (CharField, TextField))
