"""Making a decided import true: a thousand lines at a time, each chunk with its events, each once whatever dies."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from uuid import UUID

from common.db import Database
from common.identifiers import CodeAcademie
from common.tx import Tx
from territory.directory import store as directory
from territory.directory.domain import Bassin, Etablissement
from territory.imports import store
from territory.imports.domain import Wish, compare, settle
from territory.imports.drafting import Line
from territory.imports.lifecycle import Run

CHUNK = 1000


class Application:
    """One application; begun again it goes on behind the last chunk that was committed."""

    def __init__(self, db: Database, run: Run, served: Sequence[CodeAcademie], worker: UUID) -> None:
        self.db, self.run, self.worker = db, run, worker
        self.covered = sorted(set(run.covered) & set(served))
        self.mine = sorted({run.academie, *self.covered})

    async def __call__(self) -> None:
        """Rests after each chunk as long as it took: its listeners have work too, and whoever asks goes before both."""
        began = time.monotonic()
        while await self.apply_chunk():
            await asyncio.sleep(time.monotonic() - began)
            began = time.monotonic()

    async def apply_chunk(self) -> bool:
        """False once nothing is left.

        Raises:
            LeaseLost: another process is at it.
        """
        async with self.db.batch(self.mine) as tx:
            lines = await store.next_lines(tx, self.run, self.worker, CHUNK)
            if not lines:
                await store.finish_application(tx, self.run)
                return False
            known = await store.bassins(tx, self.covered)
            await self._apply_bassins(tx, known, lines)
            await self._apply_schools(tx, known, lines)
            await store.record_progress(tx, self.run, lines[-1].place, len(lines))
        return True

    async def _apply_bassins(self, tx: Tx, known: dict[str, Bassin], lines: Sequence[Line]) -> None:
        wished = [line.wish for line in lines if isinstance(line.wish, Bassin)]
        if not wished:
            return
        names = await store.local_names(tx, self.covered)
        for academie in self.covered:
            settled = [settle(known.get(b.code), b) for b in wished if b.academie == academie]
            changed = [bassin for bassin in settled if known.get(bassin.code) != bassin]
            await directory.record_bassins(tx, changed, names[academie])
            known |= {bassin.code: bassin for bassin in changed}

    async def _apply_schools(self, tx: Tx, known: Mapping[str, Bassin], lines: Sequence[Line]) -> None:
        """The difference is taken again, from the schools as they are now and under their locks."""
        wishes = [line.wish for line in lines if isinstance(line.wish, Wish)]
        present = await directory.lock_schools(tx, self.covered, [wish.uai for wish in wishes])
        changed: list[Etablissement] = []
        for wish in wishes:
            after = compare(present.get(wish.uai), wish, known, on=self.run.effective_on).after
            if after is not None and after != present.get(wish.uai):
                changed.append(after)
        await directory.record_schools(tx, changed)
