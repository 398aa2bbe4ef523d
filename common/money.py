"""Money: currencies, what a line comes to, and how an amount is written.

Everything is Decimal. Each line is rounded half up to the currency's minor unit, in its subtotal, its discount and its tax;
a document's totals are the sums of its lines, so that what is printed adds up.
"""

import re
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from babel.numbers import format_currency, get_currency_precision, list_currencies
from django.db import models
from django.db.models import Func, Value
from rest_framework import serializers

ZERO = Decimal(0)
#: The columns of money hold up to this, with three decimals: what the currencies with the finest unit need.
LARGEST = Decimal("999999999999")
PERCENT, AMOUNT = "percent", "amount"


@cache
def currencies() -> frozenset[str]:
    return frozenset(list_currencies())


@cache
def minor_units(currency: str) -> int:
    """The decimals that a currency has: 2 for EUR, 0 for JPY, 3 for KWD. Two for none, or one that is unknown."""
    return min(get_currency_precision(currency), 3) if currency in currencies() else 2


def rounded(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-minor_units(currency)), ROUND_HALF_UP)


def written(amount: Decimal, currency: str) -> str:
    """For people: "€1,490.00", or with a space after a currency without a sign: "SAR 1,490.00"."""
    if currency not in currencies():
        return f"{amount:,.2f}"
    return re.sub(r"(?<=[A-Z])(?=\d)", "\u00a0", format_currency(amount, currency, locale="en"))


class MoneyColumn(models.DecimalField):
    """A computed amount, in any currency's minor unit. Rows name their own."""

    def __init__(self, **kwargs: Any):
        super().__init__(**{"max_digits": 15, "decimal_places": 3, "default": ZERO, "editable": False, **kwargs})

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.DecimalField", args, kwargs


class AmountText(Func):
    """An amount as text: with at least ``places`` decimals (a number or a column's name), and no needless ones beyond."""

    output_field = models.TextField()
    template = "%(expressions)s"

    def __init__(self, amount: Any, places: Any):
        super().__init__(amount, Value(places) if isinstance(places, int) else places)

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> Any:
        amount, values = compiler.compile(self.source_expressions[0])
        places, more = compiler.compile(self.source_expressions[1])
        return f"round({amount}, greatest(min_scale({amount}), {places})::int)::text", [*values, *values, *more]


class CurrencyField(serializers.CharField):
    """An ISO 4217 code."""

    default_error_messages = {"unknown": '"{value}" is not a currency. Give its ISO 4217 code, as EUR.'}

    def __init__(self, **kwargs: Any):
        super().__init__(**{"max_length": 3, "help_text": "ISO 4217", **kwargs})

    def to_internal_value(self, data: Any) -> str:
        value = super().to_internal_value(data).upper()
        if value not in currencies():
            self.fail("unknown", value=value)
        return value


@dataclass(frozen=True)
class Amounts:
    """What a line, or a whole document, comes to: total = subtotal - discount + tax."""

    subtotal: Decimal = ZERO
    discount: Decimal = ZERO
    tax: Decimal = ZERO
    total: Decimal = ZERO

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


def line_amounts(
    *, quantity: Decimal, price: Decimal, discount: Decimal, discount_type: str, tax_percent: Decimal, currency: str
) -> Amounts:
    """What ``quantity`` at ``price`` comes to. Raises ValueError where the discount is more than that, or it is too much."""
    subtotal = rounded(quantity * price, currency)
    taken = rounded(subtotal * discount / 100 if discount_type == PERCENT else discount, currency)
    if taken > subtotal:
        raise ValueError("The discount is more than the line comes to.")
    tax = rounded((subtotal - taken) * tax_percent / 100, currency)
    if subtotal + tax > LARGEST:
        raise ValueError("This comes to more than can be stored.")
    return Amounts(subtotal, taken, tax, subtotal - taken + tax)


def sum_of(parts: Iterable[Amounts]) -> Amounts:
    return sum(parts, Amounts())
