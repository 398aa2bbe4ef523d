"""What only reads: lists, counts, sums, one record, one field of it."""

from typing import Any

from rest_framework import serializers

from common.people.models import Profile
from common.records.serializers import visible

from .kinds import Kind, find_kind
from .names import Found, plain
from .query import Query
from .talk import Answer, Stop, Talk, Unclear
from .values import show_amount, show_moment

SHOWN = 10
HIDDEN = (
    "id",
    "org",
    "created_by",
    "updated_by",
    "updated_at",
    "stage",
    "pipeline",
    "card_order",
    "custom_fields",
    "external_id",
)


def query_of(talk: Talk, text: str) -> Query:
    """The query that a phrase like "open deals from Acme" stands for. Raises Unclear."""
    found = find_kind(text)
    if found is None:
        raise Unclear
    kind, match = found
    if match[0].lower() in (kind.one.lower(), *(word.lower() for word in kind.viewset.also_called)):
        raise Unclear  # one of them is no list
    if talk.profile.scope_for(kind.model.module, "view") == "none":
        raise Stop(f"Your role may not view {kind.many}.")
    query = Query(talk, kind)
    query.before(text[: match.start()])
    query.after(text[match.end() :])
    return query


def described(query: Query) -> str:
    return "".join(f" {words}" for words in query.said)


def show_list(talk: Talk, rest: str) -> Answer:
    query = query_of(talk, rest)
    if query.group:
        return grouped(query, [])
    kind, limit = query.kind, query.limit or SHOWN
    arguments = query.arguments() | {"limit": limit} | ({"ordering": query.ordering} if query.ordering else {})
    if query.is_dear:
        arguments["filters"] = arguments["filters"] | {"count": "none"}
    result = talk.read(kind.tools["list"], arguments)
    rows = result.get("results", [])
    total = int(result.get("count", len(rows)))
    about, how = described(query), query.how
    if not rows:
        return Answer(f"I found no {how}{kind.many}{about}.")
    if query.limit:
        head = f"Here {'is' if len(rows) == 1 else 'are'} {kind.counted(len(rows), how)}{about}:"
    elif total > 10_000 or (total == len(rows) and result.get("next")):
        head = f"I found more than {min(total, 10_000):,} {how}{kind.many}{about}:"
    else:
        head = f"I found {kind.counted(total, how)}{about}:"
    lines = [f"{number}. {row_line(talk, kind, row)}" for number, row in enumerate(rows, 1)]
    more = f"\n\n… and {min(total, 10_000) - len(rows):,} more." if not query.limit and total > len(rows) else ""
    return Answer(f"{head}\n\n" + "\n".join(lines) + more)


def row_line(talk: Talk, kind: Kind, row: dict[str, Any]) -> str:
    """ "**John Doe** – Acme Corp · Interest · EUR 5,000" """
    parts = [plain(row[name], 60) for name in (kind.company_key, "status") if name and row.get(name)]
    if kind.money_key and row.get(kind.money_key) is not None:
        parts.append(show_amount(row[kind.money_key], row.get("currency") or talk.currency))
    if len(parts) < 2:
        parts += [plain(row[name], 60) for name in ("email", "phone") if row.get(name)][:1]
    return f"**{plain(row.get(kind.name_key) or kind.one, 80)}**" + (f" – {' · '.join(parts)}" if parts else "")


def count(talk: Talk, rest: str) -> Answer:
    query = query_of(talk, rest)
    if query.limit:
        raise Unclear
    if query.group:
        return grouped(query, [])
    number = talk.read(query.kind.tools["summary"], query.arguments())[0].get("count", 0)
    verb = "is" if number == 1 else "are"
    return Answer(f"There {verb} **{query.kind.counted(number, query.how)}**{described(query)}.")


def total(talk: Talk, rest: str, what: str | None = None) -> Answer:
    """ "total value of open deals by stage" """
    query = query_of(talk, rest)
    kind = query.kind
    name = kind.field_called(what) if what and what.lower() not in ("sum", "total", "worth") else kind.money_key
    if query.limit or name is None or name not in kind.viewset.sums():
        raise Unclear
    if query.group:
        return grouped(query, [name])
    rows = talk.read(kind.tools["summary"], query.arguments() | {"sum": [name]})
    label, number = name.replace("_", " "), sum(row.get("count", 0) for row in rows)
    sums = sums_of(talk, kind, name, rows)
    if not sums:
        return Answer(
            f"I found no {query.how}{kind.many}{described(query)}."
            if not number
            else f"None of {kind.counted(number, query.how)}{described(query)} has a {label}."
        )
    return Answer(f"The total {label} of {kind.counted(number, query.how)}{described(query)} is **{' + '.join(sums)}**.")


