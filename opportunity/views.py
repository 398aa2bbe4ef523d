from datetime import date
from functools import cache
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.filters import Filter, apply_filters
from common.api.pages import whole_number
from common.api.parameters import ETAG, IF_MATCH, LOCATION, documented, filters_of, search_of, whole
from common.records.staged_views import StagedViewSet
from common.records.tenant_views import TenantViewSet
from common.records.views import RecordViewSet

from . import services
from .forecast import forecast, months_after, progress, rates_of
from .models import ExchangeRate, Goal, Opportunity, Price, Product, StageLimit, TaxRate
from .serializers import (
    ROTTING,
    CloseSerializer,
    ExchangeRateSerializer,
    ForecastRow,
    GoalSerializer,
    OpportunitySerializer,
    PriceSerializer,
    ProductSerializer,
    ProgressSerializer,
    QuotedSerializer,
    QuoteSerializer,
    StageLimitSerializer,
    TaxRateSerializer,
)

MAX_MONTHS = 36


class RottingFilter(Filter):
    """Deals that have stood too long in their stage."""

    target = Opportunity._meta.get_field("has_lines")  # a boolean, as this is

    def apply(self, queryset: Any, value: Any, profile: Any) -> Any:
        return queryset.filter(ROTTING) if value else queryset.exclude(ROTTING)


