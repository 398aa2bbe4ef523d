"""Admin pages of deals and of what they are reckoned with: prices, taxes, exchange rates, goals."""

from typing import Any

from django.contrib import admin

from common.admin_base import TenantAdmin, TenantInline
from common.admin_commands import Command
from common.admin_fields import amount_of
from common.records.admin import RecordAdmin
from common.records.line_admin import LineInline
from common.records.models import Stage

from .models import ExchangeRate, Goal, Opportunity, OpportunityLine, Price, Product, StageLimit, TaxRate
from .serializers import CloseSerializer, QuoteSerializer
from .views import (
    ExchangeRateViewSet,
    GoalViewSet,
    OpportunityViewSet,
    PriceViewSet,
    StageLimitViewSet,
    TaxRateViewSet,
)

CLOSED = (Stage.Kind.WON, Stage.Kind.LOST)


class OpportunityLineInline(LineInline):
    model = OpportunityLine
    parent_viewset = OpportunityViewSet


def is_open(deal: Opportunity) -> bool:
    return deal.stage.kind not in CLOSED


class OpportunityAdmin(RecordAdmin):
    list_display = ["__str__", "account", "stage", amount_of("amount"), "close_date", "created_at"]
    inlines = [OpportunityLineInline]
    commands = (
        Command("Close as won", "close", CloseSerializer, "emoji_events", is_open, {"won": True}),
        Command("Close as lost", "close", CloseSerializer, "cancel", is_open, {"won": False}),
        Command("Make a quote", "quote", QuoteSerializer, "request_quote", lambda deal: deal.has_lines, makes="invoices.Invoice",
                explained="An estimate, as a draft, with the lines of the deal."),
    )  # fmt: skip


class PriceInline(TenantInline):
    model = Price
    viewset = PriceViewSet
    can_delete = True
    fields = ["currency", "price"]
    verbose_name = "price in a further currency"
    verbose_name_plural = "prices in further currencies"


class ProductAdmin(RecordAdmin):
    inlines = [PriceInline]


class MoneyAdmin(TenantAdmin):
    section = "Money"


class PriceAdmin(MoneyAdmin):
    icon = "sell"
    viewset = PriceViewSet
    list_display = ["product", amount_of("price")]
    list_select_related = ("product",)
    search_fields = ["currency", "product__name"]


class TaxRateAdmin(MoneyAdmin):
    icon = "percent"
    viewset = TaxRateViewSet
    list_display = ["name", "percent"]
    search_fields = ["name"]


class ExchangeRateAdmin(MoneyAdmin):
    icon = "currency_exchange"
    viewset = ExchangeRateViewSet
    list_display = ["currency", "rate"]
    search_fields = ["currency"]


class GoalAdmin(TenantAdmin):
    section = "Sales"
    icon = "flag"
    viewset = GoalViewSet
    list_display = ["name", "profile", "team", amount_of("amount"), "starts_on", "ends_on"]
    list_select_related = ("profile__user", "team")
    search_fields = ["name"]


class StageLimitAdmin(TenantAdmin):
    section = "Sales"
    icon = "hourglass_bottom"
    viewset = StageLimitViewSet
    list_display = ["stage", "days"]
    list_select_related = ("stage",)
    search_fields = ["stage__name"]

    def choices(self, db_field: Any, request: Any) -> Any:
        rows = super().choices(db_field, request)
        return rows.filter(pipeline__module=Opportunity.module) if db_field.name == "stage" else rows


admin.site.unregister([Opportunity, Product])
admin.site.register(Opportunity, OpportunityAdmin)
admin.site.register(Product, ProductAdmin)
admin.site.register(Price, PriceAdmin)
admin.site.register(TaxRate, TaxRateAdmin)
admin.site.register(ExchangeRate, ExchangeRateAdmin)
admin.site.register(Goal, GoalAdmin)
admin.site.register(StageLimit, StageLimitAdmin)
