"""What people ask of the services of modules: planning, logging, sending, paying, merging. Read before the general intents."""

from . import creating, planning, serving
from .declared import REF, intent, on, on_tool
from .kinds import find_kind
from .serving import kind_having
from .talk import Answer, Talk, Unclear
from .values import MONEY

SHOW = r"(?:(?:show|list|give|tell|read|open|see)(?: me)?\s+|what(?:'s| is| are)\s+)?"
TOLD = r"\s*(?::|,| - |\s(?:saying|that says|reading)(?: that)?:?)\s*(?P<text>.{1,900})"
TYPE = r"(?P<type_>(?:phone )?call|meeting|e-?mail|mail|text message|sms|whatsapp|message)"

# --- what is planned


@intent(
    rf"(?:{SHOW}|what is on\s+|what's on\s+)(?:on |in )?(?:my|the) (?:agenda|calendar|schedule)(?:\s+(?P<when>.{{3,40}}))?",
    r"what (?:do i have|have i got|have i|am i doing)(?: planned| scheduled| on)?\s+(?P<when>.{3,40})",
)
def agenda(talk: Talk, when: str | None = None) -> Answer:
    return planning.agenda(talk, when)


@intent(
    r"what(?:'s| is| comes)? next(?: for me)?",
    r"what (?:should|must|can|do) i (?:have to )?do(?: next| now)?",
    r"what (?:do i have|have i got) to do(?: next| now)?",
    rf"{SHOW}my (?:next )?(?:to-?dos?|to-do list|todo list)",
)
def what_next(talk: Talk) -> Answer:
    return planning.what_next(talk)


@intent(r"(?:when )?(?:is|am)\s+(?P<who>.{1,60}?)\s+(?:busy|free|available)(?:\s+(?P<when>.{3,40}))?")
def busy(talk: Talk, who: str, when: str | None = None) -> Answer:
    return planning.busy(talk, who, when)


@intent(
    rf"(?:schedule|plan|book|arrange|set up|add|create)\s+(?:a |an |another )?(?:new )?(?:planned )?{TYPE}\s+"
    r"(?:with|for|to|about)\s+(?P<rest>.{5,200})"
)
def plan(talk: Talk, type_: str, rest: str) -> Answer:
    rest, duration = planning.moments.lasting(rest)
    ref, start = planning.moment_of(talk, rest)
    return on(talk, "plan", ref, type_=type_, start=start, duration=duration)


@intent(r"remind me (?:to|about|of)\s+(?P<rest>.{3,300})")
def remind_me(talk: Talk, rest: str) -> Answer:
    found = find_kind("reminder")
    if not found:
        raise Unclear
    return creating.create_titled(talk, found[0], rest, assigned_to=[str(talk.profile.pk)])


# --- what is done for a record


@intent(rf"(?:log|record|note down|note)\s+(?:a |an |the |my )?(?:new )?{TYPE}\s+(?P<how>with|to|from|by)\s+{REF}{TOLD}")
def log(talk: Talk, type_: str, how: str, ref: str, text: str) -> Answer:
    direction = {"to": "outbound", "from": "inbound", "by": "inbound"}.get(how.lower(), "")
    return on(talk, "log", ref, kind_having("log_interaction"), type_=type_, text=text, direction=direction)


@intent(
    rf"(?:record|log|note|enter|add|book)\s+(?:a |the )?payment\s+of\s+(?P<amount>{MONEY})\s+(?:for|on|to|of)\s+{REF}",
    rf"mark\s+(?P<amount>{MONEY})\s+(?:of|for)\s+{REF}\s+as\s+paid",
)
def pay(talk: Talk, amount: str, ref: str) -> Answer:
    return on(talk, "pay", ref, kind_having("pay"), amount=amount)


@intent(rf"merge\s+{REF}\s+(?:into|with)\s+(?P<into>.{{1,120}})")
def merge(talk: Talk, ref: str, into: str) -> Answer:
    return on(talk, "merge", ref, kind_having("merge"), into=into)


@intent(rf"close\s+{REF}\s+as\s+(?P<how>won|lost)(?:\s*:|,?\s+with (?:the )?reason:?|,?\s+reason:?)\s*(?P<text>.{{1,200}})")
def close(talk: Talk, ref: str, how: str, text: str) -> Answer:
    return on(talk, "close", ref, kind_having("close"), how=how, text=text)


@intent(rf"(?:reply|answer|respond)\s+(?:to\s+)?(?:the customer (?:of|in)\s+)?{REF}{TOLD}")
def reply(talk: Talk, ref: str, text: str) -> Answer:
    return on(talk, "reply", ref, kind_having("reply"), text=text)