class OpportunityViewSet(StagedViewSet):
    queryset = Opportunity.objects.all()
    serializer_class = OpportunitySerializer
    also_called = ["deal"]
    example = {"name": "Two engines", "amount": "5000.00", "currency": "GBP", "probability": 40, "status": "Qualification"}
    filterset_fields = ["name", "account", "account__name", "contacts", "amount", "currency", "probability", "lead_source",
                        "close_date", "closed_on", "close_reason", "stage_entered_at"]  # fmt: skip

    @classmethod
    @cache
    def filters(cls) -> dict[str, Filter]:
        return super().filters() | {"rotting": RottingFilter("rotting", RottingFilter.target, "")}

    def get_names(self) -> tuple[str, ...]:
        """A list leaves the lines out unless it is asked for them."""
        names = super().get_names()
        if self.action in ("list", "bin", "board") and "fields" not in self.request.query_params:
            return tuple(name for name in names if name != "lines")
        return names

    def validated(self, serializer_class: Any) -> dict[str, Any]:
        serializer = serializer_class(data=self.request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    @documented(IF_MATCH, ETAG)
    @extend_schema(
        request=CloseSerializer,
        responses={409: "It is closed already."},
        examples=[OpenApiExample("Won", {"won": True, "reason": "Best service"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: Any = None) -> Response:
        """Close a deal as won or lost, with the reason."""
        deal, values = self.get_object_for("edit"), self.validated(CloseSerializer)
        services.close(deal, **{"closed_on": self.profile.org.today, **values})
        return self.written(pk)

    @documented(IF_MATCH, LOCATION)
    @extend_schema(request=QuoteSerializer, responses={201: QuotedSerializer})
    @action(detail=True, methods=["post"])
    def quote(self, request: Request, pk: Any = None) -> Response:
        """Make an estimate, as a draft, of a deal's lines. Send it as any invoice; accepted, it becomes one."""
        deal, values = self.get_object_for("edit"), self.validated(QuoteSerializer)
        estimate = services.quote(deal, by=self.profile, **values)
        return Response(
            QuotedSerializer(estimate).data, status=201, headers={"Location": f"/api/v1/{estimate.module}/{estimate.pk}/"}
        )

    @extend_schema(
        responses=ForecastRow(many=True),
        parameters=[
            OpenApiParameter("from", date, description="A day of the first month; without it, of this one"),
            whole("months", "How many months", 1, MAX_MONTHS, default=6),
            OpenApiParameter("by", str, enum=["owner"], description="By owner, too"),
            OpenApiParameter("convert", bool, description="In the organization's currency, by its exchange rates"),
        ],
    )
    @documented(filters_of, search_of)
    @action(detail=False, filter_backends=[])
    def forecast(self, request: Request) -> Response:
        """What open deals are expected to bring, weighted by their probability, and what was won, by month. Sums are
        never taken over several currencies: without `convert` each has rows of its own."""
        self.require("view")
        query = request.query_params
        first = months_after(self._day(query.get("from")), 0)
        months = whole_number(request, "months", 6, 1, MAX_MONTHS)
        deals = self.filtered(self.visible(), "from", "months", "by", "convert")
        org = self.profile.org
        rates = rates_of(org) if self._choice("convert", ("true", "false")) == "true" else None
        by_owner = self._choice("by", ("owner",)) == "owner"
        end = months_after(first, months)
        return Response(forecast(deals, first, end, by_owner=by_owner, rates=rates, currency=org.currency))

    def _day(self, raw: str | None) -> date:
        try:
            day = date.fromisoformat(raw) if raw else self.profile.org.today
        except ValueError as error:
            raise ValidationError({"from": ["Expected a date like 2026-01-31."]}) from error
        if not 1990 <= day.year <= 2100:
            raise ValidationError({"from": ["Expected a day between 1990 and 2100."]})
        return day

    def _choice(self, name: str, choices: tuple[str, ...]) -> str | None:
        value = self.request.query_params.get(name)
        if value is not None and value not in choices:
            raise ValidationError({name: [f"Expected one of: {', '.join(choices)}."]})
        return value


class ProductViewSet(RecordViewSet):
    queryset = Product.objects.all()
    serializer_class = ProductSerializer
    example = {"name": "Sea kayak", "code": "SK-1", "price": "1490.00", "currency": "EUR"}
    filterset_fields = ["name", "code", "price", "currency", "is_active"]


class PriceViewSet(TenantViewSet):
    """The price list: what products cost in further currencies."""

    queryset = Price.objects.all()
    serializer_class = PriceSerializer
    module = "organization"
    example = {"product": "0192d3c0-0000-7000-8000-000000000000", "currency": "GBP", "price": "1290.00"}
    filterset_fields = ["product", "currency"]
    default_order = ["currency"]
    more_orders = ["currency"]

    def visible(self, action: str = "view") -> Any:
        """Those of the products that the caller may see."""
        return super().visible(action).filter(product__in=Product.objects.visible_to(self.profile).order_by().values("pk"))

    def sees_all(self) -> bool:
        return False

    def get_object_for(self, action: str) -> Any:
        self.require(action)
        return super().get_object_for(action)


class TaxRateViewSet(TenantViewSet):
    """Taxes by their names, for lines."""

    queryset = TaxRate.objects.all()
    serializer_class = TaxRateSerializer
    module = "organization"
    example = {"name": "VAT", "percent": "19"}
    filterset_fields = ["name"]
    default_order = ["name"]
    more_orders = ["name"]


class ExchangeRateViewSet(TenantViewSet):
    """What currencies are worth in the organization's own, as it states it."""

    queryset = ExchangeRate.objects.all()
    serializer_class = ExchangeRateSerializer
    module = "organization"
    example = {"currency": "GBP", "rate": "1.17"}
    filterset_fields = ["currency"]
    default_order = ["currency"]
    more_orders = ["currency"]


class StageLimitViewSet(TenantViewSet):
    """For how long a deal may stand in a stage before it is called rotting."""

    queryset = StageLimit.objects.all()
    serializer_class = StageLimitSerializer
    module = "pipelines"
    example = {"stage": "0192d3c0-0000-7000-8000-000000000000", "days": 14}
    filterset_fields = ["stage"]
    default_order = ["-id"]


class GoalViewSet(TenantViewSet):
    """What people, teams or all together want to win in a time."""

    queryset = Goal.objects.all()
    serializer_class = GoalSerializer
    module = "pipelines"
    example = {
        "name": "First quarter",
        "starts_on": "2027-01-01",
        "ends_on": "2027-03-31",
        "amount": "50000.00",
        "currency": "EUR",
    }
    filterset_fields = ["profile", "team", "starts_on", "ends_on", "currency"]
    default_order = ["-starts_on"]

    @extend_schema(responses=ProgressSerializer(many=True))
    @documented(filters_of)
    @action(detail=False, filter_backends=[])
    def progress(self, request: Request) -> Response:
        """How far each goal is, by the won deals that you may see. Other currencies count by the stated exchange rates."""
        self.require("view")
        goals = apply_filters(self.visible(), self.filters(), request.query_params, self.profile, set())
        deals = Opportunity.objects.visible_to(self.profile)
        return Response(progress(goals.order_by("-starts_on", "-id"), deals, self.profile.org))
