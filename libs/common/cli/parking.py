"""`bassin parking`: records that could not be applied, and what an operator decides of them."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal, TypeVar
from uuid import UUID

import msgspec
from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from common import parking
from common.cli.reach import answered, fail, reach
from common.contracts.catalogue import STREAMS
from common.inbox import Inbox
from common.parking import HeldRecord, NotReplayable, UnknownRecord

T = TypeVar("T")
Reason = Annotated[str, Parameter(help="why; kept in the audit")]
State = Literal["waiting", "parked", "discarded"]

app = App(name="parking", help="Records that wait or are parked in one service's inbox.")


@app.command(name="list")
def list_(service: str, *, state: State | None = None, stream: str | None = None, json: bool = False) -> None:
    """The held records of SERVICE, oldest first."""
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

    if bool(records) == everything:
        fail("say which: RECORD ..., or --all", 2)

    async def again(inbox: Inbox) -> list[str]:
        parked = [r.id for r in await parking.held(inbox, state="parked")]
        for record in records:
            await parking.show(inbox, record)  # none is tried if one of them is not known
        wanted = parked if everything else sorted(records)
        return [f"{record}: {error}" for record in wanted if (error := await _try(inbox, record))]

    failed = _with(service, again)
    print("\n".join(failed) or "applied")
    return 1 if failed else 0


async def _try(inbox: Inbox, record: int) -> str:
    """Why it is still parked, or ""; it may have been applied meanwhile, behind another."""
    try:
        return await parking.replay(inbox, record)
    except UnknownRecord:
        return ""
    except NotReplayable:
        return f"it has no readable headers: bassin parking discard {inbox.consumer} {record} --reason WHY"


@app.command
def discard(
    service: str, record: int | None = None, *, gap: UUID | None = None, stream: str | None = None, reason: Reason
) -> None:
    """Give up RECORD, or with --gap SUBJECT --stream STREAM the versions of it that nobody will deliver."""
    if gap is not None and stream is not None:
        if stream not in STREAMS:
            fail(f"there is no stream {stream}: {', '.join(STREAMS)}", 2)
        print(f"{_with(service, lambda inbox: parking.give_up(inbox, stream, gap, reason))} versions given up")
    elif record is not None and gap is None:
        _with(service, lambda inbox: parking.discard(inbox, record, reason))
        print("discarded")
    else:
        fail("say which: RECORD, or --gap SUBJECT --stream STREAM", 2)


def _with(service: str, work: Callable[[Inbox], Awaitable[T]]) -> T:
    async def reached() -> T:
        async with reach(service).inbox() as inbox:
            return await work(inbox)

    try:
        return answered(service, reached())
    except UnknownRecord as unknown:
        fail(f"no record {unknown} is held in {service}: bassin parking list {service}", 2)


def _table(records: list[HeldRecord]) -> Table:
    table = Table("id", "state", "stream", "subject", "version", "behind", "tries", "since", "error")
    for r in records:
        since = r.held_at.isoformat(timespec="seconds")
        cells = (r.id, r.state, r.stream, r.subject or r.place, r.version or "", r.behind, r.attempts, since, r.error)
        table.add_row(*map(str, cells))
    return table
