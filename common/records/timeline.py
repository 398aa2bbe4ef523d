"""A record's timeline: what is about it and what changed of it, of every kind, in one order, newest first.

Each kind is read from the index in which its rows of one record stand, a page's worth at most, so that ten thousand entries
cost as much as fifty. ``OnRecord.newest_first`` declares the moment that counts: a column, or the id, which begins with the
millisecond in which the row was made.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from django.db.models import CharField, DateTimeField, F, Func, Q, Value
from django.db.models.expressions import RawSQL
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from common.activity.history import ChangeSerializer, entry_of
from common.activity.models import Activity
from common.api.filters import apply_filters
from common.api.pages import DEFAULT_LIMIT, MAX_LIMIT, Order, link, whole_number
from common.tenancy.statement import Statement

from .comments import AttachmentSerializer, CommentSerializer
from .interactions import InteractionSerializer
from .models import ABOUT_RECORDS, BaseRecord, OnRecord
from .projection import RowJSON, projection
from .viewers import Viewer

CHANGE = "change"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_MILLISECOND = 2**48 - 1


class TimelineEntry(serializers.Serializer[Any]):
    """``kind`` says what ``entry`` is: a comment, a task, a change, …; ``at`` is its moment in the timeline."""

    kind = serializers.CharField()
    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    entry = serializers.DictField()


class MomentOf(Func):
    """The millisecond with which an id begins."""

    template = "to_timestamp(('x' || translate(left(%(expressions)s::text, 13), '-', ''))::bit(48)::bigint / 1000.0)"
    output_field = DateTimeField()


#: The place of an entry in the order.
PLACE_KEYS = Order(Activity, ["-at"])


@dataclass(frozen=True)
class Source:
    """One kind of entries. ``moment`` is the column that orders them, "id" where the id does."""

    kind: str
    model: Any
    serializer_class: Any
    names: tuple[str, ...]
    moment: str = "id"

    def rows(self, record_model: Any, record_id: UUID, profile: Any) -> Any:
        """Those of a record that a person may see."""
        if self.model is Activity:
            return Activity.objects.filter(record_id=record_id, record_type=record_model._meta.model_name)
        is_record = issubclass(self.model, BaseRecord)
        rows = self.model.objects.visible_to(profile) if is_record else self.model.readable_by(profile)
        return rows.filter(**{record_model._meta.model_name: record_id})

    def places(self, rows: Any, after: "After | None", count: int) -> Any:
        """The first of ``rows`` after a place, as ``(id, moment, kind)``."""
        by_id = self.moment == "id"
        if after and by_id:
            rows = rows.filter(pk__lt=after.bound)
        elif after:
            earlier, same = Q(**{f"{self.moment}__lt": after.moment}), Q(pk__lt=after.pk)
            rows = rows.filter(Q(**{f"{self.moment}__lte": after.moment}) & (earlier | same))
        rows = rows.order_by("-id") if by_id else rows.order_by(f"-{self.moment}", "-id")
        moment = MomentOf(F("id")) if by_id else F(self.moment)
        return rows.annotate(_moment=moment, _kind=Value(self.kind, CharField())).values_list("id", "_moment", "_kind")[:count]

    def shown(self, ids: Any) -> Any:
        """The rows with ``ids`` as ``(id, JSON)``."""
        rows = (self.model.with_bin if issubclass(self.model, BaseRecord) else self.model.objects).filter(pk__in=ids)
        return rows.order_by().values_list("id", RowJSON(projection(self.serializer_class, self.names)))


@dataclass(frozen=True)
class After:
    """A place in the order: those come after it that are earlier than ``moment``, or of that moment with a lower id.

    ``bound`` is the id before which those stand whose moment is their id's own.
    """

    moment: Any
    pk: Any
    bound: Any


#: What stands in for values while SQL is made: a timeline's is kept as text, for making it takes longer than running it.
RECORD, SOME_IDS = UUID("00000000-0000-7000-8000-00000000cccc"), "ids that stand in for those of a page"
PLACE = After(
    datetime(1999, 12, 31, 23, 59, 58, 765432, tzinfo=UTC),
    UUID("00000000-0000-7000-8000-00000000dddd"),
    UUID("00000000-0000-7000-8000-00000000eeee"),
)


@lru_cache(maxsize=1000)
def places_of(record_model: Any, found: tuple[Source, ...], who: Viewer, count: int, first: bool) -> Statement:
    """The places of a page's entries, for one person: of the first page, or of one after a place."""

    def build(record: UUID, **after: Any) -> Any:
        place = None if first else After(**after)
        parts = [source.places(source.rows(record_model, record, who.profile), place, count) for source in found]
        return merged(parts, "-_moment", "-id")[:count] if len(parts) > 1 else parts[0]

    return Statement(build, record=RECORD, **({} if first else vars(PLACE)))


