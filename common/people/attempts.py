"""Limits on guessing: so many tries a minute for an address and a source, and growing pauses after wrong passwords."""

import time
from ipaddress import IPv4Address, ip_address, ip_network

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from rest_framework.exceptions import Throttled

from .models import normalize_email
from .tokens import digest

WINDOW = 60  # seconds
PER_PAIR, PER_SOURCE, PER_ADDRESS = 10, 100, 50
FREE_FAILURES, LONGEST_PAUSE = 3, 60
#: What tries a password, and so has to wait after wrong ones.
PASSWORD_TRIES = ("login", "change")


def source_of(request: HttpRequest) -> str:
    """The client's network: the connection's address, or what the outermost proxy that we trust has seen.

    Of IPv6, whoever has one address has its whole /64.
    """
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    proxies = settings.TRUSTED_PROXIES
    source = forwarded[-proxies] if proxies and len(forwarded) >= proxies else request.META.get("REMOTE_ADDR", "")
    try:
        address = ip_address(source)
        if isinstance(address, IPv4Address) or address.ipv4_mapped:
            return str(getattr(address, "ipv4_mapped", None) or address)
        return str(ip_network((int(address), 64), strict=False))
    except ValueError:
        return source


def _key(kind: str, *parts: str) -> str:
    return f"attempts:{kind}:{digest(' '.join(parts))[:32]}"


def _count(key: str, seconds: int = WINDOW) -> int:
    cache.add(key, 0, seconds)
    try:
        return cache.incr(key)
    except ValueError:  # it expired in between
        cache.set(key, 1, seconds)
        return 1


def check(request: HttpRequest, what: str, address: str = "") -> None:
    """Count one try of ``what``. Raises Throttled past its limit, or, of a password, during a pause after wrong ones."""
    factor = settings.RATE_LIMIT_FACTOR
    if not factor:
        return
    source, address = source_of(request), normalize_email(address)
    paused_until = cache.get(_key("pause", address, source), 0) if what in PASSWORD_TRIES else 0
    if (left := paused_until - time.time()) > 0:
        raise Throttled(wait=left)
    buckets = [(_key(what, "source", source), PER_SOURCE)]
    if address:
        buckets += [(_key(what, address, source), PER_PAIR), (_key(what, "address", address), PER_ADDRESS)]
    for key, limit in buckets:
        if _count(key) > limit * factor:
            raise Throttled(wait=WINDOW)


def failed(request: HttpRequest, address: str) -> None:
    """A wrong password: from the fourth on, each makes the next try wait twice as long."""
    source, address = source_of(request), normalize_email(address)
    failures = _count(_key("failed", address, source), 15 * WINDOW)
    if settings.RATE_LIMIT_FACTOR and failures > FREE_FAILURES:
        pause = min(2 ** (failures - FREE_FAILURES), LONGEST_PAUSE)
        cache.set(_key("pause", address, source), time.time() + pause, pause)


def succeeded(request: HttpRequest, address: str) -> None:
    """The right password: what went wrong before is forgotten."""
    cache.delete(_key("failed", normalize_email(address), source_of(request)))
