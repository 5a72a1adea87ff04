"""`python -m tests.service.common.backlog 180000`: so many commands while the broker is dead, then it comes back.

Nothing may be lost, invented, told twice or told out of order, and the relay of the product's own process has to catch
up at 10,000 events a second. Prints its figures as JSON; status 1 if anything of that does not hold.
"""

import asyncio
import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import msgspec
from msgspec import Struct
from tests.journeys.one_service import client, post, publish_school, published_keys, serving, until_it_takes_commands
from tests.service.common.backlog_writer import SUBJECTS
from tests.service.common.probe import PRODUCER, TABLES, eventually

from common import envelope, outbox_state, topics
from common.committed_log import CommittedLog
from common.contracts.catalogue import CONTRACTS
from common.contracts.hr_networks import FACTS, CensusOpened, PersonLinked
from common.local.children import Children, Reaper
from common.local.kafka import KafkaNode
from common.local.places import postgres_home
from common.local.ports import free_ports
from common.local.postgres import Postgres
from common.migrate import ServiceUrls, migrate, register
from common.service import load

WRITERS = 2
FLOOR = 10_000  # events a second
BOUND = 7200  # seconds
PUBLISHED = re.compile(r'^bassin_relay_published_total\{service="hr_networks",stream="[^"]+"\} (\S+)$', re.MULTILINE)
Commands = dict[int, list[int]]  # subject -> the numbers of its commands, in order


class Figures(Struct, frozen=True, kw_only=True):
    commands: int  # acknowledged: in the writers' processes, and over HTTP with 201
    over_http: int
    not_2xx: int
    taken_seconds: float
    depth: int  # of the outbox when the broker came back
    oldest_seconds: float
    back_seconds: float  # from the broker's first answer to the first event published
    drained_seconds: float
    events_per_second: float
    lost: int
    invented: int
    twice: int
    out_of_order: int

    @property
    def sound(self) -> bool:
        return not (self.lost or self.invented or self.twice or self.out_of_order or self.not_2xx)


class Told(Struct):
    """What a reader of committed records finds on the topic."""

    numbers: Commands = msgspec.field(default_factory=lambda: defaultdict(list))
    versions: Commands = msgspec.field(default_factory=lambda: defaultdict(list))
    censuses: list[UUID] = []
    ids: list[UUID] = []


async def run(urls: ServiceUrls, node: KafkaNode, children: Children, *, commands: int, over_http: int) -> Figures:
    """On a broker of its own, which is killed; the writers' commands are a multiple of WRITERS * SUBJECTS."""
    await prepare(urls, node)
    with (
        published_keys() as keys,
        serving(urls, node.bootstrap, keys, outbox_bound_seconds=str(BOUND)) as (url, _),
    ):
        first = await until_it_takes_commands(url)
        async with client(url) as office:
            await eventually(lambda: published_all(urls), what="the outbox is empty before the broker is killed")
            node.kill()
            begun, before = time.monotonic(), await published(office)
            written, answers = await asyncio.gather(write(urls, commands), open_censuses(office, over_http))
            taken = time.monotonic() - begun
            waiting = await outbox_state.state(PRODUCER, urls.relay)
            node.start(children)
            back, drained = await drain(office, before, waiting.depth)
        await eventually(lambda: published_all(urls), what="nothing is left in the outbox")
    opened = [UUID(answer.json()["id"]) for answer in answers if answer.status_code == 201]
    figures = judged(written, [first, *opened], await told(node.bootstrap))
    return Figures(
        commands=sum(map(len, written.values())) + len(opened),
        over_http=len(opened),
        not_2xx=len(answers) - len(opened),
        taken_seconds=round(taken, 1),
        depth=waiting.depth,
        oldest_seconds=waiting.oldest_seconds,
        back_seconds=round(back, 1),
        drained_seconds=round(drained, 1),
        events_per_second=round(waiting.depth / drained),
        **figures,
    )


async def prepare(urls: ServiceUrls, node: KafkaNode) -> None:
    await topics.ensure(node.bootstrap, CONTRACTS.values(), partitions=12)
    await register(urls.owner, PRODUCER, load(PRODUCER).table().names(), {})
    owner = await asyncpg.connect(urls.owner)
    await owner.execute(TABLES)
    await owner.close()
    await publish_school(node.bootstrap)


