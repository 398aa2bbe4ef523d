"""What modules' services do for a record; and what is in no list: the timeline, notifications, search over everything."""

import re
from typing import Any

from assistant.models import ToolCall
from assistant.tools import all_tools

from . import changing, moments, reading
from .kinds import Kind, kinds
from .names import Found, meant, plain
from .outcome import done, needed, refuse_more
from .planning import having, is_done
from .talk import Answer, Stop, Talk, Unclear
from .values import EMAIL, money, show_amount, unquoted

SHOWN = 10


def log(talk: Talk, found: Found, type_: str, text: str, direction: str = "") -> Answer:
    """ "log a call with Hanna Virtanen: wants two" """
    refuse_more(text)
    kind, said = found.kind, unquoted(talk.as_written(text))
    tool = needed(kind, "log_interaction")
    type_ = re.sub(r"[^a-z]", "", type_.lower().removeprefix("phone ").removeprefix("text "))
    type_ = {"mail": "email", "message": "sms"}.get(type_, type_)
    if type_ not in tool.parameters["properties"]["type"]["enum"]:
        raise Unclear
    values = {"type": type_, **({"direction": direction} if direction else {})}
    values |= {"subject": said} if len(said) <= 200 else {"notes": said}
    call = talk.use(tool.name, {"id": found.id, **values})
    what = f"the {type_} with {found}"
    sentence = f"Log {what}?" if call.status == ToolCall.Status.PROPOSED else f"Logged {what}." if is_done(call) else ""
    return done(talk, call, found, kind, sentence)


def finish(talk: Talk, found: Found) -> Answer:
    """Done: a planned activity is logged, a card goes to the stage that ends its pipeline well."""
    if "done" in found.kind.tools:
        return changing.act(talk, found, "done")
    return changing.move(talk, found, found.kind.ends[0])


def pay(talk: Talk, found: Found, amount: str) -> Answer:
    """ "record a payment of 500 for invoice INV-2026-0001" """
    value, currency = money(amount, talk.currency)
    row = talk.read(found.kind.tools["retrieve"], {"id": found.id})
    if currency and currency != row.get("currency"):
        raise Stop(f"{found} is in {row.get('currency')}, not in {currency}.")
    call = talk.use(needed(found.kind, "pay").name, {"id": found.id, "amount": str(value)})
    said = f"Record a payment of {show_amount(value, row['currency'])} for {found}{about(found)}?"
    return done(talk, call, found, found.kind, said if call.status == ToolCall.Status.PROPOSED else "")


def about(found: Found) -> str:
    return f" ({found.about})" if found.about else ""


def merge(talk: Talk, found: Found, into: str) -> Answer:
    """ "merge the case Loose seat into Broken boat" """
    rows = meant(talk, into, [found.kind])
    if len(rows) > 1:
        raise Stop(f"Several {found.kind.many} are called so: say the number of the one that goes on. I changed nothing.")
    call = talk.use(needed(found.kind, "merge").name, {"id": found.id, "into": rows[0].id})
    said = f"Merge {found}{about(found)} into {rows[0]}{about(rows[0])}?"
    return done(talk, call, found, found.kind, said if call.status == ToolCall.Status.PROPOSED else "")


def close(talk: Talk, found: Found, how: str, text: str) -> Answer:
    """ "close Spring assortment as lost: too expensive" """
    refuse_more(text)
    won, reason = how.lower() == "won", unquoted(text)
    call = talk.use(needed(found.kind, "close").name, {"id": found.id, "won": won, "reason": reason})
    said = f"Close {found} as {how.lower()}: {plain(reason, 120)}?"
    return done(talk, call, found, found.kind, said if call.status == ToolCall.Status.PROPOSED else "")


def reply(talk: Talk, found: Found, text: str) -> Answer:
    """ "reply to the customer of the case Loose seat: we send a new one" """
    refuse_more(text)
    said = unquoted(talk.as_written(text))
    call = talk.use(needed(found.kind, "reply").name, {"id": found.id, "text": said})
    question = f"Mail this to the customer of {found}{about(found)}: “{plain(said, 300)}”?"
    return done(talk, call, found, found.kind, question if call.status == ToolCall.Status.PROPOSED else "")


def send_to(talk: Talk, found: Found, to: str) -> Answer:
    """ "send invoice INV-2026-0001 to ada@engines.example" """
    tool = needed(found.kind, "send")
    if "to" not in tool.parameters["properties"] or not EMAIL.fullmatch(to):
        raise Unclear
    call = talk.use(tool.name, {"id": found.id, "to": to})
    said = f"Send {found}{about(found)} to {to}?"
    return done(talk, call, found, found.kind, said if call.status == ToolCall.Status.PROPOSED else "")


def send_at(talk: Talk, found: Found, start: str) -> Answer:
    """ "schedule the mail Your kayaks for tomorrow at 9" """
    call = talk.use(needed(found.kind, "schedule").name, {"id": found.id, "send_at": start})
    said = f"Send {found} at {moments.told(start, talk.zone)}?"
    return done(talk, call, found, found.kind, said if call.status == ToolCall.Status.PROPOSED else "")


# --- reading


def timeline(talk: Talk, found: Found) -> Answer:
    rows = talk.read(needed(found.kind, "timeline"), {"id": found.id, "limit": SHOWN}).get("results", [])
    if not rows:
        return Answer(f"There is nothing on the timeline of {found} yet.")
    lines = "\n".join(f"- {moments.told(row['at'], talk.zone)}: {entry(row)}" for row in rows)
    return Answer(f"The latest of {found}:\n\n{lines}")


