"""A reaction (one statement and one own event a record) through the inbox, against the same SQL by bare asyncpg."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import asyncpg
import msgspec

from benchmarks.decision import APPEND, HEADERS
from benchmarks.listeners import KEEP, listening, reacting
from benchmarks.outboxes import answered
from benchmarks.row import Goal, Round, Row
from common.committed_log import Logged
from common.consumer import RECORDS
from common.contracts.hr_networks import CensusAnswered
from common.contracts.training import CandidatureSubmitted
from common.db import SESSION
from common.local.run_servers import RunServers
from common.tx import ENCODER
from common.uuid7 import uuid7

BATCHES = 4  # of as many records as a poll of the product returns
DECODER = msgspec.json.Decoder(CensusAnswered)


@asynccontextmanager
async def measure(servers: RunServers) -> AsyncIterator[Callable[[], Awaitable[Round]]]:
    table = reacting()
    async with listening(servers, table) as ours, listening(servers, table) as theirs:
        connection = await asyncpg.connect(theirs.urls.app, server_settings=SESSION)

        async def one_round() -> Round:
            batches = [[ours.producer.send(answered()) for _ in range(RECORDS)] for _ in range(BATCHES)]
            began = time.perf_counter()
            for batch in batches:
                await ours.hear(*batch)
            value = BATCHES * RECORDS / (time.perf_counter() - began)
            await noticed(await ours.query("SELECT count(*) FROM infra.outbox"), at_least=BATCHES * RECORDS)
            began = time.perf_counter()
            for batch in batches:
                await by_hand(connection, batch)
            return Round(value, BATCHES * RECORDS / (time.perf_counter() - began))

        try:
            await one_round()  # prepares statements, on either side
            yield one_round
        finally:
            await connection.close()


async def noticed(rows: Sequence[asyncpg.Record], *, at_least: int) -> None:
    """A record that was parked would have cost nothing."""
    assert rows[0][0] >= at_least, f"{rows[0][0]} events of {at_least}"


async def by_hand(connection: "asyncpg.Connection[asyncpg.Record]", batch: Sequence[Logged]) -> None:
    """No marks, no place in the log: the statements of the reaction alone."""
    ids, subjects, headers, payloads = [], [], [], []
    async with connection.transaction():
        await connection.execute("SELECT set_config('bassin.academies', '09', true)")
        for record in batch:
            event = DECODER.decode(record.value or b"")
            await connection.execute(KEEP, "09", event.subject, 1, event.uai, event.identified)
            own = CandidatureSubmitted(
                subject=uuid7(), offer=event.census, person=event.persons[0], uai=event.uai, bassin="09901"
            )
            ids.append(uuid7())
            subjects.append(own.subject)
            headers.append(ENCODER.encode({**HEADERS, "ce_id": str(ids[-1]), "ce_subject": str(own.subject)}).decode())
            payloads.append(ENCODER.encode(own))
        await connection.execute(APPEND, ids, [CandidatureSubmitted.stream] * len(batch), subjects, headers, payloads)


ROWS = (
    Row(
        name="reaction, one statement and one own event a record",
        unit="events/s",
        reference="the same SQL by bare asyncpg, same batches",
        goal=Goal(ratio_from=0.8, value_from=5_000),
        measure=measure,
        why="Python: own ids derived from the cause, headers, marks and trace cost as much as the statement itself",
    ),
)
