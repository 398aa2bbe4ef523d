"""Search over everything: records of all types that the caller may see, the best first, with what matched marked."""

import re
import unicodedata
from functools import lru_cache
from heapq import nlargest
from itertools import chain
from typing import Any

import orjson
from django.db.models import BooleanField, CharField, Func, TextField, Value
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
from common.tenancy.statement import Statement, rows_together

from .models import MODULES, BaseRecord
from .search import best_by_index
from .viewers import Viewer

#: Of each type, so many matches are looked at for who may not see all of them.
LOOKED_AT = 200
#: Characters of a column that are searched for what to mark, and around it.
LONGEST, AROUND = 5000, 60
WORD = re.compile(r"\w+")
#: What stands in for ids while SQL is made.
SOME_IDS = "ids that stand in for those of a search"


class Among(Func):
    """Whether a column is one of an array."""

    arg_joiner, template = " = ANY ", "%(expressions)s"
    output_field = BooleanField()


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
    """The best ``each`` records of every type in ``models`` that a person may see, best first.

    Two statements: the best that there are of each type, by its index, and those of them that the person may see.
    """
    scopes = {model: profile.scope_for(model.module, "view") for model in models}
    most = {model._meta.db_table: each if scope == "all" else LOOKED_AT for model, scope in scopes.items() if scope != "none"}
    words = folded_words(text)
    found = best_by_index(most, text[:200]) if words and most else {}
    ranks = {pk: rank for ranked in found.values() for pk, rank in ranked.items()}
    looked = [(model, [str(pk) for pk in found.get(model._meta.db_table, ())]) for model in models]
    rows = rows_together((seen_by(Viewer.of(profile, [model]), model), {"ids": ids}) for model, ids in looked if ids)

    def place(row: tuple[Any, ...]) -> tuple[float, Any]:
        return ranks[row[1]], row[1]

    of_each = [nlargest(each, (row for row in rows if row[0] == kind), key=place) for kind in {row[0] for row in rows}]
    best = sorted(chain(*of_each), key=place, reverse=True)
    return [shown(MODULES[module], pk, ranks[pk], orjson.loads(texts), words) for module, pk, texts in best]


@lru_cache(maxsize=4000)
def seen_by(who: Viewer, model: Any) -> Statement:
    """Those of some rows that a person may see."""

    def build(ids: str) -> Any:
        texts = JSONObject(**{name: Left(name, LONGEST) for name in text_columns(model)})
        rows = model.objects.visible_to(who.profile).filter(Among("pk", RawSQL("%s::uuid[]", [ids])))
        return rows.annotate(_kind=Value(model.module, CharField()), _texts=texts).order_by().values_list("_kind", "id", "_texts")

    return Statement(build, ids=SOME_IDS)


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
        "name": name_of(model, texts),
        "rank": round(rank, 4),
        "highlights": {name: text for name, text in marked.items() if text},
    }


def name_of(model: Any, texts: dict[str, str]) -> str:
    """What people call a record, of which there are only these columns: all of its fields would take Django long."""
    record = model.__new__(model)
    record.__dict__.update(texts)
    return str(record)


# --- Marking what matched


def folded(text: str) -> str:
    """Small letters without their accents, each in its place: as the index folds them (``app_words``)."""
    if text.isascii():
        return text.lower().replace("_", " ")
    return "".join(unicodedata.normalize("NFD", letter)[0].lower()[:1] for letter in text.translate(OTHERS))


OTHERS = str.maketrans("øØłŁđĐħĦßı_", "oOlLdDhHsi ")


def folded_words(text: str) -> list[str]:
    return WORD.findall(folded(text[:200]))


def highlight(text: str, words: list[str]) -> str:
    """HTML of the part of ``text`` around the first match, every match marked; empty without one."""
    plain = folded(text)
    if not any(word in plain for word in words):
        return ""
    found = [match.span() for match in WORD.finditer(plain) if match[0].startswith(tuple(words))]
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
