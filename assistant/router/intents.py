"""What people ask for, as patterns of whole messages. A message that fits none, or only in part, is not claimed."""

import re

from assistant.tools import Tool

from . import changing, creating, reading
from .declared import REF, intent, on, on_tool
from .kinds import Kind, find_kind, is_one, kinds
from .talk import Answer, Stop, Talk, Unclear

FIELD = r"(?P<field>[a-z][a-z _-]{1,30}?)"
VALUE = r"(?P<text>.{1,400})"
LEAVE = r"(?:add|write|leave|post|put|log|make)"
CHANGE = r"(?:update|change|set|edit|correct|fix|raise|lower|increase|decrease)"
THE = r"(?:the |a |an |his |her |its |their )?"


def with_field(field: str, *, writable: bool = False) -> list[Kind]:
    """The record types that have a field. Raises Unclear where none has."""
    found = []
    for kind in kinds().values():
        try:
            name = kind.field_called(field)
            if writable and name not in ("status", "assigned_to", kind.name_key):
                kind.writable(field)
        except Unclear:
            continue
        found.append(kind)
    if not found:
        raise Unclear
    return found


# --- changing


@intent(
    r"(?:create|add|register|enter)\s+(?:a |an |the |another |me an? )?(?:brand )?(?:new )?(?P<rest>.+)",
    r"new (?P<rest>.+)",
)
def create(talk: Talk, rest: str) -> Answer:
    found = find_kind(rest)
    if not found or found[1].start() != 0 or not is_one(*found):
        raise Unclear
    return creating.create(talk, found[0], rest[found[1].end() :].removeprefix("'s"))


@intent(
    rf"{CHANGE}\s+{THE}{FIELD}\s+(?:of|for|on)\s+{REF}\s+(?:to|=|as)\s+{VALUE}",
    rf"(?:{CHANGE}|make)\s+{REF}(?:'s|(?<=s)')\s+{FIELD}\s+(?:to\s+|=\s*|as\s+|(?=[\d+\"€$£])){VALUE}",
    rf"{CHANGE}\s+(?P<ref>his|her|its|their)\s+{FIELD}\s+(?:to|=|as)\s+{VALUE}",
    rf"(?:update|change|edit|set|correct)\s+{REF}\s+with\s+{THE}{FIELD}\s+(?P<text>[^\s,;]{{1,200}})",
    rf"(?:update|change|set)\s+{THE}{FIELD}\s+(?:of|for|on)\s+{REF}",
    rf"(?:update|change|set)\s+{REF}(?:'s|(?<=s)')\s+{FIELD}",
)
def update(talk: Talk, field: str, ref: str, text: str | None = None) -> Answer:
    if text is None and re.search(r"\bto\b|,", ref):
        raise Unclear
    return on(talk, "update", ref, with_field(field, writable=True), field=field, text=text)


@intent(
    r"(?:move|advance|push|drag|shift|progress|promote|bring|put)\s+(?P<ref>.{1,120})\s+(?:to|into|in|on)\s+(?P<stage>.{2,60})"
)
def move(talk: Talk, ref: str, stage: str) -> Answer:
    staged = [kind for kind in kinds().values() if kind.is_staged]
    if changing.is_relative(stage):
        return on(talk, "move", ref, staged, stage=stage)
    named = [kind for kind in staged if changing.similar_stage(kind, stage)]
    if not named:
        raise Unclear
    text = changing.bare_stage(stage).casefold()
    exact = [kind for kind in named if text in (row[1].casefold() for row in kind.stages())]
    return on(talk, "move", ref, named if stage.lower() in ("won", "lost") else exact or named, stage=stage)


@intent(r"(?:change|set|update|mark|close)\s+(?P<ref>.{1,120}?)\s+(?:to|as)\s+(?P<stage>.{2,60})")
def mark(talk: Talk, ref: str, stage: str) -> Answer:
    return move(talk, ref, stage)


