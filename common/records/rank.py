"""The order of cards in a column, as text: between any two ranks there is another, so a move writes one row.

A rank is a fraction in base 62, read after the point. New first and last ranks are made of the time, so neither needs
to know its neighbours: what is put last now comes after all that was put last before.
"""

import random
import time

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE = len(DIGITS)
_MICROSECONDS_END = BASE**9  # room until the year 2398
#: A longer rank than this is a sign that a column wants new ones (see spread()).
MAX_LENGTH = 200


def _encode(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, BASE)
        digits = DIGITS[digit] + digits
    return digits


def _noise() -> str:
    """Two people who choose the same place at once get different ranks. Never ends in 0, below which is no room."""
    return DIGITS[random.randrange(BASE)] + DIGITS[random.randrange(1, BASE)]  # noqa: S311 -- no secret


def last_rank() -> str:
    return "m" + _encode(time.time_ns() // 1000, 9) + _noise()


def first_rank() -> str:
    return "l" + _encode(_MICROSECONDS_END - time.time_ns() // 1000, 9) + _noise()


def rank_between(before: str, after: str) -> str:
    """A rank greater than ``before`` and less than ``after``."""
    if before >= after:
        raise ValueError("The ranks are not in order.")
    length = max(len(before), len(after)) + 1
    low, high = _value(before, length), _value(after, length)
    while high - low < 2:
        low, high, length = low * BASE, high * BASE, length + 1
    middle = _encode((low + high) // 2, length)
    for end in range(1, length):  # as short as it can be
        if before < middle[:end] < after and not after.startswith(middle[:end]) and middle[end - 1] != "0":
            middle = middle[:end]
            break
    noisy = middle + _noise()
    return noisy if before < noisy < after else middle


def spread(count: int) -> list[str]:
    """``count`` short ranks in order, with room between them, before all that will be put last from now on."""
    now = time.time_ns() // 1000
    return ["m" + _encode(now - (count - index) * 1000, 9) + "V" for index in range(count)]


def _value(rank: str, length: int) -> int:
    number = 0
    for character in rank.ljust(length, "0"):
        number = number * BASE + DIGITS.index(character)
    return number
