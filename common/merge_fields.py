"""Texts with places for a record's values: ``Hello {{ contact.first_name }}``."""

import re
from collections.abc import Iterable, Mapping

from django.core.exceptions import ValidationError

FIELD = re.compile(r"\{\{([^{}]*)\}\}")


def fields_in(text: str) -> list[str]:
    return [name.strip() for name in FIELD.findall(text)]


def check_fields(text: str, known: Iterable[str]) -> None:
    """Raises ValidationError, which names the fields there are, for one that is none of them."""
    known = list(known)
    if unknown := [name for name in fields_in(text) if name not in known]:
        raise ValidationError(f'Unknown field "{unknown[0][:60]}". Fields: {", ".join(known)}.')


def merged(text: str, values: Mapping[str, object]) -> str:
    """``text`` with its fields filled in; what there is no value for is left out. Raises ValidationError as above."""
    check_fields(text, values)
    return FIELD.sub(lambda found: str(values[found[1].strip()] or ""), text)
