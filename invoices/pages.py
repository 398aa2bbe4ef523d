"""What a customer sees behind the link of an invoice or estimate, without signing in."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from common.api.errors import Conflict
from common.links import opened
from common.money import written
from common.people.pages import show_mailed

from . import services
from .models import Invoice
from .pdf import plain, price_of
from .views import pdf_response


@contextmanager
def found(token: str) -> Iterator[Invoice]:
    """The document of a link, locked, in a transaction of its org. Raises Http404."""
    with opened(token, source="link") as digest, transaction.atomic():
        invoice = Invoice.objects.select_for_update(of=("self",)).filter(public_hash=digest).first()
        if invoice is None:
            raise Http404
        yield invoice


@require_safe
def invoice_page(request: HttpRequest, token: str) -> HttpResponse:
    with found(token) as invoice:
        if request.method == "GET":
            services.note_view(invoice)
        return show_mailed(request, "invoices/document.html", **about(invoice), token=token)


def about(invoice: Invoice) -> dict[str, Any]:
    """What the page says."""
    answerable = invoice.kind == Invoice.Kind.ESTIMATE and invoice.status in (Invoice.Status.SENT, Invoice.Status.VIEWED)
    expired = answerable and invoice.due_date is not None and invoice.due_date < services.today()

    def money(amount: Decimal) -> str:
        return written(amount, invoice.currency)

    return {
        "invoice": invoice,
        "kind": services.name_of(invoice).capitalize(),
        "lines": [
            (line, plain(line.quantity), price_of(line, money), money(line.total)) for line in invoice.lines.order_by("position")
        ],
        "total": money(invoice.total),
        "tax": money(invoice.tax) if invoice.tax else "",
        "owed": money(invoice.balance) if invoice.is_open else "",
        "answerable": answerable and not expired,
        "expired": expired,
    }


@require_safe
def invoice_pdf(request: HttpRequest, token: str) -> HttpResponse:
    with found(token) as invoice:
        response = pdf_response(invoice)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_POST
def answer_estimate(request: HttpRequest, token: str) -> HttpResponse:
    with found(token) as invoice:
        by, reason = request.POST.get("by", "").strip()[:200], request.POST.get("reason", "").strip()[:1000]
        choice = request.POST.get("answer")
        if not by or choice not in ("accept", "decline"):
            messages.error(request, "Please write your name.")
            return redirect("invoice-page", token=token)
        try:
            services.answer(invoice, accepted=choice == "accept", by=by.replace("\x00", ""), reason=reason.replace("\x00", ""))
        except Conflict as error:
            messages.error(request, str(error.detail))
        else:
            messages.success(request, "Thank you: your answer was noted.")
    return redirect("invoice-page", token=token)
