"""Lines of a document that is worth money: an opportunity's, an invoice's. Written as a whole list, priced in one place."""

from decimal import Decimal
from typing import Any, ClassVar, Protocol

from django.contrib.postgres.expressions import ArraySubquery
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import F, OuterRef
from django.db.models.functions import JSONObject
from rest_framework import serializers

from common.base import BaseModel
from common.money import AMOUNT, LARGEST, PERCENT, ZERO, Amounts, AmountText, MoneyColumn, line_amounts, minor_units, sum_of
from common.tenancy.fields import TenantForeignKey

from .serializers import DOES_NOT_EXIST, Strict, visible

MAX_LINES = 500
#: What a line says; the rest of it is computed.
GIVEN = ("product", "description", "quantity", "price", "discount", "discount_type", "tax")
DISCOUNT_TYPES = [(PERCENT, "Percent"), (AMOUNT, "Amount")]


class Line(BaseModel):
    """A line of a document. A subclass adds the reference to it, as its ``lines``."""

    tracked = False  # they are replaced together; what they come to is on the document, which is tracked

    position = models.PositiveSmallIntegerField()
    product = TenantForeignKey("opportunity.Product", models.SET_NULL, null=True, blank=True, related_name="+")
    description = models.TextField(blank=True)
    quantity = models.DecimalField(max_digits=14, decimal_places=4, default=1, validators=[MinValueValidator(0)])
    price = models.DecimalField(max_digits=16, decimal_places=4, validators=[MinValueValidator(0)])
    discount = models.DecimalField(max_digits=16, decimal_places=4, default=ZERO, validators=[MinValueValidator(0)])
    discount_type = models.CharField(max_length=7, choices=DISCOUNT_TYPES, default=PERCENT)
    tax = TenantForeignKey("opportunity.TaxRate", models.SET_NULL, null=True, blank=True, related_name="+")
    tax_name = models.CharField(max_length=60, blank=True, editable=False)
    tax_percent = models.DecimalField(max_digits=7, decimal_places=4, default=ZERO, editable=False,
                                      validators=[MinValueValidator(0), MaxValueValidator(100)])  # fmt: skip
    subtotal = MoneyColumn()
    discount_amount = MoneyColumn()
    tax_amount = MoneyColumn()
    total = MoneyColumn()
    places = models.PositiveSmallIntegerField(default=2, editable=False, help_text="Decimals of its currency")

    class Meta:
        abstract = True
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.description or str(self.product_id or "line")

    @property
    def amounts(self) -> Amounts:
        return Amounts(self.subtotal, self.discount_amount, self.tax_amount, self.total)


class Document(Protocol):
    """What has lines: a currency, and a place for what they come to."""

    pk: Any
    currency: str
    _meta: ClassVar[Any]
    lines: Any

    def set_amounts(self, amounts: Amounts, *, has_lines: bool) -> None: ...


class LineSerializer(Strict):
    """One line. Without a price it is the product's, in the document's currency; without a description, its name."""

    product = serializers.UUIDField(required=False, allow_null=True)
    description = serializers.CharField(required=False, allow_blank=True, max_length=10_000)
    quantity = serializers.DecimalField(max_digits=12, decimal_places=4, min_value=0, required=False, help_text="1 if not given")
    price = serializers.DecimalField(max_digits=15, decimal_places=4, min_value=0, required=False, help_text="Of one")
    discount = serializers.DecimalField(max_digits=15, decimal_places=4, min_value=0, required=False)
    discount_type = serializers.ChoiceField(
        choices=DISCOUNT_TYPES, required=False, help_text="What `discount` is; percent if not given"
    )
    tax = serializers.UUIDField(required=False, allow_null=True, help_text="The id of a tax rate")
    tax_name = serializers.CharField(read_only=True)
    tax_percent = serializers.CharField(read_only=True)
    subtotal = serializers.CharField(read_only=True)
    discount_amount = serializers.CharField(read_only=True)
    tax_amount = serializers.CharField(read_only=True)
    total = serializers.CharField(read_only=True)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if values.get("discount_type", PERCENT) == PERCENT and values.get("discount", ZERO) > 100:
            raise serializers.ValidationError({"discount": ["A discount is at most 100 percent."]})
        if not values.get("product") and not values.get("description"):
            raise serializers.ValidationError({"description": ["Say what it is, or name a product."]})
        return values


