"""What is sold, at which prices, and how much of it is hoped for, for each organization of the demo."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import cycle

from django.utils import timezone

from common.people.models import Profile
from common.records.lines import write_lines
from common.records.models import Stage
from common.tenancy import org_scope

from .forecast import months_after
from .models import ExchangeRate, Goal, Opportunity, Price, Product, StageLimit, TaxRate

#: By the domain of the demo's organization: (name, code, price, price in pounds)
PRODUCTS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "fjord.example": (
        ("Touring kayak Sula", "TK-14", "1290.00", "1120.00"),
        ("Sea kayak Havn", "SK-16", "1690.00", "1460.00"),
        ("Paddle, carbon, 210 cm", "PD-210", "189.50", "164.00"),
        ("Life vest, 50 N", "LV-50", "79.90", "69.00"),
    ),
    "lumen.example": (
        ("Evening course, 12 weeks", "EC-12", "640.00", "550.00"),
        ("Company course, per day", "CC-1", "780.00", "670.00"),
        ("Placement test", "PT", "45.00", "39.00"),
    ),
}
#: What one of another currency is worth.
RATES = {"EUR": {"GBP": "1.17", "USD": "0.92"}, "USD": {"GBP": "1.27", "EUR": "1.09"}}
LIMITS = (14, 21, 30)


def add_demo(domain: str, staff: list[Profile]) -> None:
    """In the scope of an organization that has people, opportunities and stages."""
    if domain not in PRODUCTS:
        return
    currency = staff[0].org.currency
    taxes = [TaxRate.objects.create(name="VAT", percent=19), TaxRate.objects.create(name="VAT, reduced", percent=7)]
    ExchangeRate.objects.bulk_create(ExchangeRate(currency=other, rate=Decimal(rate)) for other, rate in RATES[currency].items())
    products = [
        Product.objects.create(name=name, code=code, price=Decimal(price), currency=currency)
        for name, code, price, _ in PRODUCTS[domain]
    ]
    for product, (*_, pounds) in zip(products, PRODUCTS[domain], strict=True):
        product.assigned_to.set(staff)
        Price.objects.create(product=product, currency="GBP", price=Decimal(pounds))
    open_stages = Stage.objects.filter(pipeline__module="opportunities", kind=Stage.Kind.OPEN).order_by("position")
    StageLimit.objects.bulk_create(StageLimit(stage=stage, days=days) for stage, days in zip(open_stages, LIMITS, strict=False))
    fill_deals(products, taxes[0])
    add_goals(staff, currency)


def fill_deals(products: list[Product], tax: TaxRate) -> None:
    """Lines for each deal, worth about what it was; some have stood still for a while."""
    offered, now = cycle(products[:2]), timezone.now()
    for number, deal in enumerate(Opportunity.objects.order_by("created_at")):
        product = next(offered)
        quantity = max(1, round((deal.amount or 0) / (product.price or 1)))
        lines = [
            {"product": product, "quantity": Decimal(quantity), "tax": tax},
            {"product": products[2], "quantity": Decimal(2 + number), "tax": tax},
        ]
        write_lines(deal, lines)
        deal.stage_entered_at = now - timedelta(days=6 + 9 * number)
        deal.close_date = timezone.localdate() + timedelta(days=12 + 23 * number)
        deal.save()


def add_goals(staff: list[Profile], currency: str) -> None:
    today = timezone.localdate()
    first = date(today.year, 3 * ((today.month - 1) // 3) + 1, 1)
    last = months_after(first, 3) - timedelta(days=1)
    span = {"starts_on": first, "ends_on": last, "currency": currency}
    Goal.objects.create(name="This quarter", amount=120_000, **span)
    for person in staff[1:3]:
        with org_scope(person):
            Goal.objects.create(name=f"This quarter, {person}", profile=person, amount=45_000, **span)
