"""What is said of a change, and what must not be in one."""

import re
from typing import Any

from assistant.answers import DONE
from assistant.models import ToolCall

from .kinds import Kind
from .talk import Answer, Talk, Unclear
from .values import unquoted

ASK_YES = "Answer “yes” to do it, or “no”."
VERBS = "set|move|change|update|add|delete|remove|assign|create|mark|show|convert|give|tell|put|make|rename|restore|find|list"
#: What begins another wish.
MORE = re.compile(
    rf"(?:[.;!?]\s+|\b(?:and|then)\s+)(?:(?:and|then|also|please)\s+)*(?:{VERBS})\b"
    r"|(?:\band|,)\s+(?:\w+\s+){1,4}?(?:to|as)\b",
    re.I,
)


def done(talk: Talk, call: ToolCall, found: Any, kind: Kind, said: str = "") -> Answer:
    """What came of a change, in a sentence."""
    tool = next(tool for tool in kind.tools.values() if tool.name == call.name)
    if call.status == ToolCall.Status.FAILED:
        return Answer(f"That did not work: {call.error}")
    if call.status == ToolCall.Status.PROPOSED:
        return Answer(f"{said or proposal(tool, found)} {ASK_YES}")
    row = call.result if isinstance(call.result, dict) else {}
    text = DONE.get(tool.view_action, f"Done: {tool.name.replace('_', ' ')} for {{}}.").format(found, row.get("status", ""))
    return Answer(said or text)


def proposal(tool: Any, found: Any) -> str:
    about = f" ({found.about})" if getattr(found, "about", "") else ""
    verb = {"destroy": "Delete", "partial_update": "Update"}.get(
        tool.view_action, tool.view_action.replace("_", " ").capitalize()
    )
    return f"{verb} {found}{about}?"


def needed(kind: Kind, action: str) -> Any:
    if action not in kind.tools:
        raise Unclear
    return kind.tools[action]


def refuse_more(text: str) -> None:
    """Raises Unclear where a value seems to hold a second wish."""
    if MORE.search(text) and unquoted(text) == text.strip():
        raise Unclear
