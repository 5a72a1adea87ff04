"""F25: records that want to be answered, that are larger than anything, or that speak for another académie."""

import random
from collections.abc import Iterable, Sequence
from uuid import UUID, uuid4

import httpx
import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from tests.faults.books import fact_of
from tests.faults.carrier import PARTITIONS, Carrier, Letter, carrying
from tests.faults.deliveries import carried
from tests.faults.fault import Fault, Verdict
from tests.faults.stage import LISTENER, Stage, until

from common.contracts.catalogue import STREAMS
from common.contracts.hr_networks import FACTS
from common.local.layout import GATEWAY

COMMANDS = 40
STOLEN = "faults.stolen"  # where hostile records want to be answered
BOMB = 250  # headers of a kilobyte
TRIED = ("/try", "/docs/try", "/asyncapi", "/asyncapi/try", "/docs/asyncapi/try")


class Hostile:
    """Each record asks for an answer elsewhere; every fifth carries as many headers as a broker lets pass."""

    def __init__(self, rng: random.Random, topics: Sequence[str]) -> None:
        self._rng, self._topics = rng, topics
        self.bombs = 0

    def __call__(self, letters: list[Letter]) -> Iterable[Letter]:
        for letter in letters:
            asked = (("reply_to", self._rng.choice(self._topics).encode()), ("correlation_id", b"\xff\x00"))
            bomb = tuple((f"x-{n}", b"\xfe" * 1000) for n in range(BOMB if self._rng.random() < 0.2 else 0))
            self.bombs += bool(bomb)
            yield msgspec.structs.replace(letter, headers=(*asked, *letter.headers, ("content-type", None), *bomb))


async def be_hostile(stage: Stage, seed: int) -> Verdict:
    rng, verdict = random.Random(seed), Verdict()
    await _stolen(stage)
    courier = Hostile(rng, [STOLEN, "bassin.training", "bassin.payroll"])
    async with carrying(stage) as carrier:
        carrier.courier = courier
        before = await _published(stage)
        await stage.clients.write(rng, COMMANDS)
        await carried(stage, carrier)
        verdict.broken += await stage.books.close()
        await _try(stage, verdict)
        await _speak_for_others(stage, carrier, rng, verdict)
        published = await _published(stage)
    verdict.check(published == before, f"published elsewhere: {published} instead of {before}")
    verdict.figures |= {"records that ask for an answer": COMMANDS, "header bombs": courier.bombs}
    verdict.check(courier.bombs > 0, "no record was large")
    return verdict


async def _stolen(stage: Stage) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=stage.kafka)
    await admin.start()
    if STOLEN not in await admin.list_topics():
        await admin.create_topics([NewTopic(STOLEN, 1, 1)])
    await admin.close()


async def _published(stage: Stage) -> dict[str, int]:
    """How many records there are where none may come from all this: audit heads have topics of their own."""
    topics = [STOLEN, *(s.behind for s in STREAMS.values() if s.name in {"bassin.training", "bassin.payroll"})]
    consumer = AIOKafkaConsumer(bootstrap_servers=stage.kafka)
    await consumer.start()
    try:
        places = [TopicPartition(t, n) for t in topics for n in range(1 if t == STOLEN else PARTITIONS)]
        ends = await consumer.end_offsets(places)
    finally:
        await consumer.stop()
    return {topic: sum(end for place, end in ends.items() if place.topic == topic) for topic in topics}


async def _try(stage: Stage, verdict: Verdict) -> None:
    """What FastStream's documentation would offer: publish whatever is posted."""
    body = {"channelName": "bassin.training", "message": {"payload": {}}, "options": {"sendToRealBroker": True}}
    places = [stage.layout.url(GATEWAY), *(stage.url(service) for service in stage.urls)]
    async with httpx.AsyncClient(timeout=20) as http:
        answers = [await http.post(f"{place}{path}", json=body) for place in places for path in TRIED]
    let_in = [f"{a.request.url.path}: {a.status_code}" for a in answers if a.status_code not in {401, 404, 405}]
    verdict.check(not let_in, f"{let_in}")
    verdict.figures["posts to /try"] = len(answers)


async def _speak_for_others(stage: Stage, carrier: Carrier, rng: random.Random, verdict: Verdict) -> None:
    """The next fact of a subject, from a producer of the other académie: parked, and nothing of it is seen."""
    desk = next(desk for desk in rng.sample(stage.clients.desks, len(stage.clients.desks)) if desk.revision)
    subject = fact_of(desk.census, desk.school.uai)
    other = "20" if desk.school.academie == "09" else "09"
    [mark] = await stage.query(LISTENER, MARK, FACTS, subject)
    letter = _forged(subject, desk.census, str(desk.school.uai), mark["version"] + 1, (desk.school.academie, other))
    await carrier.send([letter])
    parked = await until(lambda: _parked(stage, subject), within=10)
    verdict.check(parked < 10, "a record that speaks for another académie is not parked")
    await stage.query(LISTENER, "DELETE FROM infra.held WHERE subject = $1", subject)
    verdict.broken += await stage.books.close()


def _forged(subject: UUID, census: str, uai: str, version: int, academies: tuple[str, str]) -> Letter:
    """Says whose it is, and comes from elsewhere."""
    said = {
        "ce_specversion": "1.0", "ce_id": str(uuid4()), "ce_type": "fr.bassin.hr_networks.census_answered.v1",
        "ce_source": f"/academies/{academies[1]}/hr_networks", "ce_subject": str(subject),
        "ce_time": "2026-11-01T10:00:00+00:00", "ce_academie": academies[0], "ce_academies": "09,20",
        "ce_aggregateversion": str(version), "reply_to": STOLEN,
    }  # fmt: skip
    answered = {"subject": str(subject), "census": census, "uai": uai, "revision": 99, "identified": 0, "persons": []}
    headers = tuple((name, value.encode()) for name, value in said.items())
    return Letter(FACTS, subject.int % PARTITIONS, str(subject).encode(), msgspec.json.encode(answered), headers)


async def _parked(stage: Stage, subject: UUID) -> bool:
    [row] = await stage.query(LISTENER, HELD, subject)
    return int(row["n"]) == 1


MARK = "SELECT version FROM infra.inbox WHERE (stream, subject) = ($1, $2)"
HELD = "SELECT count(*) AS n FROM infra.held WHERE subject = $1 AND state = 'parked' AND error LIKE '%académie%'"
FAULTS: tuple[Fault, ...] = (
    Fault(
        name="F25",
        title="hostile records: reply_to, header bombs, forged académie; POST to /try",
        run=be_hostile,
        seeds=2,
        moves=(f"{LISTENER}:bassin_inbox_applied_total", f"{LISTENER}:bassin_inbox_parked_total"),
    ),
)
