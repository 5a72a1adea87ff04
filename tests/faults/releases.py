"""F26: producers and listeners of two releases at once, as in the middle of every deployment."""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any, ClassVar

import msgspec
from tests.faults.books import fact_of
from tests.faults.fault import Fault, Verdict
from tests.faults.gateways import balanced, second, start_gateway
from tests.faults.stage import LISTENER, PRODUCER, Stage

from common import outbox
from common.contracts.events import Event
from common.contracts.hr_networks import FACTS, CensusAnswered
from common.handlers import Handler
from common.local.layout import GATEWAY
from common.local.serving import serve
from common.service import load
from common.tx import ENCODER, Tx

MIXED = float(os.environ.get("FAULTS_MIXED_SECONDS", "20"))  # 300 for the five minutes of the plan
AHEAD = "tests.faults.releases:ahead"
REMARKS = ("none", "of the next release")  # in a record of this release, and of the next


class AnswerReviewed(Event, frozen=True, kw_only=True):
    """A type that only the next release knows, about the subject of an answer."""

    stream: ClassVar[str] = FACTS
    ce_type: ClassVar[str] = "fr.bassin.hr_networks.answer_reviewed.v1"

    by: str


class NextAnswered(CensusAnswered, frozen=True, kw_only=True):
    """What the next release's listener makes of an answer: the field that it alone has is absent in older records."""

    remark: str = REMARKS[0]


class NextEncoder:
    """Every value of the next release has a field more."""

    def encode(self, event: object) -> bytes:
        if not isinstance(event, Event):  # the headers are encoded too
            return ENCODER.encode(event)
        said: dict[str, Any] = msgspec.json.decode(ENCODER.encode(event))
        return msgspec.json.encode({**said, "remark": REMARKS[1], "added": {"by": ["next", 2]}})


def ahead(name: str) -> None:
    """The service as its next release may be: fields with defaults more, a new type more."""
    setattr(outbox, "ENCODER", NextEncoder())  # noqa: B010 - mypy takes no assignment of another type
    said = outbox.append

    def append(tx: Tx, academie: str, events: Sequence[Event], academies: Sequence[str] = ()) -> None:
        for event in events:
            new = [AnswerReviewed(subject=event.subject, by="next")] if isinstance(event, CensusAnswered) else []
            said(tx, academie, [event, *new], academies)

    setattr(outbox, "append", append)  # noqa: B010
    for projection in load(name).projections:
        projection.handlers = [_of_the_next(handler) for handler in projection.handlers]
    serve(name)


def _of_the_next(handler: Handler) -> Handler:
    """Registered for the event as the next release knows it: a handler hears its own class and no subclass."""
    if handler.event is not CensusAnswered:
        return handler
    return msgspec.structs.replace(handler, event=NextAnswered, run=_read_by_the_next(handler.run))


def _read_by_the_next(run: Callable[[Any, Any], Awaitable[None]]) -> Callable[[Any, Any], Awaitable[None]]:
    async def keep(tx: Any, fact: Any) -> None:
        assert fact.event.remark in REMARKS, fact.event
        await run(tx, fact)

    return keep


async def mix_releases(stage: Stage, seed: int) -> Verdict:
    """Of two replicas each, one is a release ahead; commands go to either, and either hears what both publish."""
    rng, verdict = random.Random(seed), Verdict()
    before = await _unknown(stage)
    async with AsyncExitStack() as stack:
        both = await stack.enter_async_context(balanced(stage.url(PRODUCER), stage.url(second(PRODUCER))))
        for service in (PRODUCER, LISTENER):
            await stage.start(second(service), AHEAD)
        await stage.terminate(GATEWAY)
        await start_gateway(stage, GATEWAY, {**{name: stage.url(name) for name in stage.urls}, PRODUCER: both.url})
        async with stage.clients.writing(rng, clients=3, pause=0.05):
            await asyncio.sleep(MIXED / 2)
            await _swap(stage)
            await asyncio.sleep(MIXED / 2)
        verdict.broken += await stage.books.close()
        await stage.terminate(GATEWAY)
        await start_gateway(stage, GATEWAY)
    verdict.figures |= {"commands": len(stage.books.commands), "records of a new type": await _unknown(stage) - before}
    verdict.check(await _unknown(stage) > before, "the next release published nothing")
    await _as_before(stage)
    await stage.clients.write(rng, 5)
    verdict.broken += await stage.books.close()
    return verdict


async def _swap(stage: Stage) -> None:
    """Those that were of this release are of the next one, and the other way round."""
    for service in (PRODUCER, LISTENER):
        await stage.terminate(service)
        await stage.start(service, AHEAD)
        await stage.terminate(second(service))
        await stage.start(second(service))


async def _as_before(stage: Stage) -> None:
    for service in (PRODUCER, LISTENER):
        await stage.terminate(second(service))
        await stage.terminate(service)
        await stage.start(service)


async def _unknown(stage: Stage) -> int:
    """Versions of the desks' facts beyond a school addressed and each of its answers: the new type's."""
    subjects = [fact_of(desk.census, desk.school.uai) for desk in stage.clients.desks]
    [versions] = await stage.query(PRODUCER, VERSIONS, FACTS, subjects)
    [answers] = await stage.query(PRODUCER, "SELECT coalesce(sum(revision + 1), 0) AS n FROM addressed_school")
    return int(versions["n"]) - int(answers["n"])


VERSIONS = "SELECT coalesce(sum(version), 0) AS n FROM infra.aggregate WHERE stream = $1 AND subject = ANY ($2)"
FAULTS: tuple[Fault, ...] = (
    Fault(
        name="F26",
        title="producers and listeners of two releases at once",
        run=mix_releases,
        moves=(f"{LISTENER}:bassin_inbox_applied_total",),
    ),
)
