"""What a message is about and what it asks for, by its words."""

import re
from functools import cache
from typing import Any

from django.urls import get_resolver

from common.records.tenant_views import TOOLED
from common.records.views import VIEWSETS

YES = re.compile(
    r"(yes|y|yep|yeah|ok|okay|sure|confirm(ed)?|do it|go ahead|yes,? please|please do|yes,? do (it|that))[.! ]*", re.I
)
NO = re.compile(r"(no|n|nope|cancel|stop|don'?t|no,? thanks?|never ?mind|leave it)[.! ]*", re.I)
UNDO = re.compile(r"(please )?(undo|take|revert|roll)( that| this| it| the last (change|one))?( back)?[.! ]*", re.I)
#: The actions that verbs ask for. What a person did not ask for is never done at once, whatever a model reads in a record.
VERBS = {
    "create": r"create|add|new|register|enter|make|put in|record|schedule|plan|book|draft|write|remind|invite",
    "partial_update": r"update|change|set|correct|edit|fix|rename|fill|raise|lower|increase|decrease|remove|clear|replace|make",
    "move": r"move|mark|put|drag|advance|close|set|change|update|won|lost|progress|push|send",
    "comment": r"comment|note|log|write|add|record",
    "log_interaction": r"log|note|record|called|met|spoke|talked|wrote",
    "assign": r"assign|give|hand|transfer|pass|reassign",
    "restore": r"restore|bring back|undelete|recover",
    "done": r"done|complete|completed|finish|finished|held|mark",
    "escalate": r"escalate",
    "tick": r"tick|check|done|mark|untick",
    "read_one": r"mark|read|seen|dismiss",
    "read": r"mark|read|seen|dismiss",
    "read_all": r"mark|read|seen|dismiss",
}  # fmt: skip


def actions_asked(*messages: str) -> set[str]:
    """The small changes that a person's own words may mean."""
    text = " ".join(messages)
    return {action for action, verbs in VERBS.items() if re.search(rf"\b({verbs})\b", text, re.IGNORECASE)}


def called(viewset: Any) -> set[str]:
    """The words for a viewset's rows, in one and in many."""
    meta = viewset.queryset.model._meta
    names = [str(meta.verbose_name), str(meta.verbose_name_plural), *getattr(viewset, "also_called", [])]
    return {word for name in names for word in (name.lower(), f"{name.lower()}s")}


@cache
def module_words() -> dict[str, str]:
    """Each word for a module's records, or for what belongs to them -> the module."""
    get_resolver().url_patterns  # noqa: B018 -- imports the viewsets
    own: list[Any] = [*TOOLED, *VIEWSETS.values()]
    words = {word: viewset.module_name() for viewset in own for word in called(viewset)}
    return words | {
        word: viewset.module_name() for viewset in own for word in (viewset.module_name(), f"{viewset.module_name()}s")
    }


def modules_in(text: str) -> list[str]:
    """The modules that a text names."""
    said = " ".join(["", *re.findall(r"[\w-]+", text.lower()), ""])
    return sorted({module for word, module in module_words().items() if f" {word} " in said})
