"""F12: records that can never be applied, among those of others."""

import asyncio
import json
import random
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from uuid import UUID, uuid4

import msgspec
from msgspec import Struct
from tests.faults.books import fact_of
from tests.faults.carrier import PARTITIONS, Carrier, Letter, carrying
from tests.faults.clients import Desk
from tests.faults.deliveries import carried
from tests.faults.fault import Fault, Verdict
from tests.faults.stage import LISTENER, Stage, until

from common.contracts.hr_networks import FACTS, CensusAnswered

OTHERS = 100  # commands of others, before and during
FOLLOWING = 2  # commands of the same subject after the poison
ATTEMPTS = 4
FLOOR = 0.1  # seconds: below it a p99 of a hundred records is noise
FAILING = "failing handler"
REASON = "spoiled by a fault"


class Poison(Struct):
    desk: Desk
    kind: str
    version: int = 0  # revision of the answer that was spoiled

    @property
    def subject(self) -> UUID:
        return fact_of(self.desk.census, self.desk.school.uai)


def named(letter: Letter, name: str, value: bytes | None) -> Letter:
    headers = tuple((each, value if each == name else old) for each, old in letter.headers)
    return msgspec.structs.replace(letter, headers=headers)


KINDS: dict[str, Callable[[Letter], Letter]] = {
    "bad JSON": lambda letter: msgspec.structs.replace(letter, value=b'{"census":'),
    "wrong schema": lambda letter: msgspec.structs.replace(letter, value=b'{"subject": 1, "census": []}'),
    "null value": lambda letter: msgspec.structs.replace(letter, value=None),
    "header None": lambda letter: named(letter, "ce_type", None),
    "header not UTF-8": lambda letter: named(letter, "ce_id", b"\xff\xfe\x00"),
    FAILING: lambda letter: letter,  # the database refuses what the handler writes
}


class Spoiling:
    """The next answer of each poisoned subject."""

    def __init__(self, poisons: Sequence[Poison]) -> None:
        self._due = {str(poison.subject).encode(): poison for poison in poisons}

    def __call__(self, letters: list[Letter]) -> Iterable[Letter]:
        for letter in letters:
            ours = dict(letter.headers).get("ce_type") == CensusAnswered.ce_type.encode()
            poison = self._due.pop(letter.key or b"", None) if ours else None
            if poison is None:
                yield letter
            else:
                poison.version = int((dict(letter.headers)["ce_aggregateversion"] or b"0").decode()) - 1
                yield KINDS[poison.kind](letter)


async def poison_some(stage: Stage, seed: int) -> Verdict:
    rng, verdict = random.Random(seed), Verdict()
    async with carrying(stage) as carrier:
        kinds = [FAILING, *rng.sample(sorted(KINDS.keys() - {FAILING}), 4)]
        poisons = [Poison(d, k) for d, k in zip(rng.sample(stage.clients.desks, 5), kinds, strict=True)]
        of_others = partial(stage.books.delays, carrier.sent_at, without={poison.subject for poison in poisons})
        await _others(stage, rng, poisons, OTHERS)
        await stage.books.settle()
        calm = await of_others()
        await _poison(stage, carrier, rng, poisons, verdict)
        poisoned = (await of_others())[len(calm) :]
        await _mend(stage, poisons)
        before = len(await of_others())
        await _others(stage, rng, poisons, OTHERS)
        await stage.books.settle()
        calm_again = (await of_others())[before:]
        _compare(max(p99(calm), p99(calm_again)), p99(poisoned), verdict)
        if rng.random() < 0.25:
            await _one_too_many(stage, carrier, rng, verdict)
        verdict.broken += await stage.books.close()
    return verdict


async def _poison(stage: Stage, carrier: Carrier, rng: random.Random, poisons: list[Poison], verdict: Verdict) -> None:
    """What follows waits, others flow, an unknown type is passed over, nobody floods the log."""
    stage.said(LISTENER)
    await _refuse(stage, [poison for poison in poisons if poison.kind == FAILING])
    carrier.courier = Spoiling(poisons)
    unknown = uuid4()
    await carrier.send([_unknown(unknown)])
    await asyncio.gather(_follow(stage, rng, poisons), _others(stage, rng, poisons, OTHERS))
    await carried(stage, carrier)
    verdict.check(await until(lambda: _parked(stage, len(poisons)), within=10) < 10, "not all poison was parked")
    subjects = {str(poison.subject) for poison in poisons}
    verdict.check(await until(lambda: _only(stage, subjects), within=10) < 10, "other subjects wait too")
    effects = {(e.subject, e.version) for e in await stage.books.effects()}
    jumped = [p for p in poisons if any((p.desk.subject, p.version + n) in effects for n in range(FOLLOWING + 1))]
    verdict.check(not jumped, f"applied before the poison: {[p.kind for p in jumped]}")
    passed = await stage.query(LISTENER, "SELECT version FROM infra.inbox WHERE subject = $1", unknown)
    verdict.check([row["version"] for row in passed] == [1], "an unknown type was not passed over")
    [most] = await stage.query(LISTENER, "SELECT max(attempts) AS n FROM infra.held")
    lines = [line for line in stage.said(LISTENER).splitlines() if json.loads(line)["level"] != "info"]
    verdict.figures |= {"attempts": most["n"], "lines": len(lines)}
    verdict.check(most["n"] <= ATTEMPTS, f"{most['n']} attempts")
    verdict.check(len(lines) <= 2 * ATTEMPTS * len(poisons), f"{len(lines)} lines in the log")