class LinesField(serializers.ListField):
    """The lines of a document, all of them: what is sent replaces what was there."""

    def __init__(self, line_model: Any, document: str, **kwargs: Any):
        self.line_model, self.document = line_model, document
        super().__init__(**{"child": LineSerializer(), "max_length": MAX_LINES, "required": False, **kwargs})

    @property
    def expression(self) -> Any:
        """The lines as JSON, in their order."""
        amounts = ("price", "subtotal", "discount_amount", "tax_amount", "total")
        plain = ("quantity", "discount", "tax_percent")
        shape: dict[str, Any] = {name: name for name in ("description", "discount_type", "tax_name")}
        shape |= {"product": F("product_id"), "tax": F("tax_id")}
        shape |= {name: AmountText(F(name), F("places")) for name in amounts}
        shape |= {name: AmountText(F(name), 0) for name in plain}
        rows = self.line_model._default_manager.filter(**{self.document: OuterRef("pk")}).order_by("position")
        return ArraySubquery(rows.values(line=JSONObject(**shape)))

    def to_internal_value(self, data: Any) -> list[dict[str, Any]]:
        """Products and taxes become the rows that they name, each kind looked up in one statement."""
        lines = super().to_internal_value(data)
        for name in ("product", "tax"):
            target = self.line_model._meta.get_field(name).related_model
            ids = {line[name] for line in lines if line.get(name)}
            found = {row.pk: row for row in visible(target, self.context["profile"]).filter(pk__in=ids)} if ids else {}
            for number, line in enumerate(lines):
                if line.get(name):
                    if line[name] not in found:
                        message = DOES_NOT_EXIST.format(pk_value=line[name])
                        raise serializers.ValidationError({str(number): {name: [message]}})
                    line[name] = found[line[name]]
        return lines


@transaction.atomic(savepoint=False)
def write_lines(document: Document, lines: list[dict[str, Any]]) -> None:
    """Replace a document's lines by ``lines``, as a LinesField gives them, and sum them up. The caller saves the document.

    Raises a validation error that names the line: one without a price, a discount that is too high, too large a number.
    """
    field = document._meta.get_field("lines")
    prices = listed_prices(document, lines)
    rows = []
    for number, line in enumerate(lines):
        try:
            rows.append(priced(field.related_model(**{field.remote_field.name: document}), line, prices, document.currency))
        except ValueError as error:
            raise serializers.ValidationError({"lines": {str(number): {"price": [str(error)]}}}) from error
        rows[-1].position = number + 1
    amounts = sum_of(row.amounts for row in rows)
    if amounts.total > LARGEST or amounts.subtotal > LARGEST:
        raise serializers.ValidationError({"lines": ["This comes to more than can be stored."]})
    document.lines.all().delete()
    field.related_model._default_manager.bulk_create(rows)
    document.set_amounts(amounts, has_lines=bool(rows))


def listed_prices(document: Document, lines: list[dict[str, Any]]) -> dict[Any, Decimal]:
    """The prices of the products whose line names none, by product, from the price list in the document's currency."""
    products = [line["product"] for line in lines if line.get("product") and line.get("price") is None]
    if not products:
        return {}
    own = {
        product.pk: product.price for product in products if product.price is not None and product.currency == document.currency
    }
    prices = products[0].prices.model._default_manager.filter(product__in=products, currency=document.currency)
    return own | dict(prices.values_list("product", "price"))


def priced(row: Any, line: dict[str, Any], prices: dict[Any, Decimal], currency: str) -> Any:
    """``row`` with what ``line`` says and what that comes to. Raises ValueError."""
    product, tax = line.get("product"), line.get("tax")
    price = line.get("price")
    if price is None:
        price = prices.get(product.pk) if product else None
    if price is None:
        raise ValueError(f"{product} has no price in {currency}: give one." if product else "Give a price.")
    row.product, row.tax, row.price = product, tax, price
    row.description = line.get("description") or str(product or "")
    row.quantity = line.get("quantity", Decimal(1))
    row.discount, row.discount_type = line.get("discount", ZERO), line.get("discount_type", PERCENT)
    row.tax_name = line.get("tax_name", tax.name if tax else "")
    row.tax_percent = line.get("tax_percent", tax.percent if tax else ZERO)
    amounts = line_amounts(quantity=row.quantity, price=price, discount=row.discount, discount_type=row.discount_type,
                           tax_percent=row.tax_percent, currency=currency)  # fmt: skip
    row.subtotal, row.discount_amount, row.tax_amount, row.total = amounts.subtotal, amounts.discount, amounts.tax, amounts.total
    row.places = minor_units(currency)
    return row


def lines_of(document: Document) -> list[dict[str, Any]]:
    """A document's lines as ``write_lines`` takes them, with the taxes as they were when they were written."""
    rows = document.lines.select_related("product", "tax").order_by("position")
    return [{name: getattr(row, name) for name in (*GIVEN, "tax_name", "tax_percent")} for row in rows]


class LinedSerializer(serializers.Serializer[Any]):
    """Mixin: a document's ``lines``, written with it."""

    def create(self, values: dict[str, Any]) -> Any:
        lines = values.pop("lines", [])
        instance = super().create(values)
        if lines:
            self.write(instance, lines)
        return instance

    def update(self, instance: Any, values: dict[str, Any]) -> Any:
        """In another currency the lines keep their prices, and are rounded anew."""
        lines, before = values.pop("lines", None), instance.currency
        instance = super().update(instance, values)
        if lines is None and instance.currency != before:
            lines = lines_of(instance)
        if lines is not None:
            self.write(instance, lines)
        return instance

    def write(self, instance: Any, lines: list[dict[str, Any]]) -> None:
        write_lines(instance, lines)
        instance.save(update_fields=[*instance.amount_columns, "updated_at", "updated_by"])