@intent(rf"add\s+{THE}{FIELD}\s+(?P<text>[^\s,;]{{3,200}})\s+(?:to|for)\s+{REF}")
def fill(talk: Talk, field: str, text: str, ref: str) -> Answer:
    if field.split()[0].lower() in ("note", "notes", "comment", "tag"):
        raise Unclear
    return on(talk, "update", ref, with_field(field, writable=True), field=field, text=text)


@intent(rf"(?:rename)\s+{REF}\s+(?:to|as)\s+{VALUE}")
def rename(talk: Talk, ref: str, text: str) -> Answer:
    return on(talk, "update", ref, field="name", text=text)


@intent(
    rf"(?:remove|clear|delete|erase|empty)\s+{THE}{FIELD}\s+(?:of|from|for)\s+{REF}",
    rf"(?:remove|clear|delete|erase|empty)\s+{REF}(?:'s|(?<=s)')\s+{FIELD}",
    rf"(?:remove|clear|delete|erase|empty)\s+(?P<ref>his|her|its|their)\s+{FIELD}",
)
def clear(talk: Talk, field: str, ref: str) -> Answer:
    return on(talk, "clear", ref, with_field(field, writable=True), field=field)


@intent(
    rf"{LEAVE}\s+(?:a |an |the )?(?:new )?(?:note|comment)\s+(?:to|on|for|about|at|with|under)\s+{REF}\s*"
    r"(?::|,| - |\s(?:saying|that says|with the text|reading)(?: that)?:?)\s*(?P<text>.{1,900})",
    rf"(?:comment|note|write)\s+(?:on|for|about|under)\s+{REF}\s*(?::|,| - |\s(?:saying|that)\b:?)\s*(?P<text>.{{1,900}})",
    rf"{LEAVE}\s+(?:a |an |the )?(?:note |comment )?(?P<text>\"[^\"]{{1,900}}\"|'[^']{{1,900}}')\s+"
    rf"(?:as a (?:note|comment) )?(?:to|on|for|under)\s+{REF}",
    rf"{LEAVE}\s+(?:a |an )?(?:new )?(?:note|comment)\s+(?:to|on|for|about)\s+{REF}",
)
def comment(talk: Talk, ref: str, text: str | None = None) -> Answer:
    return on(talk, "comment", ref, text=text)


@intent(
    rf"(?:assign|reassign|give|hand over|hand|transfer|pass)\s+{REF}\s+(?:over )?to\s+(?P<to>.{{2,80}})",
    rf"make\s+(?P<to>.{{2,80}}?)\s+(?:the )?owner of\s+{REF}",
)
def assign(talk: Talk, ref: str, to: str) -> Answer:
    return on(talk, "assign", ref, to=to)


@intent(rf"(?:delete|remove|trash|erase|get rid of|throw away|bin)\s+{REF}")
def delete(talk: Talk, ref: str) -> Answer:
    return on_tool(talk, ref, "destroy")


@intent(rf"(?:restore|undelete|recover|bring back)\s+{REF}(?:\s+from the (?:bin|trash))?")
def restore(talk: Talk, ref: str) -> Answer:
    return on_tool(talk, ref, "restore", of="bin")


@intent(rf"convert\s+{REF}(?:\s+(?:in)?to\s+(?:an? |the )?(?:new )?(?:customer|client|account|contact|opportunity|deal))?")
def convert(talk: Talk, ref: str) -> Answer:
    return on_tool(talk, ref, "convert")


@intent(r"(?P<verb>[a-z]+ [a-z]+)\s+(?P<ref>.{1,120})", r"(?P<verb>[a-z]+)\s+(?P<ref>.{1,120})")
def serve(talk: Talk, verb: str, ref: str) -> Answer:
    """A service of a module that takes no more than the record, by its own name."""
    name = verb.lower().replace(" ", "_")
    if name not in {action for kind in kinds().values() for action, tool in kind.tools.items() if is_service(tool)}:
        raise Unclear
    return on_tool(talk, ref, name)


def is_service(tool: Tool) -> bool:
    return tool.kind == "write" and tool.parameters["required"] == ["id"] and tool.view_action not in ("partial_update", "move")