async def write(urls: ServiceUrls, commands: int) -> Commands:
    """What was acknowledged of each subject."""
    rounds = commands // (WRITERS * SUBJECTS)
    writers = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.service.common.backlog_writer", urls.app, str(place), str(rounds)),
            stdout=asyncio.subprocess.PIPE,
        )
        for place in range(1, WRITERS * SUBJECTS, SUBJECTS)
    ]
    done: Commands = defaultdict(list)
    for writer in writers:
        said, _ = await writer.communicate()
        assert writer.returncode == 0, "a writer failed"
        for line in said.decode().splitlines():
            subject, number = map(int, line.split())
            done[subject].append(number)
    return done


async def open_censuses(office: httpx.AsyncClient, number: int) -> list[httpx.Response]:
    return [await post(office) for _ in range(number)]


async def published(office: httpx.AsyncClient) -> int:
    """As the service's own metric says; the outbox is not asked while it is drained."""
    return int(sum(map(float, PUBLISHED.findall((await office.get("/metrics")).text))))


async def published_all(urls: ServiceUrls) -> bool:
    return (await outbox_state.state(PRODUCER, urls.relay)).depth == 0


async def drain(office: httpx.AsyncClient, before: int, depth: int) -> tuple[float, float]:
    """Seconds until the first event, and from then until all that waited are published."""
    begun = first = time.monotonic()
    while (now := await published(office)) < before + depth:
        if now == before:
            first = time.monotonic()
        assert time.monotonic() - begun < 600, "not drained within ten minutes"
        await asyncio.sleep(0.1)
    return first - begun, time.monotonic() - first


async def told(kafka: str) -> Told:
    found = Told()
    async for chunk, _ in CommittedLog(kafka, [FACTS]).read({}):
        for record in chunk:
            seen = envelope.read(record.headers)
            found.ids.append(seen.id)
            if seen.type == CensusOpened.ce_type:
                found.censuses.append(seen.subject)
            elif seen.type == PersonLinked.ce_type:
                event = msgspec.json.decode(record.value or b"", type=PersonLinked)
                found.numbers[event.subject.int].append(event.agent.int)
                found.versions[event.subject.int].append(seen.version)
    return found


def judged(written: Commands, opened: Iterable[UUID], heard: Told) -> dict[str, int]:
    """What was acknowledged against what was told."""
    said = {(subject, number) for subject, numbers in written.items() for number in numbers}
    there = {(subject, number) for subject, numbers in heard.numbers.items() for number in numbers}
    ordered = range(1, 1 + max(map(len, heard.versions.values()), default=0))
    return {
        "lost": len(said - there) + len(set(opened) - set(heard.censuses)),
        "invented": len(there - said) + len(set(heard.censuses) - set(opened)),
        "twice": len(heard.ids) - len(set(heard.ids)) + sum(map(len, heard.numbers.values())) - len(there),
        "out_of_order": sum(
            heard.numbers[subject] != sorted(heard.numbers[subject]) or versions != list(ordered[: len(versions)])
            for subject, versions in heard.versions.items()
        ),
    }


def broker(home: Path) -> KafkaNode:
    port, controller = free_ports(2)
    return KafkaNode(home / "kafka", port=port, controller_port=controller, log=home / "kafka.log")


def main(commands: int) -> int:
    with tempfile.TemporaryDirectory(prefix="backlog-", dir=postgres_home()) as directory, Reaper() as children:
        home = Path(directory)
        home.chmod(0o711)  # PostgreSQL's account passes through to its data
        [port] = free_ports(1)
        server, node = Postgres(home / "postgres", port=port, log=home / "postgres.log"), broker(home)
        server.start(children)
        node.start(children)
        urls = asyncio.run(migrate(PRODUCER, server.admin_url, f"bassin_{PRODUCER}"))
        figures = asyncio.run(run(urls, node, children, commands=commands, over_http=200))
    print(msgspec.json.format(msgspec.json.encode(figures), indent=2).decode())
    return 0 if figures.sound and figures.events_per_second >= FLOOR else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