def sums_of(talk: Talk, kind: Kind, name: str, rows: list[dict[str, Any]]) -> list[str]:
    """The sums of several currencies, largest groups first; what has no currency counts as the org's."""
    by_currency: dict[str, Any] = {}
    for row in rows:
        value = row.get("sums", {}).get(name)
        if value is not None:
            currency = row.get("currency") or talk.currency
            by_currency[currency] = by_currency.get(currency, 0) + kind.model_field(name).to_python(str(value))
    if name != kind.money_key:
        return [f"{value:,}" for value in by_currency.values()]
    return [show_amount(value, currency) for currency, value in by_currency.items()]


def grouped(query: Query, sums: list[str]) -> Answer:
    talk, kind, group = query.talk, query.kind, str(query.group)
    rows = talk.read(kind.tools["summary"], query.arguments() | {"group_by": group} | ({"sum": sums} if sums else {}))
    if not rows:
        return Answer(f"I found no {query.how}{kind.many}{described(query)}.")
    names = labels(kind, group, [row.get(group) for row in rows])
    order = [row[1] for row in kind.stages()] if group == "status" else []
    groups: dict[Any, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row.get(group), []).append(row)
    keys = sorted(groups, key=lambda key: order.index(key) if key in order else len(order)) if order else list(groups)
    lines = []
    for key in keys[:30]:
        name = plain(names.get(key, key), 60) if key not in (None, "") else "none"
        line = f"- **{name}**: {sum(row['count'] for row in groups[key]):,}"
        if sums and (texts := sums_of(talk, kind, sums[0], groups[key])):
            line += f" · {' + '.join(texts)}"
        lines.append(line)
    head = f"{(query.how + kind.many).capitalize()}{described(query)} by {group.replace('_', ' ')}"
    everything = sum(row["count"] for row in rows)
    head += f", {everything:,} in all" if group not in ("tags", "teams", "assigned_to") else ""
    if sums and (texts := sums_of(talk, kind, sums[0], rows)):
        head += f", {' + '.join(texts)}"
    return Answer(f"{head}:\n\n" + "\n".join(lines))


def labels(kind: Kind, group: str, keys: list[Any]) -> dict[Any, str]:
    """What the ids of a group's rows are called."""
    field = kind.model_field(group)
    if field is None or not field.is_relation:
        return {}
    rows = field.related_model._default_manager.filter(pk__in=[key for key in keys if key])
    if field.related_model is Profile:
        rows = rows.select_related("user")
    return {str(row.pk): str(row) for row in rows}


# --- one record


def show_record(talk: Talk, found: Found) -> Answer:
    kind = found.kind
    row = talk.read(kind.tools["retrieve"], {"id": found.id})
    lines = [f"- {label(name)}: {show(talk, kind, name, row)}" for name in kind.shown if is_told(kind, name, row)]
    return Answer(f"**{plain(row.get(kind.name_key) or found.name, 80)}** ({kind.one})\n\n" + "\n".join(lines))


def is_told(kind: Kind, name: str, row: dict[str, Any]) -> bool:
    if name in HIDDEN or name == kind.name_key or row.get(name) in (None, "", [], {}):
        return False
    field = kind.model_field(name)
    return name != "currency" and (field is None or not field.is_relation or field.related_model is Profile)


def label(name: str) -> str:
    return {"assigned_to": "Owner"}.get(name, name.replace("_", " ").capitalize())


def show(talk: Talk, kind: Kind, name: str, row: dict[str, Any]) -> str:
    """A field's value in words."""
    value = row[name]
    if isinstance(value, list):
        return ", ".join(people(value)) if name == "assigned_to" else ", ".join(map(str, value))
    if name == kind.money_key or name == "expected_revenue":
        return show_amount(value, row.get("currency") or talk.currency)
    if isinstance(kind.shown[name], serializers.DateTimeField):
        return show_moment(value, talk.zone)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value} %" if name == "probability" else plain(value, 300)


def people(ids: list[str]) -> list[str]:
    return [str(one) for one in Profile.objects.filter(pk__in=ids).select_related("user").order_by("created_at")]


def show_field(talk: Talk, found: Found, field: str) -> Answer:
    kind = found.kind
    name = kind.field_called(field)
    row = talk.read(kind.tools["retrieve"], {"id": found.id})
    field_name = label(name).lower()
    if row.get(name) in (None, "", []):
        return Answer(f"{found} has no {field_name} yet.")
    related = kind.model_field(name)
    if related is not None and related.is_relation and name != "assigned_to":
        names = labels_of(talk, related, row[name])
        return (
            Answer(f"The {field_name} of {found} is {names}.")
            if names
            else Answer(f"{found} has no {field_name} that you may see.")
        )
    return Answer(f"The {field_name} of {found} is {show(talk, kind, name, row)}.")


def labels_of(talk: Talk, field: Any, value: Any) -> str:
    """The names of the records that a field refers to, of those that the person may see."""
    rows = visible(field.related_model, talk.profile).filter(pk__in=value if isinstance(value, list) else [value])
    return ", ".join(f"**{plain(row, 80)}**" for row in rows[:SHOWN])
