"""`bassin lag`, `bassin outbox`, `bassin topics`: how it stands between the databases and the broker."""

import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Column, Table

from common import lag as lags
from common import outbox_state, topics_check
from common.cli.reach import ENVIRONMENT, Reached, answered, every_service, fail, reach, running
from common.contracts.catalogue import CONTRACTS
from common.lag import Behind
from common.local.provision import PARTITIONS
from common.outbox_state import Holder, OutboxState
from common.topics_check import Declared

T = TypeVar("T")
COLUMNS = ("service", "stream", "partition", "end", "next", "records", "seconds")
Json = Annotated[bool, Parameter(help="machine-readable")]
UNCUT = 200  # characters, of a table that another program reads
topics = App(name="topics", help="The topics behind the streams.")


def lag(
    *services: str,
    over: Annotated[int | None, Parameter(help="records; status 1 if a partition is further behind")] = None,
    json: Json = False,
) -> int:
    """How far SERVICES are behind each partition they hear, in records and in seconds; all of a running demo if none.

    A log that is shorter than what was read of it is shown below 0, with status 1.
    """

    async def work(reached: Reached) -> list[Behind]:
        return await lags.behind(reached.broker(), reached.urls.app, reached.service.table())

    found, status = _of_each(services, work)
    places = [place for of_one in found for place in of_one]
    if json:
        print(msgspec.json.encode(places).decode())
    else:
        table = Table(*(Column(name, no_wrap=True) for name in COLUMNS))
        for p in places:
            table.add_row(*map(str, (p.service, p.stream, p.partition, p.end, p.next, p.records, f"{p.seconds:.1f}")))
        _screen().print(table)
    late = any(p.records < 0 or (over is not None and p.records > over) for p in places)
    return status or int(late)


def outbox(*services: str, json: Json = False) -> int:
    """What SERVICES have not published yet, how old it is and whose relay is at it; needs no broker."""

    async def work(reached: Reached) -> OutboxState:
        return await outbox_state.state(reached.service.name, reached.urls.relay)

    found, status = _of_each(services, work)
    if json:
        print(msgspec.json.encode(found).decode())
        return status
    table = Table(Column("service", no_wrap=True), "depth", "oldest, s", "relay that holds the lock", "standing by")
    for one in found:
        table.add_row(
            one.service, str(one.depth), f"{one.oldest_seconds:.1f}", _holder(one.owner), str(one.standing_by)
        )
    _screen().print(table)
    return status


def _screen() -> Console:
    """What no terminal shows has no width to be cut to."""
    return Console(width=None if sys.stdout.isatty() else UNCUT)


def _holder(owner: Holder | None) -> str:
    if owner is None:
        return "nobody"
    since = "?" if owner.connected_at is None else owner.connected_at.isoformat(timespec="seconds")
    return f"{owner.application or '?'}, {owner.address or '?'}, pid {owner.pid}, since {since}"


@topics.command
def check(*services: str, json: Json = False) -> int:
    """Compare the topics of SERVICES (all if none) with what the contracts declare: a line each, status 1 if any.

    Partitions and replication are BASSIN_PARTITIONS and BASSIN_REPLICATION, as for provisioning.
    """
    if unknown := sorted(set(services) - CONTRACTS.keys()):
        fail(f"no service {', '.join(unknown)}: {', '.join(sorted(CONTRACTS))}", 2)
    kafka, declared = _declared()
    contracts = [CONTRACTS[name] for name in services or CONTRACTS]
    found = answered("the topics", topics_check.differences(kafka, contracts, declared))
    if json:
        print(msgspec.json.encode(found).decode())
    else:
        count = sum(len(contract.streams) for contract in contracts)
        print("\n".join(found) or f"{count} topics are as declared")
    return 1 if found else 0


def _declared() -> tuple[str, Declared]:
    kafka = os.environ.get("BASSIN_KAFKA")
    run = None if kafka else running()
    if not kafka and run is None:
        fail("no broker: set BASSIN_KAFKA, or run this beside make demo")
    counts = []
    for name, default in (("BASSIN_PARTITIONS", 12 if run is None else PARTITIONS), ("BASSIN_REPLICATION", 1)):
        text = os.environ.get(name) or str(default)
        counts.append(int(text) if text.isdecimal() else fail(f"{name} is no number: {text}"))
    return kafka or (run.kafka if run else ""), Declared(*counts)


def _of_each(services: Sequence[str], work: Callable[[Reached], Coroutine[Any, Any, T]]) -> tuple[list[T], int]:
    """What is found of each, and the status: of one that cannot be reached the others are told all the same."""
    found: list[T] = []
    status = 0
    for name in services or every_service("name it"):
        reached = reach(name)
        try:
            found.append(answered(name, work(reached)))
        except SystemExit as refused:
            status = refused.code if isinstance(refused.code, int) else ENVIRONMENT
    return found, status
