"""What an académie says of itself; changing how it calls its bassins is told to all who show them."""

from collections.abc import Sequence

import msgspec

from common.identifiers import CodeAcademie, dec_hook
from common.tx import ENCODER, Tx
from territory.directory.domain import Bassin
from territory.directory.store import BASSINS, record_bassins
from territory.organisation.domain import Profil, Rectorat


async def profils(tx: Tx) -> dict[str, Profil]:
    rows = await tx.fetch("SELECT academie, local_name, rectorat FROM academie_profil")
    return {row["academie"]: profil_of(row["local_name"], row["rectorat"]) for row in rows}


async def lock_profil(tx: Tx, academie: CodeAcademie) -> tuple[Profil, list[Bassin]]:
    """As it is, with the bassins that bear its word; nobody else changes it before we are done."""
    row = await tx.fetchrow(LOCK_PROFIL, academie)
    assert row is not None
    return profil_of(row["local_name"], row["rectorat"]), BASSINS.decode(row["bassins"])


async def record_profil(tx: Tx, academie: CodeAcademie, wished: Profil, renamed: Sequence[Bassin]) -> None:
    rectorat = None if wished.rectorat is None else ENCODER.encode(wished.rectorat).decode()
    await tx.execute(RECORD_PROFIL, academie, wished.local_name, rectorat)
    await record_bassins(tx, renamed, wished.local_name)


def profil_of(local_name: str, rectorat: str | None) -> Profil:
    found = None if rectorat is None else msgspec.json.decode(rectorat, type=Rectorat, dec_hook=dec_hook)
    return Profil(local_name=local_name, rectorat=found)


LOCK_PROFIL = """
WITH locked AS (  -- the first time there is no row to lock: it is made, as it would be read without one
    INSERT INTO academie_profil AS p (academie, local_name) VALUES ($1, 'bassin')
    ON CONFLICT (academie) DO UPDATE SET academie = p.academie RETURNING p.local_name, p.rectorat
)
SELECT l.local_name, l.rectorat,
       (SELECT coalesce(jsonb_agg(b ORDER BY b.code), '[]')::text FROM bassin b WHERE b.academie = $1) AS bassins
FROM locked l
"""
RECORD_PROFIL = """
INSERT INTO academie_profil (academie, local_name, rectorat) VALUES ($1, $2, $3::jsonb)
ON CONFLICT (academie) DO UPDATE SET (local_name, rectorat) = (excluded.local_name, excluded.rectorat)
"""