async def _others(stage: Stage, rng: random.Random, poisons: Sequence[Poison], number: int) -> None:
    spoiled = {poison.desk.subject for poison in poisons}
    desks = [desk for desk in stage.clients.desks if desk.subject not in spoiled]
    await stage.clients.write(rng, number, desks=desks, clients=4)


async def _follow(stage: Stage, rng: random.Random, poisons: Sequence[Poison]) -> None:
    for _ in range(1 + FOLLOWING):
        for poison in poisons:
            await stage.clients.command(poison.desk, rng)


async def _refuse(stage: Stage, poisons: Sequence[Poison]) -> None:
    for poison in poisons:
        desk = poison.desk
        await stage.query(
            LISTENER, "INSERT INTO faults.refused VALUES ($1, $2)", UUID(desk.census), str(desk.school.uai)
        )


def _unknown(subject: UUID) -> Letter:
    said = {
        "ce_id": str(uuid4()), "ce_type": "fr.bassin.hr_networks.not_known_here.v1", "ce_subject": str(subject),
        "ce_aggregateversion": "1", "ce_academie": "09", "ce_source": "/academies/09/hr_networks",
        "ce_time": "2026-11-01T10:00:00+00:00",
    }  # fmt: skip
    headers = tuple((name, value.encode()) for name, value in said.items())
    return Letter(FACTS, subject.int % PARTITIONS, str(subject).encode(), b"not JSON", headers)


async def _parked(stage: Stage, number: int) -> bool:
    [row] = await stage.query(LISTENER, "SELECT count(*) AS n FROM infra.held WHERE state = 'parked'")
    return int(row["n"]) == number


async def _only(stage: Stage, subjects: set[str]) -> bool:
    return {str(subject) for subject in await stage.books.behind()} == subjects


def p99(delays: Sequence[float]) -> float:
    return sorted(delays)[int(len(delays) * 0.99)]


def _compare(calm: float, poisoned: float, verdict: Verdict) -> None:
    """`calm` is the slower one of before and after: a machine that is busy with something else is busy in between."""
    verdict.figures["p99 of others, ratio"] = poisoned / calm
    verdict.figures["p99 of others, s"] = poisoned
    verdict.check(poisoned < 2 * calm or poisoned < FLOOR, f"others' p99 went from {calm:.3f} to {poisoned:.3f} s")


async def _mend(stage: Stage, poisons: Sequence[Poison]) -> None:
    """What an operator does: replay what was mended, give up the rest with a reason."""
    await stage.query(LISTENER, "DELETE FROM faults.refused")
    parked = json.loads(await stage.bassin(LISTENER, "parking", "list", LISTENER, "--state", "parked", "--json"))
    await asyncio.gather(*(_decide(stage, held["id"], held["error"]) for held in parked))
    for poison in poisons:
        if poison.kind.startswith("header"):  # nobody knows any more which version that was
            gap = ("--gap", str(poison.subject), "--stream", FACTS)
            await stage.bassin(LISTENER, "parking", "discard", LISTENER, *gap, "--reason", REASON)
        if poison.kind != FAILING:
            stage.books.given_up.add((poison.desk.subject, poison.version))


async def _decide(stage: Stage, record: int, error: str) -> None:
    mended = "refused by a fault" in error
    decision = ("replay", LISTENER) if mended else ("discard", "--reason", REASON, LISTENER)
    await stage.bassin(LISTENER, "parking", *decision, str(record))


async def _one_too_many(stage: Stage, carrier: Carrier, rng: random.Random, verdict: Verdict) -> None:
    """A sixth poisoned subject within a minute stops the consumer, until an operator resumes it."""
    poisons = [Poison(desk, "bad JSON") for desk in rng.sample(stage.clients.desks, 6)]
    carrier.courier = Spoiling(poisons)
    await _follow(stage, rng, poisons)
    verdict.check(await until(lambda: _stopped(stage), within=10) < 10, "the consumer did not stop")
    reason = stage.lines(stage.said(LISTENER), "consumer stopped until an operator resumes it")
    verdict.check(reason == 1, f"{reason} lines say that the consumer stopped")
    await _mend(stage, poisons)
    await stage.bassin(LISTENER, "consumer", "resume", LISTENER)
    verdict.check(await until(lambda: _parked(stage, 1), within=10) < 10, "the sixth was not parked after all")
    await _mend(stage, [])


async def _stopped(stage: Stage) -> bool:
    return (await stage.metrics(LISTENER)).get("bassin_consumer_stopped") == 1


FAULTS: tuple[Fault, ...] = (
    Fault(
        name="F12",
        title="records that can never be applied",
        run=poison_some,
        busy=True,
        seeds=8,
        in_check=1,
        carried=True,
        moves=(f"{LISTENER}:bassin_inbox_parked_total", f"{LISTENER}:bassin_handler_failures_total"),
    ),
)
