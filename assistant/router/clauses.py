"""Clauses around the noun of a question: "… from Acme", "… created this week", "… over 10,000", "top 5 …"."""

import re

from .values import MONEY

FILLERS = re.compile(
    r"(?:(?:that|which|who)\b(?: (?:is|are|was|were|have|has|had|will))?(?: been)?"
    r"|(?:is|are|was|were|do|did|have|has) (?:i|we|there)\b(?: (?:have|got|get))?|are|is|were|was|(?:i|we) (?:have|own|got)"
    r"|there|exist|exists|in total|in (?:the|our|my) (?:system|crm|pipeline|database)|right now|currently|now|have been|been|and"
    r"|,)(?=\s|$)",
    re.I,
)
OVER = r"over|above|more than|greater than|bigger than|larger than|at least|exceeding|from"
UNDER = r"under|below|less than|smaller than|at most|up to"
AMOUNT = re.compile(
    rf"(?:(?:(?:and |that are |are )?worth|valued(?: at)?|priced|with (?:an? |the )?(?P<field>[a-z ]{{3,20}}?)(?: of)?|for)\s+)?"
    rf"(?:(?P<over>{OVER})|(?P<under>{UNDER})|(?P<between>between))\s+(?P<one>{MONEY})(?:\s+and\s+(?P<two>{MONEY}))?(?=\s|$)",
    re.I,
)
STRICT = {"over", "above", "more than", "greater than", "bigger than", "larger than", "exceeding",
          "under", "below", "less than", "smaller than"}  # fmt: skip
#: Where a name ends: at the end, or before what begins another clause.
NEXT = (
    r"(?=\s+(?:from|at|of|in|with|without|assigned|owned|created|added|updated|changed|closing|closes?|closed|due|ending"
    r"|worth|valued|over|above|under|below|between|more than|less than|at least|at most|tagged|named|called|by|per|grouped"
    r"|this|last|next|past|today|yesterday|tomorrow|since|before|after|until|during|that|which|who|are|is|and|do|have"
    r"|sorted|ordered)\b|$)"
)
TEXT = rf"(?P<text>\"[^\"]{{1,100}}\"|'[^']{{1,100}}'|[^\s,;:?]+(?:\s+[^\s,;:?]+){{0,5}}?){NEXT}"
OWNED = re.compile(rf"(?:that are )?(?:assigned to|owned by|belonging to|belong to|that belong to|of|for)\s+{TEXT}", re.I)
MINE = re.compile(r"(?:assigned to|owned by|belonging to|of|for|by)\s+(?:me|mine|myself)\b|(?:i|we) own\b", re.I)
NOBODYS = re.compile(r"unassigned|not assigned(?: to any(?:one|body))?|without an? owner|assigned to no(?:body| one)", re.I)
MADE_BY = re.compile(rf"(?:(?:created|added|made|entered) )?by\s+{TEXT}", re.I)
TAGGED = re.compile(rf"(?:tagged(?: as| with)?|with (?:the )?tags?)\s+{TEXT}", re.I)
SOURCE = re.compile(rf"(?:(?:from|with|by|via) (?:the )?source(?: of| is)?|via|whose source is)\s+{TEXT}", re.I)
NAMED = re.compile(rf"(?:named|called|with (?:the )?name|matching|containing|mentioning|like)\s+{TEXT}", re.I)
COMPANY = re.compile(rf"(?:(?:from|at|of|for|with|in)(?: (?:the )?(?:company|account|customer|organi[sz]ation))?)\s+{TEXT}", re.I)
MISSING = re.compile(r"(?:without|with no|missing)(?: an?| any| the)?\s+(?P<field>[a-z-]+(?: [a-z]+)?)", re.I)
GROUP = re.compile(
    r"(?:by|per|grouped by|group by|for each|in each|of each|broken down by|split by)\s+(?:the\s+)?"
    r"(?P<field>[a-z]+(?: [a-z]+)?)(?=\s|$)",
    re.I,
)
VERB = re.compile(r"(?:(?:did|will|should|to|that|which) )?(?:(?:i|we) )?(?P<verb>[a-z]{3,12})(?: (?:date )?(?:is )?)", re.I)
TOP = re.compile(
    r"(?:the |our |my )?(?P<which>top|first|last|newest|latest|most recent|oldest|biggest|largest|most valuable|highest|smallest"
    r"|lowest)\s*(?P<count>\d{1,3})?"
    r"|(?:the )?(?P<number>\d{1,3})(?:\s+(?P<kind>newest|latest|most recent|oldest|biggest|largest|most valuable|smallest))?",
    re.I,
)
IN = re.compile(r"^(?:from|of|for)\s+(?:the\s+)?", re.I)
SMALL, NEW, OLD = ("smallest", "lowest"), ("newest", "latest", "most recent", "last"), ("oldest", "first")
STAGE_KINDS = {
    "open": "open",
    "active": "open",
    "won": "won",
    "lost": "lost",
    "closed": "closed",
    "ongoing": "open",
    "pending": "open",
}
#: Filters that an index answers, in every module that has them.
INDEXED = {"id", "created_at", "status", "assigned_to", "teams", "tags", "account"}
