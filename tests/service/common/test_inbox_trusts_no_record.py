"""Any producer can write anything to a topic: it is put aside as it came, and nothing else is disturbed."""

from uuid import UUID, uuid4

import pytest
from tests.service.common.conftest import Listen
from tests.service.common.listening import Listening, Values, states
from tests.service.common.probe import fact, state

from common import marks_store
from common.committed_log import Logged
from common.contracts.hr_networks import FACTS, PersonLinked

BODIES: dict[str, bytes | None] = {
    "no JSON": b"{",
    "nothing": None,
    "not UTF-8": b'{"subject":"\xff"}',
    "nested too deep": b'{"x":' + b"[" * 50_000,
    "another shape": b'{"subject":7}',
}
HEADERS: dict[str, Values] = {
    "another académie's source": {"ce_source": "/academies/20/hr_networks"},
    "another service's source": {"ce_source": "/academies/09/territory"},
    "a source with a null character": {"ce_source": b"/academies/\x00"},
    "a source of a megabyte": {"ce_source": "/" * 1_000_000},
    "an académie that is not served": {"ce_academie": "14", "ce_source": "/academies/14/hr_networks"},
    "a body about someone else": {"ce_subject": str(UUID(int=5))},
}
UNREADABLE: list[Values] = [{"ce_id": None}, {"ce_subject": b"\xff"}, {"ce_aggregateversion": "none"}]


async def is_put_aside(listening: Listening, hostile: Logged) -> None:
    ana = uuid4()

    await listening.hear(listening.producer.send(fact(ana, ana)), hostile, listening.producer.send(fact(ana, ana)))

    notes = await listening.query("SELECT subject, version FROM probe_note ORDER BY place")
    assert [tuple(row) for row in notes] == [(ana, 1), (ana, 2)]
    [(held, version, error)] = await listening.held()
    assert (held, version) == ("parked", 1)
    assert error


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_a_body_that_does_not_decode_is_parked_and_the_others_apply(listen: Listen, body: bytes | None) -> None:
    listening = await listen()

    await is_put_aside(listening, listening.producer.send(fact(uuid4(), uuid4()), value=body))


@pytest.mark.parametrize("changed", HEADERS.values(), ids=HEADERS)
async def test_headers_that_contradict_each_other_or_us_park_the_record(listen: Listen, changed: Values) -> None:
    listening = await listen()

    await is_put_aside(listening, listening.producer.send(fact(uuid4(), uuid4()), headers=changed))


async def test_an_event_on_a_stream_that_is_not_its_own_is_parked(listen: Listen) -> None:
    """A reaction hears facts only: a forged one on the state stream must not reach it."""
    listening, eve = await listen(), uuid4()
    body = f'{{"subject":"{eve}","agent":"{eve}"}}'.encode()

    forged = listening.producer.send(state(eve, ""), value=body, headers={"ce_type": PersonLinked.ce_type})
    await listening.hear(forged)

    assert (await listening.noted(eve), states(await listening.held())) == ([], [("parked", 1)])


@pytest.mark.parametrize("changed", UNREADABLE, ids=str)
async def test_without_readable_headers_a_record_is_held_under_its_place(listen: Listen, changed: Values) -> None:
    listening, ana = await listen(), uuid4()
    unreadable = listening.producer.send(fact(ana, ana), headers=changed)

    await listening.hear(unreadable, listening.producer.send(fact(ana, ana)))

    [held, waiting] = await listening.query("SELECT * FROM infra.held ORDER BY log_offset")
    assert (held["topic"], held["partition"], held["log_offset"]) == (FACTS, 0, unreadable.offset)
    assert (held["state"], held["subject"], held["version"]) == ("parked", None, None)
    assert (waiting["state"], waiting["version"]) == ("waiting", 2)


async def test_what_is_put_aside_is_kept_byte_for_byte(listen: Listen) -> None:
    listening, eve = await listen(), uuid4()
    sent = listening.producer.send(fact(eve, eve), value=b"{\x00\xff", headers={"x-nul": b"\x00", "x-none": None})

    await listening.hear(sent)

    [held] = await listening.query("SELECT * FROM infra.held")
    kept = marks_store.record_of(held)
    assert (kept.key, kept.payload, tuple(map(tuple, kept.headers))) == (sent.key, sent.value, sent.headers)
