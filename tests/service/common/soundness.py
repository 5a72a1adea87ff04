"""What must hold of a producer, its topics and a listener at the end of every schedule, however it went."""

from collections import defaultdict
from uuid import UUID

import msgspec
from tests.service.common.players import Listener, Producer
from tests.service.common.simulated import identity, version

from common.contracts.hr_networks import FACTS, PEOPLE


async def marks_jump_over_nothing(listener: Listener) -> None:
    """Each version of a fact up to the mark was applied, or given up with a reason."""
    assert await listener.superuser.fetch(JUMPED, FACTS) == []


async def the_log_is_sound(producer: Producer) -> None:
    """Per subject versions rise by one, each for one event; of a state the newest lies last."""
    told: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for record in producer.topics.records():
        told[record.stream, (record.key or b"").decode()].append(version(record))

    assert {key: found for key, found in told.items() if found != list(range(1, len(found) + 1))} == {}


async def the_producer_knows_what_it_said(producer: Producer) -> None:
    said = {row["token"] for row in await producer.superuser.fetch("SELECT token FROM said")}
    lost = {row["event_id"] for row in await producer.superuser.fetch("SELECT event_id FROM infra.lost_fact")}
    told = {identity(record): token(record.value or b"") for record in producer.topics.records()}

    assert said == producer.acknowledged
    assert said <= set(told.values())
    assert {event for event, what in told.items() if what not in said} <= lost
    assert lost <= told.keys()
    assert await producer.superuser.fetchval("SELECT count(*) FROM infra.outbox") == 0


async def all_is_applied_once_and_in_order(producer: Producer, listener: Listener) -> None:
    told = {(r.stream, r.key, version(r)): identity(r) for r in producer.topics.records()}
    rows = await listener.superuser.fetch("SELECT * FROM heard ORDER BY place")
    heard = [(row["stream"], str(row["subject"]).encode(), row["version"]) for row in rows]
    given_up = await listener.superuser.fetch("SELECT stream, subject, version FROM infra.held WHERE state = 'passed'")
    passed = {(row["stream"], str(row["subject"]).encode(), row["version"]) for row in given_up}

    assert await listener.superuser.fetch("SELECT * FROM infra.held WHERE state <> 'passed'") == []
    assert await listener.superuser.fetch("SELECT * FROM infra.fork") == []
    assert len(set(heard)) == len(heard)
    assert [told[key] for key in heard] == [row["event_id"] for row in rows]
    assert {key for key in told if key[0] == FACTS} - set(heard) - passed == set()
    for stream, key in {(stream, key) for stream, key, _ in heard}:
        versions = [number for where, who, number in heard if (where, who) == (stream, key)]
        assert versions == sorted(versions)
    await the_newest_state_wins(producer, listener)


async def the_newest_state_wins(producer: Producer, listener: Listener) -> None:
    newest = {}
    for record in producer.topics.records():
        if record.stream == PEOPLE:
            newest[UUID((record.key or b"").decode())] = str(token(record.value or b""))
    kept = {row["subject"]: row["name"] for row in await listener.superuser.fetch("SELECT * FROM newest")}
    present = {row["subject"]: row["name"] for row in await producer.superuser.fetch("SELECT * FROM present")}

    assert kept == newest
    assert present.items() <= kept.items()


def token(value: bytes) -> UUID:
    """What the command drew, wherever its event carries it."""
    body = msgspec.json.decode(value)
    return UUID(body.get("agent") or body.get("object") or body.get("family_name"))


JUMPED = """
SELECT i.subject, i.version FROM infra.inbox i WHERE i.stream = $1 AND i.version <> (
    SELECT count(DISTINCT h.version) FROM (
        SELECT version FROM heard WHERE (stream, subject) = (i.stream, i.subject) AND version <= i.version
        UNION ALL SELECT version FROM infra.held
        WHERE (stream, subject) = (i.stream, i.subject) AND state = 'passed' AND version <= i.version
    ) h
)
"""
