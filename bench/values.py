"""SQL for values of rows that PostgreSQL makes."""

from common.records.rank import DIGITS


def uuid7(moment: str) -> str:
    return (
        f"encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING substring(int8send("
        f"(extract(epoch FROM {moment}) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid"
    )


def rank(number: str) -> str:
    digits = (f"substr('{DIGITS}', 1 + (({number} / {62**place}) %% 62)::int, 1)" for place in reversed(range(9)))
    return f"'m' || {' || '.join(digits)} || substr('{DIGITS}', 2 + (random() * 60)::int, 1)"


def one_of(parameter: str) -> str:
    return f"(%({parameter})s)[1 + floor(random() * cardinality(%({parameter})s))::int]"
