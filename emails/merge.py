"""What a template's fields stand for: values of the record, of its contact, of the writer and of the organization."""

import re
from typing import Any

import orjson
from django.core.exceptions import ValidationError
from django.utils.html import escape

from common.merge_fields import fields_in, merged
from common.people.models import Profile
from common.records.models import RECORD_MODELS, BaseRecord
from common.records.projection import read_row
from common.records.serializers import ReferenceField
from common.records.views import VIEWSETS

NAME = re.compile(r"(record|contact)\.[a-z][a-z0-9_]*|me\.(name|email|title|phone)|org\.name")


def check_names(text: str) -> None:
    """Raises ValidationError for a field that no record can have. Which a record has is known when it is filled in."""
    if unknown := [name for name in fields_in(text) if not NAME.fullmatch(name)]:
        known = "record.<field>, contact.<field>, me.name, me.email, me.title, me.phone and org.name"
        raise ValidationError(f'Unknown field "{unknown[0][:60]}". There are {known}.')


def filled(texts: dict[str, str], record: BaseRecord | None, me: Profile) -> dict[str, str]:
    """A template's texts with their fields filled in; those of HTML (``body_html``) escaped, those of a subject in one line.

    Raises ValidationError for a field that there is not.
    """
    values = values_for(record, me)
    escaped = {name: escape(value) for name, value in values.items()}
    done = {name: merged(text, escaped if name == "body_html" else values) for name, text in texts.items()}
    return done | {"subject": " ".join(done["subject"].split())[:200]}


def values_for(record: BaseRecord | None, me: Profile) -> dict[str, str]:
    values = {"me.name": str(me.user), "me.email": me.user.email, "me.title": me.title, "me.phone": me.phone}
    values["org.name"] = me.org.name
    if record is not None:
        values |= values_of("record", type(record), record)
        values |= values_of("contact", RECORD_MODELS["contact"], contact_of(record, me))
    return values


def values_of(prefix: str, model: Any, record: BaseRecord | None) -> dict[str, str]:
    """The fields that the API shows of a record, but for references; empty ones where there is no record."""
    serializer_class: Any = VIEWSETS[str(model._meta.model_name)].serializer_class
    fields = serializer_class.prototype().fields
    names = tuple(name for name in serializer_class.names() if not isinstance(fields[name], ReferenceField))
    row = read_row(serializer_class, names, record.pk) if record is not None else None
    shown: dict[str, Any] = orjson.loads(orjson.dumps(row[0])) if row else {}
    shown |= shown.pop("custom_fields", None) or {}
    plain = {name: shown.get(name) for name in (*names, *shown)}
    return {f"{prefix}.{name}": text_of(value) for name, value in plain.items() if not isinstance(value, (list, dict))}


def text_of(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def contact_of(record: BaseRecord, me: Profile) -> BaseRecord | None:
    """The contact whom a record names, if the person may see them; the first of several."""
    contacts = RECORD_MODELS["contact"].objects.visible_to(me)
    if record._meta.model_name == "contact":
        return record
    if named := getattr(record, "contact_id", None):
        return contacts.filter(pk=named).first()
    if hasattr(record, "contacts"):
        return contacts.filter(pk__in=record.contacts.values("pk")).order_by("created_at").first()
    return None


def address_of(record: BaseRecord | None, me: Profile) -> str:
    """The e-mail address of a record, or of its contact."""
    if record is None:
        return ""
    return getattr(record, "email", "") or getattr(contact_of(record, me), "email", "")
