"""`bassin parking`: records that could not be applied, and what an operator decides of them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec
from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from common import parking
from common.cli.reach import fail, reach
from common.inbox import Inbox
from common.parking import HeldRecord, NotReplayable, UnknownRecord

T = TypeVar("T")
Reason = Annotated[str, Parameter(help="why; kept in the audit")]

app = App(name="parking", help="Records that wait or are parked in one service's inbox.")


@app.command(name="list")
def list_(service: str, *, state: str | None = None, stream: str | None = None, json: bool = False) -> None:
    """The held records of SERVICE, oldest first; STATE is waiting, parked or discarded."""
    records = _with(service, lambda inbox: parking.held(inbox, state=state, stream=stream))
    if json:
        print(msgspec.json.encode(records).decode())
        return
    Console().print(_table(records))


@app.command
def show(service: str, record: int) -> None:
    """One record with its headers, its decoded body, its error and how many wait behind it."""
    found = _with(service, lambda inbox: parking.show(inbox, record))
    print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())


@app.command
def replay(service: str, *records: int, everything: Annotated[bool, Parameter(name="--all")] = False) -> int:
    """Try RECORDS again (or --all the parked ones) in order, with what waits behind each; exit 1 if one parks again."""

    async def again(inbox: Inbox) -> list[str]:
        known = [r.id for r in await parking.held(inbox, state="parked")] if everything else sorted(records)
        return [f"{record}: {error}" for record in known if (error := await parking.replay(inbox, record))]

    failed = _with(service, again)
    print("\n".join(failed) or "applied")
    return 1 if failed else 0


@app.command
def discard(
    service: str, record: int | None = None, *, gap: UUID | None = None, stream: str | None = None, reason: Reason
) -> None:
    """Give up RECORD, or with --gap SUBJECT --stream STREAM the versions of it that nobody will deliver."""
    if gap is not None and stream is not None:
        print(f"{_with(service, lambda inbox: parking.give_up(inbox, stream, gap, reason))} versions given up")
    elif record is not None:
        _with(service, lambda inbox: parking.discard(inbox, record, reason))
        print("discarded")
    else:
        fail("say which: RECORD, or --gap SUBJECT --stream STREAM", 2)


def _with(service: str, work: Callable[[Inbox], Awaitable[T]]) -> T:
    async def reached() -> T:
        async with reach(service).inbox() as inbox:
            return await work(inbox)

    try:
        return asyncio.run(reached())
    except UnknownRecord as unknown:
        fail(f"no record {unknown} is held in {service}: bassin parking list {service}", 2)
    except NotReplayable as never:
        fail(
            f"record {never} has no readable headers and cannot be applied: bassin parking discard {service} {never}", 2
        )


def _table(records: list[HeldRecord]) -> Table:
    table = Table("id", "state", "stream", "subject", "version", "behind", "tries", "since", "error")
    for r in records:
        since = r.held_at.isoformat(timespec="seconds")
        cells = (r.id, r.state, r.stream, r.subject or r.place, r.version or "", r.behind, r.attempts, since, r.error)
        table.add_row(*map(str, cells))
    return table
