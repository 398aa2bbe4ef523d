"""What a mail may say where its headers are made of it. Rows from whichever way pass here: API, admin, inbound mail."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

MAX_ADDRESSES = 100


def one_line(value: str) -> None:
    """A line break would begin another header."""
    if any(ord(character) < 32 or character in "\x7f\x85\u2028\u2029" for character in value):
        raise ValidationError("This must be a single line.")


def some_addresses(value: Any) -> None:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise ValidationError("Expected a list of e-mail addresses.")
    if len(value) > MAX_ADDRESSES:
        raise ValidationError(f"At most {MAX_ADDRESSES} addresses.")
    for entry in value:
        one_line(entry)
        try:
            validate_email(entry)
        except ValidationError:
            raise ValidationError(f'"{entry[:100]}" is not an e-mail address.') from None
