"""`bassin parking`: records that could not be applied, and what an operator decides of them."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Literal, TypeVar
from uuid import UUID

import msgspec
from cyclopts import App, Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.table import Table

from common import decided, held, roster
from common.cli.reach import answered, fail, on_this_machine, reach, zoned
from common.cli_progress import Steps
from common.contracts.catalogue import STREAMS
from common.decided import DecidedOtherwise, Decision, NotReplayable, Result, UnknownGap, UnknownRecord
from common.held import EVERYTHING, HeldRecord, Wanted
from common.inbox import Inbox
from common.parking import Desk

T = TypeVar("T")
Reason = Annotated[str, Parameter(help="why; kept in the audit")]
State = Literal["waiting", "parked", "discarded"]
Stream = Annotated[str | None, Parameter(help="bassin.territory.state, ...")]

app = App(name="parking", help="Records that wait or are parked in one service's inbox.")


@app.command(name="list")
def list_(
    service: str,
    *,
    state: State | None = None,
    stream: Stream = None,
    subject: UUID | None = None,
    type: Annotated[str | None, Parameter(help="fr.bassin.training.ordre_de_mission_issued.v1, ...")] = None,  # noqa: A002
    academie: str | None = None,
    since: datetime | None = None,
    error: Annotated[str | None, Parameter(help="a part of the error's text")] = None,
    after: Annotated[int, Parameter(help="only records held after this one", validator=Number(gte=0, lt=2**63))] = 0,
    limit: Annotated[int, Parameter(help="at most so many", validator=Number(gte=1, lt=2**31))] = 1000,
    json: bool = False,
) -> None:
    """The held records of SERVICE, oldest first; times without zone are UTC."""
    wanted = Wanted(
        state=state, stream=stream, subject=subject, type=type, academie=academie, since=zoned(since), error=error
    )
    found = _with(service, lambda inbox: held.held(inbox, wanted, after=after, limit=limit + 1))
    records = found[:limit]
    if len(found) > limit:
        print(f"there are more: --after {records[-1].id}", file=sys.stderr)
    if json:
        print(msgspec.json.encode(records).decode())
        return
    Console().print(_table(records))


@app.command
def show(service: str, record: int) -> None:
    """One record with its headers, its decoded body, its error, and what waits behind it."""
    found = _with(service, lambda inbox: held.show(inbox, record))
    if found is None:
        fail(_unknown(service, record), 2)
    print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())


@app.command
def replay(
    service: str,
    *records: int,
    key: Annotated[UUID | None, Parameter(help="the parked records of this subject")] = None,
    stream: Stream = None,
    everything: Annotated[bool, Parameter(name="--all", help="every parked record")] = False,
) -> int:
    """Try RECORDS again in order, with what waits behind each; exit 1 if one cannot be applied.

    Each is a transaction of its own: what was done when Ctrl-C comes stays done, and the rest is as it was.
    """
    if sum((bool(records), key is not None, everything)) != 1 or (stream is not None and bool(records)):
        fail("say which: RECORD ..., --key SUBJECT, or --all; --stream with the last two", 2)
    wanted = Wanted(state="parked", stream=stream, subject=key)
    told = _with(service, lambda inbox: _replay(inbox, sorted(records), wanted), deciding=True)
    print("\n".join(line for _, line in told) or "applied")
    return 0 if all(well for well, _ in told) else 1


async def _replay(inbox: Inbox, named: list[int], wanted: Wanted) -> list[tuple[bool, str]]:
    """A line for each that is not just applied, and whether it is well all the same."""
    for record in named:
        await _known(inbox, record)  # none is tried if one of them is not
    records = named or in_order(await held.held(inbox, wanted))
    told: list[tuple[bool, str]] = []
    with Steps(sys.stderr) as steps:
        for done, record in enumerate(records):
            try:
                told += await _again(inbox, record)
            except asyncio.CancelledError:
                print(f"stopped after {done} of {len(records)}: the rest is as it was", file=sys.stderr)
                raise
            if len(records) > 1:
                steps.at("replay", done + 1, len(records))
    return told


def in_order(records: list[HeldRecord]) -> list[int]:
    """The subject that was parked first, first; those of one subject by version, however they arrived."""
    first: dict[tuple[str, UUID | None], int] = {}
    for each in records:
        first.setdefault((each.stream, each.subject), each.id)
    return [r.id for r in sorted(records, key=lambda r: (first[r.stream, r.subject], r.version or 0, r.id))]


async def _known(inbox: Inbox, record: int) -> None:
    try:
        if await held.show(inbox, record) is None:
            async with inbox.db.batch(()) as tx:
                await decided.earlier(tx, inbox.consumer, EVERYTHING, record, Result.APPLIED)
    except UnknownRecord:
        fail(_unknown(inbox.table.service, record), 2)
    except DecidedOtherwise:
        fail(f"record {record} was discarded: there is nothing to replay", 1)


async def _again(inbox: Inbox, record: int) -> list[tuple[bool, str]]:
    try:
        decision = await _once(inbox, lambda desk: desk.replay(record))
    except UnknownRecord:
        return []  # it went on behind another, or somebody else was faster
    except NotReplayable:
        remedy = f"bassin parking discard {inbox.consumer} {record} --reason WHY"
        return [(False, f"{record}: it has no readable headers: {remedy}")]
    except DecidedOtherwise:
        return [(False, f"{record}: it was discarded")]
    applied = decision.result is Result.APPLIED
    return [] if applied and not decision.already else [(applied, f"{record}: {_said(decision)}")]


@app.command
def discard(
    service: str, record: int | None = None, *, gap: UUID | None = None, stream: Stream = None, reason: Reason
) -> int:
    """Give up RECORD, or with --gap SUBJECT --stream STREAM the versions of it that nobody will deliver."""
    if not reason.strip():
        fail("--reason says why: it is kept in the audit", 2)
    if gap is not None and stream is not None:
        if stream not in STREAMS:
            fail(f"there is no stream {stream}: {', '.join(STREAMS)}", 2)
        print(_with(service, lambda inbox: _give_up(inbox, stream, gap, reason), deciding=True))
    elif record is not None and gap is None:
        print(_with(service, lambda inbox: _discard(inbox, record, reason), deciding=True))
    else:
        fail("say which: RECORD, or --gap SUBJECT --stream STREAM", 2)
    return 0


async def _discard(inbox: Inbox, record: int, reason: str) -> str:
    try:
        return _said(await _once(inbox, lambda desk: desk.discard(record, reason)))
    except UnknownRecord:
        fail(_unknown(inbox.table.service, record), 2)
    except DecidedOtherwise:
        fail(f"record {record} was applied: there is nothing to discard", 1)


async def _give_up(inbox: Inbox, stream: str, subject: UUID, reason: str) -> str:
    try:
        return _said(await _once(inbox, lambda desk: desk.give_up(stream, subject, reason)))
    except UnknownGap:
        return "0 versions given up: nothing waits for a missing version of it"


async def _once(inbox: Inbox, decide: Callable[[Desk], Awaitable[Decision]]) -> Decision:
    """One decision in a transaction of its own."""
    async with inbox.db.batch(()) as tx:
        return await decide(Desk(inbox, tx, person=on_this_machine()))


def _said(decision: Decision) -> str:
    match decision.result:
        case Result.APPLIED:
            return "it was applied before" if decision.already else "applied"
        case Result.WAITING:
            return "it waits for its turn: an earlier version is missing or parked"
        case Result.PARKED:
            return decision.error
        case Result.DISCARDED:
            return "it was discarded before" if decision.already else "discarded"
        case Result.GIVEN_UP:
            return f"{decision.versions} versions {'were given up before' if decision.already else 'given up'}"


def _unknown(service: str, record: int) -> str:
    return f"no record {record} is held in {service}: bassin parking list {service}"


def _with(service: str, work: Callable[[Inbox], Awaitable[T]], *, deciding: bool = False) -> T:
    async def reached() -> T:
        async with reach(service).inbox() as inbox:
            if deciding and (why := await roster.unfit(inbox)):
                fail(f"this release must not apply records of {service}: {why}")
            return await work(inbox)

    return answered(service, reached())


def _table(records: list[HeldRecord]) -> Table:
    table = Table(
        "id", "state", "stream", "type", "académie", "subject", "version", "behind", "tries", "since", "error"
    )
    for r in records:
        since, which = r.held_at.isoformat(timespec="seconds"), (r.subject or r.place, r.version or "")
        named = (r.id, r.state, r.stream, r.type or "", r.academie or "", *which)
        table.add_row(*map(str, (*named, r.behind, r.attempts, since, r.error)))
    return table
