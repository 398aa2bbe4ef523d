"""An invoice, estimate or credit note as PDF. What stands in it is data to the typesetter, never markup."""

import re
import unicodedata
from collections import defaultdict
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import manimgx_fonts
import manimgx_fonts_cjk
import orjson
import typst

from common.money import PERCENT, written

from .models import Invoice

TEMPLATE = Path(__file__).with_name("invoice.typ")
TITLES = {"invoice": "Invoice", "estimate": "Estimate", "credit_note": "Credit note"}
LONGEST_WORD = re.compile(r"(\S{24})(?=\S{8})")


@cache
def fonts() -> typst.Fonts:
    """Noto for every script, from packages: the same on every machine, whatever fonts it has."""
    folders = [str(Path(package.__file__).parent) for package in (manimgx_fonts, manimgx_fonts_cjk)]
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)


@cache
def template() -> bytes:
    return TEMPLATE.read_bytes()


def pdf_of(invoice: Invoice) -> bytes:
    """Raises typst.TypstError never for what people write: it is passed as strings."""
    compiler = typst.Compiler(template(), font_paths=fonts(), ignore_system_fonts=True, root=TEMPLATE.parent)
    pdf = compiler.compile(sys_inputs={"invoice": orjson.dumps(content_of(invoice)).decode()})
    assert isinstance(pdf, bytes)
    return pdf


def content_of(invoice: Invoice) -> dict[str, Any]:
    """What is printed, each text as ``{text, rtl}``."""
    lines = list(invoice.lines.order_by("position"))
    taxes: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        if line.tax_name:
            taxes[f"{line.tax_name} {plain(line.tax_percent)} %"] += line.tax_amount

    def money(amount: Decimal) -> str:
        return written(amount, invoice.currency)

    paid = [("Paid", -invoice.paid), ("Credited", -invoice.credited)]
    after = [[name, money(amount)] for name, amount in paid if amount]
    return {
        "kind": TITLES[invoice.kind],
        "number": invoice.number or "Draft",
        "cancelled": invoice.status == Invoice.Status.CANCELLED,
        "title": text(invoice.title),
        "bill_from": text(invoice.bill_from),
        "bill_to": text(invoice.bill_to),
        "notes": text(invoice.notes),
        "dates": [
            ["Date", day(invoice.issue_date)],
            ["Valid until" if invoice.kind == Invoice.Kind.ESTIMATE else "Due", day(invoice.due_date)],
        ][: 1 if invoice.kind == Invoice.Kind.CREDIT_NOTE else 2],
        "lines": [line_of(line, money) for line in lines],
        "discounted": any(line.discount_amount for line in lines),
        "sums": [["Subtotal", money(invoice.subtotal - invoice.discount)], *([name, money(tax)] for name, tax in taxes.items())],
        "total": ["Total", money(invoice.total)],
        "after": [*after, ["Still to pay", money(invoice.balance)]] if after else [],
    }


def line_of(line: Any, money: Any) -> dict[str, Any]:
    discount = f"{plain(line.discount)} %" if line.discount_type == PERCENT else money(-line.discount_amount)
    return {
        "text": text(line.description),
        "quantity": plain(line.quantity),
        "price": price_of(line, money),
        "discount": discount if line.discount_amount else "",
        "tax": f"{plain(line.tax_percent)} %" if line.tax_name else "",
        "amount": money(line.subtotal - line.discount_amount),
    }


def price_of(line: Any, money: Any) -> str:
    """Of one: with as many decimals as it was given."""
    return str(money(line.price)) if line.price == round(line.price, line.places) else plain(line.price)


def text(value: str) -> dict[str, Any]:
    """Words that are longer than a column are given places to break."""
    first = next((kind for kind in map(unicodedata.bidirectional, value) if kind in ("L", "R", "AL")), "L")
    return {"text": LONGEST_WORD.sub("\\1\u200b", value), "rtl": first != "L"}


def plain(number: Decimal) -> str:
    """A number without needless zeros."""
    return f"{number.normalize():,f}"


def day(value: date | None) -> str:
    return f"{value:%d %B %Y}".lstrip("0") if value else ""
