"""Whatever handlers collect in turn: few statements, and nobody can tell that they were not sent one by one."""

import asyncio
from collections.abc import Sequence
from itertools import combinations
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from common.statements import Connection, Row, Statements

Collected = tuple[str, str]  # projection, its statement
ANY = st.tuples(st.sampled_from(["", "people", "linked"]), st.sampled_from(["insert", "update"]))


def sent(collected: Sequence[Collected]) -> list[list[int]]:
    """The places, in `collected`, of what went out: statement by statement."""
    found: list[list[int]] = []

    async def send(_: Connection, __: str, rows: list[Row]) -> None:
        found.append([row[0] for row in rows])

    statements = Statements()
    for place, (projection, sql) in enumerate(collected):
        statements.add(send, sql, [(place,)], projection)
    trips = asyncio.run(statements.send(cast("Connection", None)))
    assert trips == len(found)
    return found


@given(st.lists(ANY, max_size=12))
def test_who_could_tell_sees_the_order_in_which_it_was_collected(collected: list[Collected]) -> None:
    order = [place for statement in sent(collected) for place in statement]

    assert sorted(order) == list(range(len(collected)))
    for one, other in combinations(range(len(collected)), 2):
        of_one, of_other = collected[one][0], collected[other][0]
        if of_one == of_other or "" in {of_one, of_other}:
            assert order.index(one) < order.index(other)


@given(st.lists(ANY, max_size=12))
def test_a_statement_holds_one_text_of_one_projection(collected: list[Collected]) -> None:
    assert all(len({collected[place] for place in statement}) == 1 for statement in sent(collected))


def test_two_projections_of_the_same_records_take_a_statement_each() -> None:
    assert len(sent([("people", "insert"), ("linked", "insert")] * 50)) == 2


def test_what_a_reaction_reads_is_written_before_it() -> None:
    turn = [("people", "insert"), ("", "insert from person")]

    assert sent(turn * 2) == [[0], [1], [2], [3]]