def entry(row: dict[str, Any]) -> str:
    """One line of a timeline: what kind of thing it is, and its text."""
    given = row.get("entry", {})
    texts = (given.get(name) for name in ("subject", "title", "name", "comment", "notes", "file_name"))
    text = next((plain(text, 120) for text in texts if text), "")
    kind = given.get("type") if row["kind"] == "interaction" else row["kind"]
    if row["kind"] == "change":
        text = ", ".join(str(name).replace("_", " ") for name in list(given.get("changes", {}))[:6]) or given.get("action", "")
    return f"{kind}{f' – {text}' if text else ''}"


def notifications(talk: Talk, *, new: bool) -> Answer:
    filters = {"read_at__isnull": True} if new else {}
    rows = talk.read(all_tools()["search_notifications"], {"filters": filters, "limit": SHOWN}).get("results", [])
    if not rows:
        return Answer(f"You have no {'unread ' if new else ''}notifications.")
    lines = "\n".join(f"- {moments.told(row['created_at'], talk.zone)}: {plain(row['text'], 200)}" for row in rows)
    return Answer(f"Your {'unread ' if new else ''}notifications:\n\n{lines}")


def unread(talk: Talk) -> Answer:
    count = talk.read(all_tools()["count_unread_notifications"], {})["unread"]
    return Answer(f"You have **{count:,} unread notification{'' if count == 1 else 's'}**.")


def mark_read(talk: Talk) -> Answer:
    call = talk.use("mark_all_notifications_as_read", {})
    if call.status == ToolCall.Status.PROPOSED:
        return Answer("Mark all your notifications as read? Answer “yes” to do it, or “no”.")
    return Answer("All your notifications are marked as read." if is_done(call) else f"That did not work: {call.error}")


def search(talk: Talk, words: str) -> Answer:
    words = unquoted(words)
    rows = talk.read(all_tools()["search_everything"], {"q": words, "limit": 5}).get("results", [])
    if not rows:
        return Answer(f"I found no record with “{plain(words, 60)}”.")
    lines = "\n".join(f"{number}. **{plain(row['name'], 80)}** – {noun(row)}" for number, row in enumerate(rows[:20], 1))
    return Answer(f"What has “{plain(words, 60)}”:\n\n{lines}")


def noun(row: dict[str, Any]) -> str:
    kind = kinds().get(row["record_type"])
    return kind.one if kind else str(row["record_type"])


def saved_view(talk: Talk, name: str) -> Answer:
    rows = talk.read(all_tools()["search_saved_views"], {"filters": {"name__icontains": unquoted(name)}, "limit": SHOWN}).get(
        "results", []
    )
    rows = [row for row in rows if row["name"].casefold() == unquoted(name).casefold()] or rows
    if len(rows) != 1:
        which = ", ".join(f"“{plain(row['name'], 60)}” ({row['module']})" for row in rows)
        raise Stop(
            f"Several views are called so: {which}." if rows else f"You have no view called “{plain(unquoted(name), 60)}”."
        )
    kind = next((kind for kind in kinds().values() if rows[0]["module"] == kind.model.module), None)
    if kind is None:
        raise Stop(f"I cannot list the {plain(rows[0]['module'], 60)} of that view.")
    result = talk.read(kind.tools["list"], {"view": rows[0]["id"], "limit": SHOWN})
    found = result.get("results", [])
    lines = "\n".join(f"{number}. {reading.row_line(talk, kind, row)}" for number, row in enumerate(found, 1))
    head = f"The view **{plain(rows[0]['name'], 60)}** has {kind.counted(int(result.get('count', len(found))))}"
    return Answer(f"{head}:\n\n{lines}" if found else f"{head}.")


def owed(talk: Talk) -> Answer:
    """What customers owe, by account."""
    found = talk.read(having("aging").tools["aging"], {})
    if not found.get("totals"):
        return Answer("No customer owes anything.")
    sums = " + ".join(show_amount(row["total"], row["currency"]) for row in found["totals"])
    lines = [f"- **{plain(row.get('account_name') or 'without an account', 60)}**: {show_amount(row['total'], row['currency'])}"
             for row in found["accounts"][:SHOWN]]  # fmt: skip
    return Answer(f"Customers owe **{sums}**:\n\n" + "\n".join(lines))


def forecast(talk: Talk) -> Answer:
    """What open deals are expected to bring, by month."""
    rows = talk.read(having("forecast").tools["forecast"], {})
    if not rows:
        return Answer("No deals are expected in the next months.")
    lines = [f"- **{row['month'][:7]}**: {show_amount(row.get('weighted') or 0, row['currency'])} expected of "
             f"{show_amount(row.get('amount') or 0, row['currency'])}, {show_amount(row.get('won') or 0, row['currency'])} won"
             for row in rows[:24]]  # fmt: skip
    return Answer("The forecast, weighted by probability:\n\n" + "\n".join(lines))


def cards(talk: Talk, found: Found) -> Answer:
    """What is on a board, column by column."""
    columns = talk.read(needed(found.kind, "cards"), {"id": found.id})
    lines = [f"- **{plain(column['name'], 60)}**: {names_of(column.get('cards', []))}" for column in columns]
    return Answer(f"On the board {found}:\n\n" + "\n".join(lines))


def names_of(rows: list[dict[str, Any]]) -> str:
    return ", ".join(plain(row["title"], 60) for row in rows[:20]) or "nothing"


def kind_having(action: str) -> list[Kind]:
    return [kind for kind in kinds().values() if action in kind.tools]
