"""The id an agent quotes is the same in every service and in every event (W3C Trace Context)."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import trace

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def test_a_hop_keeps_the_trace_and_takes_a_span_of_its_own() -> None:
    with trace.continued(f"00-{TRACE}-{SPAN}-01") as here:
        assert trace.trace_id() == TRACE
        assert here.parent_id == SPAN
        assert trace.traceparent() == f"00-{TRACE}-{here.span_id}-01"
        assert here.span_id != SPAN
    assert trace.current() is None


@pytest.mark.parametrize(
    "heard",
    [
        None,
        "",
        f"00-{TRACE}-{SPAN}",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01more",
    ],
)
def test_what_is_not_a_trace_begins_a_new_one(heard: str | None) -> None:
    begun = trace.follow(heard)

    assert begun.trace_id != TRACE
    assert begun.parent_id is None
    assert trace.follow(begun.traceparent).trace_id == begun.trace_id


def test_a_later_version_may_say_more() -> None:
    assert trace.follow(f"01-{TRACE}-{SPAN}-01-more").trace_id == TRACE


@given(st.text())
def test_nothing_that_is_heard_breaks_anything(heard: str) -> None:
    assert trace.TRACEPARENT.fullmatch(trace.follow(heard).traceparent)


async def test_two_tasks_do_not_share_a_trace() -> None:
    async def task(heard: str) -> str | None:
        with trace.continued(heard):
            await asyncio.sleep(0)
            return trace.trace_id()

    ids = [f"{n:032x}" for n in range(1, 6)]
    assert await asyncio.gather(*(task(f"00-{id}-{SPAN}-00") for id in ids)) == ids  # noqa: A001  the id of a trace
