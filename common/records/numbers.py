"""Numbers of documents: one after the other, without a gap, however many are made at once."""

import re

from django.core.validators import RegexValidator
from django.db import models, transaction

from common.base import BaseModel

FORMAT = re.compile(r"[^{}]*(\{year\}[^{}]*)?\{number(:0[1-9]d)?\}[^{}]*")
DEFAULTS = {
    "case": "{number}",
    "invoice": "INV-{year}-{number:04d}",
    "estimate": "EST-{year}-{number:04d}",
    "credit_note": "CN-{year}-{number:04d}",
}


class NumberSeries(BaseModel):
    """A series of an org: what its next number is, and how it is written. With {year} it begins anew each year."""

    tracked = False  # the documents show it

    name = models.CharField(max_length=40, choices=[(name, name) for name in DEFAULTS])
    format = models.CharField(
        max_length=28,
        help_text="With {number} or {number:04d}, and {year} before it if wanted",
        validators=[
            RegexValidator(re.compile(rf"^{FORMAT.pattern}$"), "Expected text with {number}, as INV-{year}-{number:04d}.")
        ],
    )
    year = models.PositiveSmallIntegerField(default=0, editable=False)
    next_number = models.PositiveIntegerField(default=1)

    class Meta:
        db_table = "number_series"
        ordering = ["name"]
        verbose_name_plural = "number series"
        constraints = [models.UniqueConstraint(fields=["org", "name"], name="number_series_name_once")]

    def __str__(self) -> str:
        return self.name


@transaction.atomic(savepoint=False)
def next_number(name: str, year: int) -> str:
    """The next number of a series, written out. It is taken when the transaction commits; rolled back, it is free again.

    The series is locked until then: whoever wants a number at the same time waits.
    """
    NumberSeries.objects.bulk_create([NumberSeries(name=name, format=DEFAULTS[name])], ignore_conflicts=True)
    series = NumberSeries.objects.select_for_update(of=("self",)).get(name=name)
    if year > series.year:
        if series.year and "{year}" in series.format:
            series.next_number = 1
        series.year = year
    number: str = series.format.format(year=series.year, number=series.next_number)
    series.next_number += 1
    series.save(update_fields=["year", "next_number", "updated_at", "updated_by"])
    return number
