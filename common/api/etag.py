"""A record's version as an entity tag: the moment of its last change, in microseconds."""

from datetime import datetime

from django.utils.cache import cc_delim_re  # type: ignore[attr-defined]


def etag_of(updated_at: datetime) -> str:
    return f'"{int(updated_at.timestamp() * 1_000_000):x}"'


def matches(header: str, etag: str) -> bool:
    """Whether an If-Match or If-None-Match header names ``etag``."""
    tags = [tag.strip().removeprefix("W/") for tag in cc_delim_re.split(header)]
    return "*" in tags or etag in tags
