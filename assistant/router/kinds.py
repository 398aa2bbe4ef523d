"""Record types as people speak of them: their words, their fields and their tools, all from what modules declare."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from django.db import models
from rest_framework import serializers

from assistant.tools import Tool, all_tools
from assistant.words import called
from common.records.serializers import STAGES
from common.records.views import VIEWSETS

from .talk import Unclear

#: What people call fields that go by these names: of each line, a record type has one or none.
SAME = (
    ("value", "amount", "worth", "deal size", "deal value", "price", "revenue", "annual_revenue"),
    ("company", "organization", "organisation", "employer", "firm", "company name"),
    ("account", "customer"),
    ("notes", "note", "description", "details"),
    ("source", "lead_source"),
    ("close_date", "closed_on", "closing date", "expected close", "expected close date"),
    ("phone", "phone number", "telephone", "telephone number", "number"),
    ("mobile", "mobile number", "mobile phone", "cell", "cell phone"),
    ("email", "e-mail", "mail", "email address", "e-mail address", "mail address"),
    ("title", "job title", "position", "role"),
    ("website", "web site", "site", "url", "homepage"),
    ("number_of_employees", "employees", "headcount"),
    ("status", "stage"),
    ("assigned_to", "owner", "assignee", "salesperson"),
    ("language", "preferred language"),
)
DEFAULT = "lead"


@dataclass(frozen=True)
class Kind:
    """One record type."""

    record: str
    viewset: Any
    tools: dict[str, Tool] = field(repr=False, hash=False, compare=False)

    @property
    def model(self) -> Any:
        return self.viewset.queryset.model

    @property
    def one(self) -> str:
        return str(self.model._meta.verbose_name)

    @property
    def many(self) -> str:
        return str(self.model._meta.verbose_name_plural)

    def counted(self, count: int, how: str = "") -> str:
        return f"{count:,} {how}{self.one if count == 1 else self.many}"

    @cached_property
    def shown(self) -> dict[str, Any]:
        """The fields that readers see, by name."""
        return {name: entry for name, entry in self.viewset.serializer_class.prototype().fields.items() if not entry.write_only}

    @cached_property
    def name_key(self) -> str:
        return next(name for name in ("name", self.model.label_field, self.model.search_columns[0]) if name in self.shown)

    @cached_property
    def number_key(self) -> str | None:
        """What a record is called by in letters and files, if it has a number of its own."""
        return "number" if "number" in self.viewset.filters() else None

    @cached_property
    def company_key(self) -> str | None:
        return next((name for name in ("company", "organization") if name in self.shown), None)

    @cached_property
    def money_key(self) -> str | None:
        first = [name for name in ("value", "amount", "total") if name in self.viewset.sums()]
        return next(
            (name for name in (*first, *self.viewset.sums()) if isinstance(self.model_field(name), models.DecimalField)), None
        )

    @property
    def row_keys(self) -> list[str]:
        """What tells one of them from another."""
        names = ("id", self.name_key, self.company_key, self.number_key, "status", "email")
        return [name for name in names if name and name in self.shown]

    @property
    def is_staged(self) -> bool:
        return "move" in self.tools

    def model_field(self, name: str) -> Any:
        return next((entry for entry in self.model._meta.get_fields() if entry.name == name), None)

    def field_called(self, phrase: str) -> str:
        """The field that people call ``phrase``. Raises Unclear."""
        plain = phrase.lower().strip().replace("-", "_").replace(" ", "_")
        if plain == "stage" and "status" in self.shown:
            return "status"
        if plain in self.shown and plain not in ("id", "org"):
            return plain
        words = phrase.lower().strip()
        for same in SAME:
            if words in same or plain in same:
                for name in same:
                    if name in self.shown:
                        return name
        if plain in ("name", "title", "subject"):
            return self.name_key
        raise Unclear

    def writable(self, phrase: str) -> Any:
        """The serializer's field that people call ``phrase``. Raises Unclear."""
        found = self.shown[self.field_called(phrase)]
        if found.read_only or isinstance(found, (serializers.ListField, serializers.RelatedField, serializers.JSONField)):
            raise Unclear
        return found

    def date_field(self, verb: str) -> str:
        """The date that a verb is about: "created", "closing", "closed", "due", "ends". Raises Unclear."""
        stem = {"creat": "created_at", "add": "created_at", "made": "created_at", "enter": "created_at", "updat": "updated_at",
                "chang": "updated_at", "modif": "updated_at", "edit": "updated_at"}  # fmt: skip
        base = re.sub(r"(?:ing|ed|es|s|e|ied)$", "", verb.lower())
        if base in stem:
            return stem[base]
        fields, known = self.model._meta.get_fields(), self.viewset.filters()
        dates = [field.name for field in fields if isinstance(field, models.DateField) and field.name in known]
        for start in (verb.lower(), base):  # a deal that closed has the day it did, one that closes the day it should
            for name in dates if len(start) > 2 else []:
                if name.startswith(start):
                    return str(name)
        raise Unclear

    def stages(self) -> list[Any]:
        """``(id, name, pipeline, is it the default one, its kind)`` of the org's stages."""
        return list(STAGES.rows(module=self.model.module)) if self.is_staged else []

    @property
    def ends(self) -> list[str]:
        """The stages that end its default pipeline well, of what is worked on and not sold: a task is done, a deal is won."""
        return [] if self.money_key else [row[1] for row in self.stages() if row[3] and row[4] == "won"]


def kinds() -> dict[str, Kind]:
    """Each record type, by its name; leads first."""
    all_tools()  # imports the viewsets
    return _kinds(tuple(VIEWSETS.values()))


@cache
def _kinds(viewsets: tuple[Any, ...]) -> dict[str, Kind]:
    made, tools = {}, all_tools().values()
    for viewset in sorted(viewsets, key=lambda viewset: viewset.queryset.model._meta.model_name != DEFAULT):
        record = viewset.queryset.model._meta.model_name
        made[record] = Kind(record, viewset, {tool.view_action: tool for tool in tools if tool.record == record})
    return made


@cache
def kind_words(known: Iterable[str]) -> tuple[re.Pattern[str], dict[str, str]]:
    """A pattern for every word that means a record type, and which it is."""
    words = {word: kind.record for kind in kinds().values() for word in (kind.model.module, *called(kind.viewset))}
    words |= {f"{word[:-1]}ies": record for word, record in words.items() if word.endswith("y")}
    ordered = sorted(words, key=len, reverse=True)
    return re.compile(rf"\b({'|'.join(map(re.escape, ordered))})\b", re.IGNORECASE), words


def find_kind(text: str) -> tuple[Kind, re.Match[str]] | None:
    """The first record type that a text names."""
    pattern, words = kind_words(tuple(kinds()))
    match = pattern.search(text)
    return (kinds()[words[match[1].lower()]], match) if match else None


def is_one(kind: Kind, match: re.Match[str]) -> bool:
    """Whether the word for records means a single one."""
    return match[0].lower() in (kind.one.lower(), *(word.lower() for word in kind.viewset.also_called))
