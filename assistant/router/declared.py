"""How what people ask for is declared, and done with the record that they mean."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from . import changing, planning, reading, serving
from .kinds import Kind, kinds
from .names import SHOWN, Found, meant
from .talk import Answer, Talk

INTENTS: list[tuple[re.Pattern[str], Callable[..., Answer]]] = []
#: What can be done with a record once it is known which one; a question keeps the name and the arguments.
ACTS: dict[str, Callable[..., Answer]] = {
    "show": reading.show_record,
    "field": reading.show_field,
    "update": changing.update,
    "clear": changing.clear,
    "move": changing.move,
    "comment": changing.comment,
    "assign": changing.assign,
    "act": changing.act,
    "finish": serving.finish,
    "plan": planning.plan,
    "log": serving.log,
    "pay": serving.pay,
    "merge": serving.merge,
    "close": serving.close,
    "reply": serving.reply,
    "send to": serving.send_to,
    "send at": serving.send_at,
    "timeline": serving.timeline,
    "cards": serving.cards,
}
REF = r"(?P<ref>.{1,120}?)"


def intent(*patterns: str) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    def declare(function: Callable[..., Answer]) -> Callable[..., Answer]:
        INTENTS.extend((re.compile(pattern, re.IGNORECASE), function) for pattern in patterns)
        return function

    return declare


def on(talk: Talk, act: str, ref: str, among: Iterable[Kind] | None = None, *, action: str = "list", **args: Any) -> Answer:
    """Do something with the record that ``ref`` means, or ask which one it is."""
    rows = meant(talk, ref, among, action=action)
    return ACTS[act](talk, rows[0], **args) if len(rows) == 1 else which(rows, act, args)


def which(rows: list[Found], act: str, args: dict[str, Any]) -> Answer:
    more = "\n\nIf it is none of these, say the company or the e-mail address as well." if len(rows) == SHOWN else ""
    many = "\n".join(f"{number}. {row.line()}" for number, row in enumerate(rows, 1))
    question = {"ask": "which", "act": act, "args": args, "candidates": [row.as_json() for row in rows]}
    return Answer(f"Which one do you mean?\n\n{many}{more}", question)


def on_tool(talk: Talk, ref: str, name: str, of: str = "list") -> Answer:
    having = [kind for kind in kinds().values() if name in kind.tools]
    rows = meant(talk, ref, having, action=of)
    return changing.act(talk, rows[0], name) if len(rows) == 1 else which(rows, "act", {"action": name})
