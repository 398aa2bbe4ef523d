import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.records.rank import DIGITS, first_rank, last_rank, rank_between, spread

ranks = st.text(DIGITS, min_size=1, max_size=12).filter(lambda rank: not rank.endswith("0"))


@given(ranks, ranks)
def test_there_is_a_rank_between_any_two(one: str, other: str) -> None:
    low, high = sorted((one, other))
    if low == high:
        with pytest.raises(ValueError):
            rank_between(low, high)
        return
    middle = rank_between(low, high)
    assert low < middle < high
    assert not middle.endswith("0")


@given(ranks)
def test_there_is_a_rank_before_any(rank: str) -> None:
    assert "" < rank_between("", rank) < rank


def test_what_is_put_last_later_comes_later_and_what_is_put_first_earlier() -> None:
    lasts, firsts = [last_rank() for _ in range(50)], [first_rank() for _ in range(50)]
    assert [rank[:10] for rank in lasts] == sorted(rank[:10] for rank in lasts)
    assert [rank[:10] for rank in firsts] == sorted((rank[:10] for rank in firsts), reverse=True)
    assert max(firsts) < min(lasts)


def test_moves_into_one_gap_stay_short_for_long() -> None:
    low, high = "mA", "mB"
    for _ in range(100):
        high = rank_between(low, high)
    assert len(high) < 140


def test_spread_is_in_order_and_before_what_comes_last() -> None:
    ranks = spread(1000)
    assert ranks == sorted(set(ranks))
    assert ranks[-1] < last_rank()
