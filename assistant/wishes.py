"""What a person asked for in words of their own, so that nothing that a model read in a record can cause a change.

A model may do at once what its person said: the verb, the record's name and the values. Everything else becomes a proposal.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from common.people.models import Profile
from common.records.models import RECORD_MODELS, Tag
from common.records.tenant_views import TOOLED

from .words import actions_asked

NUMBER = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s?([km]\b)?", re.I)
DATE = re.compile(r"\d{4}-(\d\d)-(\d\d)")
RELATIVE = re.compile(r"\b(today|tonight|tomorrow|yesterday|next|(mon|tues|wednes|thurs|fri|satur|sun)day|days|weeks?|months?)\b")
#: What says that people are to be mailed.
MAIL = re.compile(r"\b(?:invit\w*|e?-?mails?|send|tell|inform|notify)\b", re.I)
TIMES = {"": 1, "k": 1_000, "m": 1_000_000}
ALSO = {"won": "closed win", "win": "closed", "lost": "closed", "$": "usd", "€": "eur", "£": "gbp"}
ENOUGH = 0.6  # of a text's words: a model may word a comment, but not invent one
NEW = ("status", "currency", "source")  # what a model may choose of a record that it was asked to make


def words_in(text: str) -> list[str]:
    return re.findall(r"[\w@.+-]*\w", text.casefold())


@dataclass(frozen=True)
class Wish:
    """``message`` has the verbs; ``earlier`` what the person said before; ``shown`` the ids of the last answer's records."""

    profile: Any
    message: str
    earlier: str = ""
    shown: frozenset[str] = frozenset()

    @cached_property
    def text(self) -> str:
        said = f"{self.message}\n{self.earlier}".casefold()
        return " ".join([said, *(more for word, more in ALSO.items() if word in said)])

    @cached_property
    def words(self) -> set[str]:
        return {part for word in words_in(self.text) for part in (word, *re.split(r"\W", word)) if part}

    @cached_property
    def numbers(self) -> set[Decimal]:
        found = NUMBER.findall(self.text)
        return {Decimal(digits.replace(",", "")) * times for digits, unit in found for times in {1, TIMES[unit.lower()]}}

    def covers(self, tool: Any, arguments: dict[str, Any]) -> bool:
        """Whether a change is nothing but what the person said."""
        if tool.view_action not in actions_asked(self.message):
            return False
        mails = getattr(tool.viewset, "mails_people", False) and arguments.get("send_mail") is not False
        if mails and tool.view_action in ("create", "partial_update") and not MAIL.search(self.message):
            return False
        values = {name: value for name, value in arguments.items() if name not in ("id", "send_mail")}
        if tool.view_action == "create":
            values = {name: value for name, value in values.items() if name not in NEW}
        elif "id" in tool.parameters["properties"] and not self.names(tool.viewset.queryset.model, arguments.get("id")):
            return False
        return all(self.says(name, value) for name, value in values.items())

    def names(self, model: Any, pk: Any) -> bool:
        """Whether the person named a record: by a word of its name, by its id, or by asking about it just now."""
        row = model._default_manager.filter(pk=pk).first() if is_id(pk) else None
        label = str(row).casefold()
        return row is not None and (
            str(pk) in self.shown
            or str(pk) in self.text
            or label in self.text
            or any(word in self.words for word in words_in(label))
        )

    def says(self, name: str, value: Any) -> bool:
        if value is None or isinstance(value, bool) or value in ("", [], {}):
            return self.says_name(name)
        if isinstance(value, (list, dict)):
            return all(self.says(name, entry) for entry in (value.values() if isinstance(value, dict) else value))
        if isinstance(value, (int, float)):
            return Decimal(str(value)) in self.numbers
        return self.says_text(name, str(value).casefold().strip())

    def says_name(self, name: str) -> bool:
        return any(word in self.words for word in name.split("_"))

    def says_text(self, name: str, folded: str) -> bool:
        if is_id(folded):
            return self.means(UUID(folded))
        if date := DATE.match(folded):
            worded = int(date[2]) in self.numbers or RELATIVE.search(self.text)
            return folded[:10] in self.text or bool(worded and self.says_name(name))
        if len(digits_of(folded)) > 5 and not re.search(r"[^\W\d_]", folded):  # a telephone number
            return digits_of(folded) in digits_of(self.text)
        return folded in self.text or self.says_words(words_in(folded))

    def says_words(self, words: list[str]) -> bool:
        """Most words of a text that a model worded, and every address and number in it."""
        hard = [word for word in words if re.search(r"[\d@]|\w\.\w", word)]
        telling = [word for word in words if len(word) > 3] or words
        known = [word for word in telling if any(word[:5] == said[:5] for said in self.words)]
        return bool(words) and all(word in self.words for word in hard) and len(known) >= ENOUGH * len(telling)

    def means(self, pk: UUID) -> bool:
        """Whether a reference is to something that the person named, or to themselves."""
        if pk == self.profile.pk and self.words & {"me", "my", "myself", "mine"}:
            return True
        return any(self.names(model, pk) for model in targets())


def targets() -> Iterator[Any]:
    yield from (Profile, Tag, *RECORD_MODELS.values(), *(viewset.queryset.model for viewset in TOOLED))


def is_id(value: Any) -> bool:
    try:
        return bool(UUID(str(value)))
    except ValueError:
        return False


def digits_of(text: str) -> str:
    return re.sub(r"\D", "", text)
