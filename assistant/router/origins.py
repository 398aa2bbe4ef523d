"""Where records come from, by a name alone: a company, an account or a source."""

import re
from typing import Any

from .kinds import kinds
from .names import CANDIDATES, alike, begins, everywhere, search, words_of


def narrow_to_origin(query: Any, text: str) -> bool:
    """Narrow to the company, the account or the source that is called so, or nearly so. Whether there is one."""
    return by_words(query, text) or by_account(query, text) or by_record(query, text) or by_company_alike(query, text)


def source_key(query: Any) -> str | None:
    return next((name for name in ("source", "lead_source") if name in query.kind.viewset.filters()), None)


def narrow_to(query: Any, name: str, value: str) -> bool:
    query.narrow(f"from {value}", **{name: value})
    return True


def by_words(query: Any, text: str) -> bool:
    """By what a page of rows with these words has: a source of just that name, else a company, else a source."""
    company, source = query.kind.company_key, source_key(query)
    keys = ",".join(["id", *(key for key in (company, source) if key)])
    rows = search(query.talk, query.kind, text, fields=keys) if company or source else []
    same = [row[source] for row in rows if source and str(row[source]).casefold() == text.casefold()]
    if same:
        return narrow_to(query, str(source), same[0])
    if company and has_company(query, company, text, rows):
        query.words += words_of(text)
        query.narrow(f"from {text}", **{f"{company}__icontains": text})
        return True
    return by_source(query, text, rows)


def has_company(query: Any, company: str, text: str, rows: list[dict[str, Any]]) -> bool:
    if any(text.casefold() in str(row[company]).casefold() for row in rows):
        return True
    cut = len(rows) == CANDIDATES
    return cut and bool(search(query.talk, query.kind, text, limit=1, **{f"{company}__icontains": text}))


def narrow_to_source(query: Any, text: str) -> bool:
    source = source_key(query)
    return source is not None and by_source(query, text, search(query.talk, query.kind, text, fields=f"id,{source}"))


def by_source(query: Any, text: str, rows: list[dict[str, Any]]) -> bool:
    """By the exact source, as a row that has it writes it."""
    source = source_key(query)
    text = re.sub(r"^(?:the|an?)\s+", "", text, flags=re.I)
    found = [row[source] for row in rows if source and begins(words_of(text), str(row[source]))]
    return narrow_to(query, str(source), found[0]) if found else False


def by_account(query: Any, text: str) -> bool:
    account = kinds().get("account")
    if "account" not in query.kind.viewset.filters() or account is None:
        return False
    rows = [row for row in search(query.talk, account, text) if begins(words_of(text), str(row["name"]))]
    if rows:
        named = rows[0]["name"] if len(rows) == 1 else text
        query.narrow(f"of {named}", account__in=",".join(row["id"] for row in rows))
    return bool(rows)


def by_record(query: Any, text: str) -> bool:
    """By the record that a task, a plan or a mail is about, or by a contact of a case."""
    known, kind = query.kind.viewset.filters(), query.kind
    to = {name: kinds()[record] for name in known if (record := refers_to(kind, name)) in kinds() and record != kind.record}
    rows = everywhere(query.talk, list({other.record: other for other in to.values()}.values()), text) if to else []
    called = [row for row in rows if begins(words_of(text), row["name"])]
    called = [row for row in called if row["name"].casefold() == text.casefold()] or called
    for name, other in to.items():
        if ids := [str(row["id"]) for row in called if row["record_type"] == other.record]:
            named = next(row["name"] for row in called if str(row["id"]) == ids[0]) if len(ids) == 1 else text
            query.narrow(f"of {named}", **{f"{name}__in": ",".join(ids)})
            return True
    return False


def refers_to(kind: Any, name: str) -> str:
    """The record type that a field is a reference to, or links; "" for any other."""
    field = kind.model_field(name)
    return str(field.related_model._meta.model_name) if field is not None and field.is_relation and field.related_model else ""


def by_company_alike(query: Any, text: str) -> bool:
    """By a misspelt company: "Acne Corp", "Bluecoast"."""
    name, whole = query.kind.company_key, "".join(words_of(text))

    def likeness(company: str) -> float:
        other = "".join(words_of(company))
        return 100 if other.startswith(whole) else max(alike(text, company), alike(whole, other[: len(whole)]))

    for look in [word[:4] for word in words_of(text) if len(word) > 3][:2] if name else []:
        there = {str(row.get(name, "")) for row in search(query.talk, query.kind, look, limit=2 * CANDIDATES)}
        best = max(there, key=likeness, default="")
        if best and likeness(best) >= 80:
            return narrow_to(query, str(name), best)
    return False
