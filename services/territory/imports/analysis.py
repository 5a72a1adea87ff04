"""The dry run: a whole file against the directory as it is, written down as a report that an application can follow."""

import asyncio
import gzip
import io
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TypeVar

from common.db import Database
from common.identifiers import CodeAcademie
from common.imports import Table, UnreadableFile, open_table
from territory.directory.domain import Bassin
from territory.imports import store
from territory.imports.domain import settle_bassins
from territory.imports.drafting import Draft, Line
from territory.imports.layouts import LAYOUTS
from territory.imports.lease import Lease
from territory.imports.lifecycle import Run
from territory.imports.reading import Reading, Scope, Skipped, read
from territory.imports.successors import committed
from territory.organisation.reference import nationwide

T = TypeVar("T")
CHUNK = 1000
BREATH = 200  # rows read before the lease may be kept


class Analysis:
    """One dry run, from the file to its report."""

    def __init__(self, db: Database, run: Run, served: Sequence[CodeAcademie], lease: Lease) -> None:
        self.db, self.run, self.served, self.lease = db, run, served, lease
        self.covered = sorted(set(run.covered) & set(served))
        self.mine = sorted({run.academie, *self.covered})
        self.skipped: Counter[Skipped] = Counter()

    async def __call__(self) -> None:
        async with self.db.batch(self.mine) as tx:
            await store.begin_analysis(tx, self.run)
            content = await store.content(tx, self.run)
            known = await store.bassins(tx, self.covered)
        packed = io.BytesIO(content)
        try:
            table = open_table(io.BufferedReader(gzip.GzipFile(fileobj=packed)), LAYOUTS)
        except UnreadableFile as unreadable:
            async with self.db.batch(self.mine) as tx:
                await store.refuse_file(tx, self.run, unreadable.findings)
            return
        self.draft = Draft(self.run, table.heading)
        self.lease.total = len(content)
        readings = [reading async for reading in self._read(table, packed, known)]
        bassins = settle_bassins((r.wish for r in readings if r.wish is not None), known)
        await self._write(self.draft.bassins(known, bassins))
        await self._compare(readings, bassins)
        await self._look_for_absents()
        await self._finish(table)

    async def _read(self, table: Table, packed: io.BytesIO, known: Mapping[str, Bassin]) -> AsyncIterator[Reading]:
        scope = Scope(
            carte=nationwide(),
            served=frozenset(self.served),
            covered=frozenset(self.covered),
            successors=committed(),
            bassins_by_name=store.by_name(known),
            on=self.run.effective_on,
        )
        for n, row in enumerate(table.rows()):
            found = read(row, table.heading, scope)
            if isinstance(found, Skipped):
                self.skipped[found] += 1
            else:
                yield found
            if n % BREATH == 0:
                self.lease.done = packed.tell()
                await asyncio.sleep(0)

    async def _compare(self, readings: Sequence[Reading], bassins: Mapping[str, Bassin]) -> None:
        for chunk in chunks(readings):
            uais = [reading.uai for reading in chunk if reading.wish is not None]
            async with self.db.batch(self.mine) as tx:
                present = await store.schools(tx, self.covered, uais)
                await store.write_lines(tx, self.run, self.draft.schools(chunk, present, bassins))

    async def _look_for_absents(self) -> None:
        """Only in the académies that the file speaks of: a file of one says nothing about the other."""
        async with self.db.batch(self.mine) as tx:
            known = await store.open_schools(tx, self.draft.spoken_of, self.run.effective_on)
        for academie, uais in sorted(known.items()):
            for chunk in chunks(self.draft.unnamed(academie, uais)):
                async with self.db.batch(self.mine) as tx:
                    schools = await store.schools(tx, [academie], chunk)
                    await store.write_lines(tx, self.run, self.draft.absents(schools[uai] for uai in chunk))

    async def _finish(self, table: Table) -> None:
        source = {"layout": table.layout.name, "encoding": table.encoding, "delimiter": table.delimiter}
        skipped: dict[str, dict[str, int]] = {"not_served": {}, "not_covered": {}}
        for found, lines in sorted(self.skipped.items(), key=lambda pair: pair[0].academie):
            skipped["not_covered" if found.served else "not_served"][found.academie] = lines
        async with self.db.batch(self.mine) as tx:
            await store.finish_analysis(tx, self.run, source, skipped)

    async def _write(self, lines: Sequence[Line]) -> None:
        async with self.db.batch(self.mine) as tx:
            await store.write_lines(tx, self.run, lines)


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))
