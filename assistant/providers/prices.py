"""What an answer cost."""

import re
from decimal import Decimal

from django.conf import settings

from .shapes import Usage

MILLION = 1_000_000


def cost(model: str, usage: Usage) -> Decimal:
    """USD, by the name that the server gave or, where that has no price, by the one we asked for."""
    prices = settings.OPENAI_PRICES
    undated = re.sub(r"-\d{4}-\d{2}-\d{2}$", "", model)
    read, written, *cached = next((prices[name] for name in (model, undated, settings.OPENAI_MODEL) if name in prices), (0, 0))
    fresh = usage.read - usage.cached
    total = fresh * read + usage.cached * (cached[0] if cached else read) + usage.written * written
    return Decimal(total) / MILLION
