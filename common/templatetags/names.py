"""Names that people gave, made safe to be quoted in a mail that we send."""

import re
import unicodedata

from django import template

register = template.Library()

LONGEST = 60
WORD_JOINER = "\u2060"
#: What makes mail programs take a piece of text for an address, and make a link of it.
ADDRESS_MARKS = re.compile(r"(?<=\S)([.:/@])(?=\S)")
#: Of the invisible characters, those that emoji and some scripts need.
JOINERS = "\u200c\u200d"


def is_plain(character: str) -> bool:
    return character in JOINERS or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


@register.filter
def plain_name(value: object) -> str:
    """A name as one short line that no mail program turns into a link, and that turns no text around it."""
    return plain_line(value, LONGEST)


@register.filter
def plain_line(value: object, longest: int = 300) -> str:
    """A text as one short line, made safe in the same way."""
    spaced = " ".join(str(value).split())
    line = "".join(character for character in spaced if is_plain(character))
    if len(line) > longest:
        line = line[: longest - 1].rstrip() + "…"
    return ADDRESS_MARKS.sub(rf"{WORD_JOINER}\1{WORD_JOINER}", line)