@lru_cache(maxsize=1000)
def rows_of(found: tuple[Source, ...]) -> Statement:
    """The rows of a page, as ``(id, JSON)``."""

    def build(ids: str) -> Any:
        return merged([source.shown(RawSQL("SELECT unnest(%s::uuid[])", [ids])) for source in found])

    return Statement(build, ids=SOME_IDS)


def sources(record_model: Any, record_serializers: dict[str, Any], profile: Any) -> list[Source]:
    """The kinds of entries that a person may see of a record."""
    name = record_model._meta.model_name
    shown = {"comment": CommentSerializer, "attachment": AttachmentSerializer, "interaction": InteractionSerializer}
    changes = Source(CHANGE, Activity, ChangeSerializer, ChangeSerializer.names_for(record_model))
    found = [] if profile.is_client else [changes]  # what colleagues do with a record is not its client's matter
    for model in ABOUT_RECORDS:
        kind = str(model._meta.model_name)
        serializer_class = shown.get(kind) or record_serializers.get(kind)
        if serializer_class is None or name not in model.record_types() or not may_look(profile, model):
            continue
        names = tuple(field for field in serializer_class.names() if field not in model.record_types())
        found.append(Source(kind, model, serializer_class, names, model.newest_first[0].lstrip("-")))
    return found


def may_look(profile: Any, model: type[OnRecord]) -> bool:
    """Whether a person may see any: what is no record itself is seen with its record."""
    return not issubclass(model, BaseRecord) or profile.scope_for(model.module, "view") != "none"


def timeline(request: Request, record: BaseRecord, found: list[Source], profile: Any) -> dict[str, Any]:
    """A page ``{next, previous, results}``, in two statements. Raises 400 for a cursor or kinds that there are not."""
    parameters = request.query_params
    apply_filters(None, {}, parameters, profile, ("limit", "cursor", "kinds"))
    limit = min(whole_number(request, "limit", DEFAULT_LIMIT, 1, 2**31), MAX_LIMIT)
    wanted = parameters["kinds"].split(",") if "kinds" in parameters else [source.kind for source in found]
    if unknown := [kind for kind in wanted if kind not in {source.kind for source in found}]:
        raise ValidationError({"kinds": [f'No kind "{unknown[0]}". Kinds: {", ".join(source.kind for source in found)}.']})
    asked = tuple(source for source in found if source.kind in wanted)
    after = PLACE_KEYS.decode(parameters["cursor"]) if parameters.get("cursor") else None
    place = {"moment": after[0], "pk": str(after[1]), "bound": str(id_at(after[0], after[1]))} if after else {}
    statement = places_of(type(record), asked, Viewer.of(profile, (source.model for source in asked)), limit + 1, not place)
    rows = statement.rows(record=str(record.pk), **place)
    page = rows[:limit]
    following = link(request, cursor=PLACE_KEYS.encode((page[-1][1], page[-1][0]))) if len(rows) > limit else None
    return {"next": following, "previous": None, "results": entries(type(record), asked, page)}


def entries(record_model: Any, found: tuple[Source, ...], page: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """The entries of a page, read in one statement."""
    kinds = {kind for _, _, kind in page}
    shown = tuple(source for source in found if source.kind in kinds)
    texts = dict(rows_of(shown).rows(ids=[str(pk) for pk, _, _ in page])) if shown else {}
    return [
        {"kind": kind, "id": pk, "at": moment, "entry": shown_entry(record_model, kind, texts[pk])}
        for pk, moment, kind in page
        if pk in texts
    ]


def merged(parts: list[Any], *order: str) -> Any:
    """The rows of querysets, each of which is in ``order`` already."""
    return parts[0].union(*parts[1:], all=True).order_by(*order) if len(parts) > 1 else parts[0]


def shown_entry(record_model: Any, kind: str, text: str) -> Any:
    return entry_of(record_model, orjson.loads(text)) if kind == CHANGE else orjson.Fragment(text)


def id_at(moment: datetime, pk: UUID) -> UUID:
    """The id before which those stand that come after ``(moment, pk)``, where each one's moment is its own millisecond."""
    millisecond, rest = divmod((moment - EPOCH) // timedelta(microseconds=1), 1000)
    if not rest and pk.int >> 80 == millisecond:
        return pk
    beyond = bool(rest) or pk.int >> 80 > millisecond
    return UUID(int=max(0, min(millisecond + beyond, LAST_MILLISECOND)) << 80)