# --- reading

ASK = r"(?:what(?:'s| is| was| are)|tell me|show(?: me)?|give me|get(?: me)?|find|do you (?:have|know)|do we have)"


@intent(
    r"(?:how many|count(?: of| up)?|number of|the number of)\s+(?P<rest>.{2,300})",
    r"(?:what(?:'s| is)|tell me|give me|show me)\s+(?:the )?(?:number|count|total number) of\s+(?P<rest>.{2,300})",
)
def count(talk: Talk, rest: str) -> Answer:
    return reading.count(talk, re.sub(r"^(?:of\s+)?(?:my|our)?\s*(?=my|our)", "", rest))


@intent(
    rf"(?:{ASK}\s+)?(?:the |our |my )?(?:total|sum|combined|overall|summed)(?: of)?(?: the)?(?:\s+(?P<what>[a-z ]{{3,20}}?))?"
    r"\s+(?:of|for|from|in|over)\s+(?P<rest>.{2,300})",
    r"(?:what(?:'s| is)|tell me|show me)\s+(?:the )?(?P<what>value|amount|worth)\s+of\s+"
    r"(?P<rest>(?:all|my|our|the|open|won|lost)\b.{2,300})",
    r"how much\s+(?:is|are)\s+(?P<rest>.{2,300}?)\s+worth(?:\s+in total)?",
)
def total(talk: Talk, rest: str, what: str | None = None) -> Answer:
    return reading.total(talk, rest, what)


@intent(
    r"(?:show|list|find|get|display|give|search(?: for)?|see|view|fetch|pull up|look up|print)(?: me| us)?\s+(?P<rest>.{2,300})",
    r"(?:what are|which|what|who are|do (?:i|we) have(?: any)?|are there(?: any)?|what|is there)\s+(?P<rest>.{2,300})",
    r"(?P<rest>.{2,200})",
)
def show_list(talk: Talk, rest: str) -> Answer:
    return reading.show_list(talk, re.sub(r"^(?:a list of|all of|list of)\s+", "", rest, flags=re.I))


@intent(
    rf"{ASK}\s+(?:the )?{FIELD}\s+(?:of|for|from)\s+{REF}",
    rf"{ASK}\s+(?P<ref>his|her|its|their)\s+{FIELD}",
    rf"{ASK}\s+{REF}(?:'s|(?<=s)')\s+{FIELD}",
    rf"(?P<field>phone|email|value|status|stage|company|owner)\s+of\s+{REF}",
)
def show_field(talk: Talk, field: str, ref: str) -> Answer:
    field = re.sub(r"^(?:current|new)\s+", "", field, flags=re.I)
    return on(talk, "field", ref, with_field(field), field=field)


@intent(rf"{REF}(?:'s|(?<=s)')\s+{FIELD}")
def show_field_of(talk: Talk, field: str, ref: str) -> Answer:
    """ "Ada's phone": without a verb, only of who is there."""
    try:
        return show_field(talk, field, ref)
    except Stop as stop:
        raise Unclear from stop


@intent(
    rf"who (?:owns|is responsible for|is in charge of|takes care of|handles)\s+{REF}",
    rf"who is\s+{REF}\s+assigned to",
    rf"who is the owner of\s+{REF}",
)
def owner(talk: Talk, ref: str) -> Answer:
    return on(talk, "field", ref, with_field("assigned_to"), field="assigned_to")


@intent(
    r"(?:show|get|find|display|see|view|open|pull up|look up|give|search(?: for)?)(?: me| us)?\s+"
    r"(?:(?:everything|more|all|the details?|details?|information|info)\s+(?:about|on|of|for)\s+)?(?P<ref>.{1,120})",
    r"(?:who is|who's|tell me(?: more| everything)? about|what do (?:you|we) know about|what about)\s+(?P<ref>.{1,120})",
)
def show(talk: Talk, ref: str) -> Answer:
    return on(talk, "show", ref)