@intent(rf"(?:e?-?mail|send)\s+{REF}\s+to\s+(?P<to>[^\s@]+@[^\s@]+)")
def send_to(talk: Talk, ref: str, to: str) -> Answer:
    return on(talk, "send to", ref, kind_having("send"), to=to)


@intent(r"(?:schedule|send)\s+(?P<rest>(?:the |my )?(?:e-?mail|mail|message)\s+.{3,200})")
def send_at(talk: Talk, rest: str) -> Answer:
    ref, start = planning.moment_of(talk, rest)
    return on(talk, "send at", ref.removesuffix(" for").removesuffix(" on"), kind_having("schedule"), start=start)


@intent(
    rf"(?:send|mail)\s+(?:a |another |the )?(?:payment )?reminder\s+(?:for|of|about|on)\s+{REF}",
    rf"remind\s+the customer\s+(?:of|about)\s+{REF}",
)
def remind(talk: Talk, ref: str) -> Answer:
    return on_tool(talk, ref, "remind")


@intent(rf"(?:complete|finish|mark)\s+{REF}\s+(?:as )?done", rf"(?:complete|finish)\s+{REF}")
def complete(talk: Talk, ref: str) -> Answer:
    """What is planned becomes done; of what has stages, the last one is its end."""
    return on(talk, "finish", ref, kind_having("done") + [kind for kind in kind_having("move") if kind.ends])


# --- what is asked of records


@intent(
    rf"(?:show|give|tell)(?: me)?\s+(?:the )?(?:timeline|interactions|activity)\s+(?:of|for|with|on)\s+{REF}",
    rf"(?:timeline|interactions)\s+(?:of|for|with)\s+{REF}",
    rf"what (?:has )?happened (?:with|to)\s+{REF}(?:\s+(?:lately|recently|so far))?",
    rf"what did (?:we|i) (?:last )?(?:talk|speak) (?:about )?with\s+{REF}(?:\s+about)?",
)
def timeline(talk: Talk, ref: str) -> Answer:
    return on(talk, "timeline", ref)


@intent(
    rf"(?:what(?:'s| is)|show(?: me)?(?: the cards)?|cards|the cards|what are the cards)\s+(?:on|of|in)\s+(?:the )?board\s+{REF}",
    rf"(?:show|list)(?: me)?\s+the cards\s+(?:on|of|in)\s+{REF}",
)
def cards(talk: Talk, ref: str) -> Answer:
    return on(talk, "cards", ref, kind_having("cards"))


@intent(
    rf"{SHOW}(?:all )?(?:my |the |our )?(?P<new>unread |new )?notifications",
    r"(?:do i have|are there)(?: any)? (?P<new>unread |new )?notifications",
)
def notifications(talk: Talk, new: str | None = None) -> Answer:
    return serving.notifications(talk, new=bool(new))


@intent(r"how many (?:unread |new )?notifications(?: do i have| have i got| are there)?(?: unread)?")
def unread(talk: Talk) -> Answer:
    return serving.unread(talk)


@intent(r"(?:mark|set) (?:all )?(?:of )?(?:my |the )?notifications (?:as |to )?(?:read|seen)")
def mark_read(talk: Talk) -> Answer:
    return serving.mark_read(talk)


@intent(
    r"(?:search|look|find)(?: in)?\s+(?:everything|everywhere|all records|all modules)\s+for\s+(?P<words>.{2,100})",
    r"(?:search|look|find)\s+(?:for\s+)?(?P<words>.{2,100}?)\s+(?:everywhere|in everything|in all (?:records|modules))",
)
def search(talk: Talk, words: str) -> Answer:
    return serving.search(talk, words)


@intent(r"(?:show|open|apply|use|list)(?: me)?\s+(?:my |the |our )?(?:saved )?view\s+(?:called |named )?(?P<name>.{1,100})")
def saved_view(talk: Talk, name: str) -> Answer:
    return serving.saved_view(talk, name)


@intent(
    r"(?:what|how much) do (?:our |the )?(?:customers|clients|accounts) owe(?: us)?",
    r"who owes us(?: money)?",
    rf"{SHOW}(?:the |our )?(?:receivables|aging(?: report)?)",
)
def owed(talk: Talk) -> Answer:
    return serving.owed(talk)


@intent(rf"{SHOW}(?:the |our |my )?(?:sales |deal )?forecast")
def forecast(talk: Talk) -> Answer:
    return serving.forecast(talk)
