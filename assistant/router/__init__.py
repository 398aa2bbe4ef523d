"""The local intent router: answers what needs no language model, and claims nothing that it understands only in part."""

import re
from collections.abc import Callable
from typing import Any

from common.records.search import keeping_searches

from . import (
    questions,
    services,  # noqa: F401 -- read before the general ones
)

from .declared import INTENTS  # isort: skip
from . import intents  # noqa: F401  # isort: skip
from .talk import QUOTES, Answer, Context, Stop, Talk, Unclear

__all__ = ["HELP", "Answer", "Context", "route"]

HELP = """I understand plain sentences about your records, one thing at a time, such as:

- “Show me all leads from Acme”, “open deals over 10,000”, “my leads created this week”
- “How many deals close this month?”, “total value of open deals by stage”
- “Show me John Smith”, “What is the phone of John Smith?”
- “Create a new lead for Sarah Johnson at Google with email sarah@google.com”
- “Move John Smith to meeting booked”, “Update the phone of John Smith to +1 555 0100”
- “Add a note to John Smith: called today”, “Assign John Smith to me”, “Delete John Smith”, “Undo that”
- “My agenda tomorrow”, “What next?”, “Schedule a call with John Smith tomorrow at 10”, “Overdue invoices”
- “Log a call with John Smith: wants two”, “Escalate the case Loose seat”, “Send invoice INV-2026-0001”
- “Create a task Call Ada due Friday”, “What happened with John Smith”, “Search everything for kayak”

Anything else needs a language model. I changed nothing."""

LONGEST = 1000
POLITE = re.compile(
    r"(?:(?:hey|hi|hello|ok|okay|please|pls|kindly|now|so|also|great|thanks|thank you)\b[,.! ]*"
    r"|(?:can|could|would|will) you (?:please |kindly )?"
    r"|(?:i|we) (?:want|need|would like)(?: you)? to |i'd like (?:you )?to |let's |go ahead and |help me )",
    re.IGNORECASE,
)
THANKS = re.compile(r"(?:[ ,]+(?:please|pls|thanks|thank you|for me))?[ .!?]*$", re.IGNORECASE)
#: Two sentences, or two things at once.
SEVERAL = re.compile(
    r"(?<=\w\w\w)(?<!Corp)(?<!Inc)(?<!Ltd)(?<!Mrs)[.!?]\s+\S|;"
    r"|\b(?:and then|then|afterwards|as well as|but|unless|because|otherwise|and also|if)\b",
    re.IGNORECASE,
)
#: What may hold whole sentences: a quotation, and what a note says.
FREE_TEXT = re.compile(
    r"\"[^\"]*\"|(?<=note)\b[^:]*:.*|(?<=comment)\b[^:]*:.*|\b(?:saying|that says)\b.*"
    r"|^(?:log|record|reply|answer|respond|close)\b[^:]*:.*",
    re.IGNORECASE,
)


def route(message: str, profile: Any, use: Callable[..., Any], context: Context) -> Answer | None:
    """The answer to a message, or None where it is not claimed: then nothing was changed.

    ``use(name, arguments)`` runs a tool and returns its ToolCall.
    """
    if not 0 < len(message) <= LONGEST:
        return None
    talk = Talk(profile, use, context, message.strip())
    text = cleaned(message)
    with keeping_searches():
        return routed(talk, message, text)


def routed(talk: Talk, message: str, text: str) -> Answer | None:
    context = talk.context
    try:
        if context.pending_question and (answer := questions.chosen(talk, text)):
            return answer
        if answer := understood(talk, text):
            return answer
        return questions.given(talk, message.strip()) if context.pending_question else None
    except Unclear:
        return None
    except Stop as stop:
        return stop.answer


def understood(talk: Talk, text: str) -> Answer | None:
    if re.fullmatch(r"(?:help|what can (?:you|i) do|how does this work|what do you do)(?: here| for me)?", text, re.IGNORECASE):
        return Answer(HELP)
    if not text or "\n" in text or SEVERAL.search(FREE_TEXT.sub("", text)):
        return None
    for pattern, intent in INTENTS:
        if match := pattern.fullmatch(text):
            try:
                return intent(talk, **match.groupdict())
            except Unclear:
                continue
    return None


def cleaned(message: str) -> str:
    """A message without its courtesies."""
    text = message.strip().translate(QUOTES)
    if "\n" not in text:
        text = " ".join(text.split())
    for _ in range(4):
        text = POLITE.sub("", text, count=1) if POLITE.match(text) else text
    return THANKS.sub("", text).strip()
