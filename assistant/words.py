"""What a message is about and what it asks for, by its words."""

import re
from functools import cache
from typing import Any

from django.urls import get_resolver

from common.records.views import VIEWSETS

YES = re.compile(
    r"(yes|y|yep|yeah|ok|okay|sure|confirm(ed)?|do it|go ahead|yes,? please|please do|yes,? do (it|that))[.! ]*", re.I
)
NO = re.compile(r"(no|n|nope|cancel|stop|don'?t|no,? thanks?|never ?mind|leave it)[.! ]*", re.I)
UNDO = re.compile(r"(please )?(undo|take|revert|roll)( that| this| it| the last (change|one))?( back)?[.! ]*", re.I)
#: The actions that verbs ask for. What a person did not ask for is never done at once, whatever a model reads in a record.
VERBS = {
    "create": r"create|add|new|register|enter|make|put in|record",
    "partial_update": r"update|change|set|correct|edit|fix|rename|fill|raise|lower|increase|decrease|remove|clear|replace|make",
    "move": r"move|mark|put|drag|advance|close|set|change|update|won|lost|progress|push|send",
    "comment": r"comment|note|log|write|add|record",
    "log_interaction": r"log|note|record|called|met|spoke|talked|wrote",
    "assign": r"assign|give|hand|transfer|pass|reassign",
    "restore": r"restore|bring back|undelete|recover",
}  # fmt: skip


def actions_asked(*messages: str) -> set[str]:
    """The small changes that a person's own words may mean."""
    text = " ".join(messages)
    return {action for action, verbs in VERBS.items() if re.search(rf"\b({verbs})\b", text, re.IGNORECASE)}


@cache
def module_words() -> dict[str, str]:
    """Each word for a module's records, in one and in many -> the module."""
    get_resolver().url_patterns  # noqa: B018 -- imports the viewsets
    words = {}
    viewset: Any
    for viewset in VIEWSETS.values():
        model = viewset.queryset.model
        names = [str(model._meta.verbose_name), str(model._meta.verbose_name_plural), model.module, *viewset.also_called]
        for name in names:
            words[name.lower()] = words[f"{name.lower()}s"] = model.module
    return words


def modules_in(text: str) -> list[str]:
    """The modules that a text names."""
    found = set(re.findall(r"[\w-]+", text.lower()))
    return sorted({module for word, module in module_words().items() if word in found})
