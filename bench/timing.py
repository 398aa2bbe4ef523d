"""How long things take: blocks of calls in rounds, ours and the floor in turn, the best round of each."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

#: Prepares one call, untimed, and returns what is to be timed.
Prepare = Callable[[], Callable[[], Any]]


@dataclass
class Timed:
    """One side of a comparison. A round is its block's fastest tenth, ``best`` the least round, in microseconds.

    What is slower than that is the rest of the machine, on which nobody works alone, and it strikes both sides by chance.
    """

    prepare: Prepare
    calls: int = 0
    rounds: list[float] = field(default_factory=list)

    def warm_up(self, seconds: float) -> None:
        """Fill caches, and find out how many calls make a block of that length."""
        taken = min(self._once() for _ in range(3))
        self.calls = max(5, min(200, int(seconds / taken)))

    def run(self) -> None:
        block = sorted(self._once() for _ in range(self.calls))
        self.rounds.append(block[len(block) // 10] * 1e6)

    def _once(self) -> float:
        call = self.prepare()
        began = time.perf_counter()
        call()
        return time.perf_counter() - began

    @property
    def best(self) -> float:
        return min(self.rounds)


def take_turns(sides: Iterable[Timed], rounds: int, block: float, after_round: Callable[[int], None]) -> None:
    """``block``: seconds of one side in a round. Every round runs a block of each side, every second one in the other order."""
    sides = list(sides)
    for side in sides:
        side.warm_up(block)
    for number in range(rounds):
        for side in sides if number % 2 else reversed(sides):
            side.run()
        after_round(number)


def always(call: Callable[[], Any]) -> Prepare:
    """For what needs no preparation."""
    return lambda: call
