"""Identifiers made here sort in the order in which they were made."""

import time

from common.uuid7 import uuid7


def test_identifiers_of_one_process_are_distinct_and_in_order() -> None:
    made = [uuid7() for _ in range(20_000)]

    assert sorted(made) == made
    assert len(set(made)) == len(made)


def test_they_are_version_7_and_carry_the_milliseconds_of_the_system_clock() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid7()

    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert before <= made.int >> 80 <= before + 1000
