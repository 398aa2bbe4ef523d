"""Search over everything: records of all types that the caller may see, the best first, with what matched marked."""

import re
import unicodedata
from functools import lru_cache
from typing import Any

import orjson
from django.db.models import CharField, F, FloatField, Func, TextField, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import JSONObject, Left
from django.utils.html import escape
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api.filters import apply_filters
from common.api.pages import whole_number
from common.api.parameters import documented, values, whole
from common.people.authentication import IsMember
from common.tenancy import current_org_id
from common.tenancy.statement import Statement

from .models import MODULES, BaseRecord
from .timeline import merged
from .viewers import Viewer

#: Of each type, so many matches are ranked: the newest, where there are more.
RANKED = 200
#: Characters of a column that are searched for what to mark, and around it.
LONGEST, AROUND = 5000, 60
WORD = re.compile(r"\w+")


class Rank(Func):
    """How well a record matches words: those in its first columns count most."""

    output_field = FloatField()

    def __init__(self, words: str):
        super().__init__(F("pk"))
        self.words = words

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        row: Any = self.source_expressions[0]
        alias = compiler.quote_name_unless_alias(row.alias)
        return f'ts_rank({alias}."search", app_query(%s))', [self.words]


class Found(serializers.Serializer[Any]):
    """A record that matches. ``highlights`` maps fields to HTML: escaped text, with ``<mark>`` around what matched."""

    module = serializers.CharField()
    record_type = serializers.CharField()
    id = serializers.UUIDField()
    name = serializers.CharField()
    rank = serializers.FloatField()
    highlights = serializers.DictField(child=serializers.CharField())


class FoundEverywhere(serializers.Serializer[Any]):
    results = Found(many=True)


def search_everything(profile: Any, text: str, models: tuple[type[BaseRecord], ...], each: int) -> list[dict[str, Any]]:
    """The best ``each`` records of every type in ``models`` that a person may see, best first, in one statement."""
    models = tuple(model for model in models if profile.scope_for(model.module, "view") != "none")
    words = folded_words(text)
    if not words or not models:
        return []
    rows = search_of(Viewer.of(profile, models), models, each).rows(words=text[:200])
    return [shown(MODULES[module], pk, rank, orjson.loads(texts), words) for module, pk, rank, texts in rows]


@lru_cache(maxsize=1000)
def search_of(who: Viewer, models: tuple[type[BaseRecord], ...], each: int) -> Statement:
    """The search of one person, compiled once: making its SQL takes longer than running it."""

    def build(words: str) -> Any:
        return merged([best(model, who.profile, words, each) for model in models], "-_rank", "-id")

    return Statement(build, words="words that stand in for those of a search")


def best(model: Any, profile: Any, words: str, each: int) -> Any:
    parameters = [str(current_org_id()), model._meta.db_table, words, RANKED]
    found = RawSQL("SELECT app_find(%s::uuid, %s, %s, %s)", parameters)
    texts = JSONObject(**{name: Left(name, LONGEST) for name in text_columns(model)})
    rows = model.objects.visible_to(profile).filter(pk__in=found)
    rows = rows.annotate(_kind=Value(model.module, CharField()), _rank=Rank(words), _texts=texts)
    return rows.order_by("-_rank", "-id").values_list("_kind", "id", "_rank", "_texts")[:each]


def text_columns(model: Any) -> list[str]:
    fields = {field.name: field for field in model._meta.fields}
    label = [model.label_field] if model.label_field in fields else []
    names = dict.fromkeys([*label, *model.search_columns])
    return [name for name in names if isinstance(fields[name], (CharField, TextField))]


def shown(model: Any, pk: Any, rank: float, texts: dict[str, str], words: list[str]) -> dict[str, Any]:
    marked = {name: highlight(text or "", words) for name, text in texts.items()}
    return {
        "module": model.module,
        "record_type": model._meta.model_name,
        "id": pk,
        "name": str(model(**texts)),
        "rank": round(rank, 4),
        "highlights": {name: text for name, text in marked.items() if text},
    }


# --- Marking what matched


def folded(text: str) -> str:
    """Small letters without their accents, each in its place: as the index folds them (``app_words``)."""
    return "".join(unicodedata.normalize("NFD", letter)[0].lower()[:1] for letter in text.translate(OTHERS))


OTHERS = str.maketrans("øØłŁđĐħĦßı_", "oOlLdDhHsi ")


def folded_words(text: str) -> list[str]:
    return WORD.findall(folded(text[:200]))


def highlight(text: str, words: list[str]) -> str:
    """HTML of the part of ``text`` around the first match, every match marked; empty without one."""
    found = [match.span() for match in WORD.finditer(folded(text)) if match[0].startswith(tuple(words))]
    if not found:
        return ""
    start = 0 if found[0][0] <= AROUND else text.rfind(" ", 0, found[0][0] - AROUND) + 1
    end = min(len(text), found[0][1] + 2 * AROUND)
    html, at = "…" if start else "", start
    for begin, stop in found:
        if begin >= end:
            break
        html += f"{escape(text[at:begin])}<mark>{escape(text[begin:stop])}</mark>"
        at = stop
    return html + escape(text[at:end]) + ("…" if end < len(text) else "")


class SearchView(APIView):
    """Search in everything at once."""

    permission_classes = [IsMember]

    @extend_schema(
        summary="Search everything",
        description="Records of all types that you may see, whose words begin with every word of `q`; the best match first.",
        responses=FoundEverywhere,
    )
    @documented(
        OpenApiParameter("q", required=True, description="Words, or their beginnings, that must all occur"),
        values("modules", None, "Only these modules, such as `leads,contacts`"),
        whole("limit", "How many records of each module", 1, 20, default=5),
    )
    def get(self, request: Request) -> Response:
        parameters, profile = request.query_params, request._request.profile  # type: ignore[attr-defined]
        apply_filters(None, {}, parameters, profile, ("q", "modules", "limit"))
        text = parameters.get("q", "")
        if not text.strip() or "\x00" in text:
            raise ValidationError({"q": ["Say what to search for."]})
        names = parameters["modules"].split(",") if "modules" in parameters else list(MODULES)
        if unknown := [name for name in names if name not in MODULES]:
            raise ValidationError({"modules": [f'"{unknown[0]}" is not a module. Modules: {", ".join(sorted(MODULES))}.']})
        models = tuple(MODULES[name] for name in dict.fromkeys(names))
        return Response({"results": search_everything(profile, text, models, whole_number(request, "limit", 5, 1, 20))})
