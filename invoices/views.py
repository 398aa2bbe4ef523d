from typing import Any, ClassVar

from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.errors import Conflict
from common.api.parameters import ETAG, IF_MATCH, LOCATION, documented
from common.records.serializers import DOES_NOT_EXIST
from common.records.views import RecordViewSet

from . import recurring, services
from .aging import aging
from .models import OPEN, Invoice
from .pdf import pdf_of
from .serializers import (
    AgingSerializer,
    AnswerSerializer,
    CreditSerializer,
    InvoiceSerializer,
    PaySerializer,
    ReasonSerializer,
    RemindSerializer,
    RepeatSerializer,
    SendSerializer,
    TakeBackSerializer,
)

#: What a list leaves out unless it is asked for with ?fields=.
LONG = ("lines", "payments")


UNPAID = {"kind": Invoice.Kind.INVOICE.value, "status__in": ",".join(status.value for status in OPEN)}


class InvoiceViewSet(RecordViewSet):
    queryset = Invoice.objects.all()
    serializer_class = InvoiceSerializer
    tool_names: ClassVar[dict[str, str]] = {
        "pay": "record_payment_of_{one}",
        "unpay": "take_back_payment_of_{one}",
        "remind": "send_reminder_of_{one}",
        "note_answer": "note_customers_answer_to_{one}",
        "bill": "make_{one}_of_estimate",
        "credit": "make_credit_note_of_{one}",
        "stop_repeating": "stop_repeating_{one}",
    }
    also_called = ["bill", "estimate", "quote", "credit note"]
    said_as: ClassVar[dict[str, dict[str, str]]] = dict.fromkeys(("open", "unpaid", "outstanding"), UNPAID)
    example = {
        "title": "Two sea kayaks",
        "currency": "EUR",
        "due_date": "2026-12-31",
    }
    filterset_fields = ["kind", "status", "number", "title", "account", "account__name", "contact", "opportunity", "currency",
                        "issue_date", "due_date", "total"]  # fmt: skip

    def get_names(self) -> tuple[str, ...]:
        names = super().get_names()
        if self.action in ("list", "bin") and "fields" not in self.request.query_params:
            return tuple(name for name in names if name not in LONG)
        return names

    def perform_update(self, serializer: Any) -> None:
        instance, values = serializer.instance, serializer.validated_data
        services.refuse_change(instance, {name for name in values if name == "lines" or getattr(instance, name) != values[name]})
        super().perform_update(serializer)

    def perform_destroy(self, instance: Any) -> None:
        if instance.status != Invoice.Status.DRAFT:
            raise Conflict(f"Numbers have no gaps: {instance.number} stays. Cancel it instead.")
        super().perform_destroy(instance)

    def validated(self, serializer_class: Any) -> dict[str, Any]:
        serializer = serializer_class(data=self.request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def made(self, invoice: Invoice) -> Response:
        """A document that came out of another one."""
        location = f"/api/v1/{self.module}/{invoice.pk}/"
        return self.written(invoice.pk, code=201, Location=location)

    @documented(IF_MATCH, ETAG)
    @extend_schema(request=SendSerializer, responses={409: "It was sent already."})
    @action(detail=True, methods=["post"])
    def send(self, request: Request, pk: Any = None) -> Response:
        """Send a draft to the customer: it gets its number, and goes out by mail as PDF with a link."""
        services.send(self.get_object_for("edit"), **self.validated(SendSerializer))
        return self.written(pk)

    @documented(IF_MATCH, ETAG)
    @extend_schema(request=RemindSerializer, responses={409: "Nothing is owed for it."})
    @action(detail=True, methods=["post"])
    def remind(self, request: Request, pk: Any = None) -> Response:
        """Remind the customer by mail of an invoice that is not paid."""
        services.remind(self.get_object_for("edit"), **self.validated(RemindSerializer))
        return self.written(pk)

    @documented(IF_MATCH, ETAG)
    @extend_schema(
        request=PaySerializer,
        responses={409: "Nothing is owed for it."},
        examples=[OpenApiExample("A transfer", {"amount": "500.00", "reference": "TR-2291"}, request_only=True)],
    )
    @action(detail=True, methods=["post"], url_path="payments", url_name="payments")
    def pay(self, request: Request, pk: Any = None) -> Response:
        """Record a payment for an invoice: never more than is owed."""
        services.pay(self.get_object_for("edit"), **self.validated(PaySerializer))
        return self.written(pk)

    @documented(IF_MATCH, ETAG)
    @extend_schema(request=TakeBackSerializer)
    @action(detail=True, methods=["post"], url_path="payments/take-back", url_name="take-back")
    def unpay(self, request: Request, pk: Any = None) -> Response:
        """Remove a payment that was recorded by mistake."""
        invoice, payment = self.get_object_for("edit"), self.validated(TakeBackSerializer)["payment"]
        if payment.invoice_id != invoice.pk:
            raise ValidationError({"payment": [DOES_NOT_EXIST.format(pk_value=payment.pk)]})
        services.take_back(payment)
        return self.written(pk)

    @documented(IF_MATCH, ETAG)
    @extend_schema(request=ReasonSerializer, responses={409: "It is a draft, or something was paid."})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: Any = None) -> Response:
        """Withdraw an invoice or estimate that was sent. It keeps its number."""
        services.cancel(self.get_object_for("edit"), **self.validated(ReasonSerializer))
        return self.written(pk)

    @documented(IF_MATCH, ETAG, LOCATION)
    @extend_schema(request=CreditSerializer, responses={201: InvoiceSerializer, 409: "Nothing is owed for it."})
    @action(detail=True, methods=["post"])
    def credit(self, request: Request, pk: Any = None) -> Response:
        """Make a credit note for an invoice: for some lines, or for all of it."""
        self.require("create")
        return self.made(services.credit(self.get_object_for("edit"), **self.validated(CreditSerializer)))

    @documented(IF_MATCH, ETAG)
    @extend_schema(request=AnswerSerializer, responses={409: "It was answered already, or its time is over."})
    @action(detail=True, methods=["post"], url_path="answer", url_name="answer")
    def note_answer(self, request: Request, pk: Any = None) -> Response:
        """Note that the customer has accepted or declined an estimate, where they did not use its link."""
        services.answer(self.get_object_for("edit"), **self.validated(AnswerSerializer))
        return self.written(pk)

    @documented(IF_MATCH, ETAG, LOCATION)
    @extend_schema(request=None, responses={201: InvoiceSerializer, 409: "It became an invoice already."})
    @action(detail=True, methods=["post"])
    def bill(self, request: Request, pk: Any = None) -> Response:
        """Make an invoice, as a draft, of an estimate."""
        self.require("create")
        return self.made(services.bill(self.get_object_for("edit")))

    @documented(IF_MATCH, ETAG)
    @extend_schema(request=RepeatSerializer)
    @action(detail=True, methods=["post"])
    def repeat(self, request: Request, pk: Any = None) -> Response:
        """Make an invoice anew by a rule: each month, each quarter. This one is the template."""
        recurring.repeat(self.get_object_for("edit"), **self.validated(RepeatSerializer))
        return self.written(pk)

    @documented(IF_MATCH, ETAG)
    @extend_schema(request=None, responses={409: "It is not repeated."})
    @action(detail=True, methods=["post"], url_path="repeat/stop", url_name="stop-repeating")
    def stop_repeating(self, request: Request, pk: Any = None) -> Response:
        """Make an invoice no more by its rule. Those that were made stay."""
        recurring.stop_repeating(self.get_object_for("edit"))
        return self.written(pk)

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(detail=True)
    def pdf(self, request: Request, pk: Any = None) -> HttpResponse:
        """The document as PDF."""
        invoice = self.visible().filter(pk=pk).first()
        if invoice is None:
            raise Http404
        return pdf_response(invoice)

    @extend_schema(responses=AgingSerializer, filters=False)
    @action(detail=False)
    def aging(self, request: Request) -> Response:
        """What customers owe, by currency and account, and for how long it has been due."""
        self.require("view")
        return Response(aging(self.visible(), self.profile, services.today()))


def pdf_response(invoice: Invoice) -> HttpResponse:
    name = f"{invoice.number or 'draft'}.pdf".replace("/", "-")
    headers = {"Content-Disposition": f'inline; filename="{name}"' if name.isascii() else "inline"}
    return HttpResponse(pdf_of(invoice), content_type="application/pdf", headers=headers)
