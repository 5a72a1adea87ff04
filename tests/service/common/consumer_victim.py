"""A consumer in a process of its own, for the test that kills it: it never gets to tell Kafka what it committed."""

import asyncio
import sys

from tests.service.common import probe
from tests.service.common.probe import AMIENS, LILLE

from common.clock import Clock
from common.consumer import Consumer
from common.db import Database, connect
from common.inbox import Inbox
from common.polled import Polled, Raw


class Hanging(Polled):
    async def ack(self) -> None:
        print("committed to the database", flush=True)
        await asyncio.Event().wait()


class Victim(Consumer):
    async def _polled(self, records: tuple[Raw, ...]) -> Polled:
        return Hanging(records, self._consumer(), self.inbox)


async def main(kafka: str, database_url: str, suffix: str) -> None:
    with probe.topics_named(suffix):
        db = Database(probe.LISTENER, await connect(database_url, size=2), Clock())
        inbox = Inbox(db, probe.listener(), [LILLE, AMIENS], consumer=f"{probe.LISTENER}.{suffix}")
        await Victim(kafka, inbox).run()


asyncio.run(main(*sys.argv[1:]))
