"""What people write for a field, as what its serializer takes; and what it shows, in words."""

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from rest_framework import serializers

from common.records.serializers import PhoneField

from . import dates
from .talk import Unclear

CURRENCIES = {"€": "EUR", "£": "GBP", "₹": "INR", "¥": "JPY", "euro": "EUR", "euros": "EUR", "pounds": "GBP", "pound": "GBP"}
DOLLARS = ("$", "dollar", "dollars")
SCALE = {"k": 1000, "thousand": 1000, "m": 10**6, "mio": 10**6, "million": 10**6}
SIGN = r"[a-z]{3}\b|[€$£¥₹]"
AFTER = r"euros?|dollars?|pounds?|(?:eur|usd|gbp|chf|inr|jpy)\b|[€$£¥₹]"
MONEY = rf"(?:(?:{SIGN})\s?)?\d[\d.,']{{0,20}}\s?(?:(?:k|m|mio|thousand|million)\b\s?)?(?:{AFTER})?"
PARTS = re.compile(
    rf"(?P<before>{SIGN})?\s?(?P<number>\d[\d.,']{{0,20}})\s?(?P<scale>k|m|mio|thousand|million)?\s?(?P<after>[a-z]+|[€$£¥₹])?",
    re.IGNORECASE,
)
PHONE = re.compile(r"\+?[\d(][\d\s().\-/]*(?:(?:x|ext\.?)\s?\d+)?", re.I)
#: What stands for a value instead of being one.
VAGUE = re.compile(r"(?:the|his|her|their|its|that|same|my|our) [a-z]|(?:nothing|none|empty|null|blank|and|or)\b")
EMAIL = re.compile(r"[^\s@,;:]{1,64}@[^\s@,;:]{1,190}\.[a-z]{2,24}", re.IGNORECASE)


def money(text: str, own: str) -> tuple[Decimal, str]:
    """An amount and its currency, "" where none was named. ``own`` is the org's: whose dollars "$" means. Raises Unclear."""
    match = PARTS.fullmatch(text.strip())
    if not match:
        raise Unclear
    sign = (match["before"] or match["after"] or "").lower()
    if sign in DOLLARS:
        currency = own if own.endswith("D") else "USD"
    else:
        currency = CURRENCIES.get(sign, sign.upper())
    if currency and not re.fullmatch("[A-Z]{3}", currency):
        raise Unclear
    return number(match["number"]) * SCALE.get((match["scale"] or "").lower(), 1), currency


def number(text: str) -> Decimal:
    """ "5,000", "5.000,50" and "5000.5" alike: what is followed by three digits parts thousands. Raises Unclear."""
    text = text.replace("'", "").rstrip(".,")
    text = re.sub(r"[.,](?=\d{3}(?:\D|$))", "", text)
    try:
        return Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise Unclear from None


def parse(field: Any, given: str, today: date, own: str) -> dict[str, Any]:
    """What to send for ``field``: its own value and, with money, the currency. Raises Unclear."""
    given = given.strip()
    text, name = unquoted(given), field.field_name
    if isinstance(field, serializers.BooleanField):
        if text.lower() not in ("yes", "true", "on", "no", "false", "off"):
            raise Unclear
        return {name: text.lower() in ("yes", "true", "on")}
    if isinstance(field, serializers.ChoiceField):
        for value, label in field.choices.items():
            if text.lower() in (str(value).lower(), str(label).lower()):
                return {name: value}
        raise Unclear
    if isinstance(field, serializers.IntegerField):
        value = number(text.rstrip("% "))
        if value != int(value):
            raise Unclear
        return {name: int(value)}
    if isinstance(field, (serializers.DecimalField, serializers.FloatField)):
        amount, currency = money(text, own)
        return {name: str(amount)} | ({"currency": currency} if currency else {})
    if isinstance(field, serializers.DateField):
        found = dates.take(text, today)
        if found is None or found[1].strip() or not (day := found[0].day()):
            raise Unclear
        return {name: day.isoformat()}
    if isinstance(field, PhoneField) and not PHONE.fullmatch(text):
        raise Unclear
    if isinstance(field, serializers.CharField) and not (text == given and VAGUE.match(text)):
        return {name: text}
    raise Unclear


def unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def show_amount(value: Any, currency: str) -> str:
    """ "EUR 38,500"; cents only where there are any."""
    amount = Decimal(str(value))
    return f"{currency} {amount:,.0f}" if amount == amount.to_integral_value() else f"{currency} {amount:,.2f}"


def show_moment(text: str, zone: Any) -> str:
    return f"{datetime.fromisoformat(text).astimezone(zone):%Y-%m-%d %H:%M}"
