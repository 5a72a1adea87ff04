"""Reading the directory: schools and bassins as they are, and as they were on a day."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from common.contracts.territory import Membership
from common.identifiers import CodeBassin, Uai
from common.imports import fold
from common.tx import Tx
from territory.directory.domain import NATURES, Level
from territory.directory.store import UnknownBassin, UnknownEtablissement

S = TypeVar("S", bound=Struct)


class Place(Struct, frozen=True, kw_only=True):
    """Un bassin, avec le nom que l’académie donne à ses bassins."""

    code: str
    name: str
    local_name: str


class EtablissementSummary(Struct, frozen=True, kw_only=True):
    """Un établissement dans une liste ; `bassin` est celui de la date demandée."""

    uai: str
    name: str
    nature: str
    nature_label: str
    level: str
    level_label: str
    sector: str
    commune: str
    departement: str
    academie: str
    mail: str
    opened_on: date | None
    closed_on: date | None
    bassin: str | None


class EtablissementDetail(EtablissementSummary, frozen=True, kw_only=True):
    """Un établissement et l’histoire datée de ses rattachements."""

    siret: str | None
    memberships: tuple[Membership, ...]


class BassinAnswer(Struct, frozen=True, kw_only=True):
    """À quel bassin cet établissement était rattaché à cette date ; `bassin` est nul s’il ne l’était à aucun."""

    uai: str
    on: date
    bassin: Place | None


class BassinDetail(Struct, frozen=True, kw_only=True):
    """Un bassin, et combien d’établissements ouverts le composent à la date demandée."""

    code: str
    name: str
    local_name: str
    departement: str
    academie: str
    closed_on: date | None
    etablissements: int
    premier_degre: int
    second_degre: int


class Wanted(Struct, frozen=True, kw_only=True):
    """Which schools a list shows; None: whichever."""

    on: date  # the day whose bassin is shown and filtered by
    open_on: date | None = None
    academie: str | None = None
    departement: str | None = None
    bassin: str | None = None
    commune: str | None = None
    nature: str | None = None
    level: Level | None = None
    q: str | None = None

    def patterns(self) -> list[str]:
        """Each word must be found in the folded name or the UAI, in any order."""
        return [f"%{word}%" for word in fold(self.q or "").split("_") if word]


async def etablissements(tx: Tx, wanted: Wanted, after: Sequence[str], limit: int) -> list[EtablissementSummary]:
    academie, uai = after or (None, None)
    rows = await tx.fetch(
        LIST,
        wanted.on,
        wanted.open_on,
        wanted.academie,
        wanted.departement,
        wanted.bassin,
        wanted.commune,
        wanted.nature,
        wanted.level,
        wanted.patterns(),
        academie,
        uai,
        limit,
    )
    return [shown(dict(row), EtablissementSummary) for row in rows]


async def etablissement(tx: Tx, uai: Uai, on: date) -> EtablissementDetail:
    row = await tx.fetchrow(ONE, uai, on)
    if row is None:
        raise UnknownEtablissement(f"Aucun établissement n’a l’UAI {uai}.")
    history = msgspec.json.decode(row["memberships"], type=tuple[Membership, ...])
    return shown(dict(row), EtablissementDetail, memberships=history)


async def bassin_of(tx: Tx, uai: Uai, on: date) -> BassinAnswer:
    row = await tx.fetchrow(BASSIN_OF, uai, on)
    if row is None:
        raise UnknownEtablissement(f"Aucun établissement n’a l’UAI {uai}.")
    code = row["code"]
    found = None if code is None else Place(code=code, name=row["name"], local_name=row["local_name"])
    return BassinAnswer(uai=uai, on=on, bassin=found)


async def bassins(tx: Tx, on: date, after: str | None, limit: int) -> list[BassinDetail]:
    return [msgspec.convert(dict(row), BassinDetail) for row in await tx.fetch(BASSINS, on, None, after, limit)]


async def bassin(tx: Tx, code: CodeBassin, on: date) -> BassinDetail:
    rows = await tx.fetch(BASSINS, on, code, None, 1)
    if not rows:
        raise UnknownBassin(f"Aucun bassin n’a le code {code}.")
    return msgspec.convert(dict(rows[0]), BassinDetail)


def shown(row: Mapping[str, Any], kind: type[S], **more: object) -> S:
    level = row["level"]
    labels = {
        "nature_label": NATURES.get(row["nature"], "Nature inconnue"),
        "level_label": Level(level).label if level else "",
    }
    return msgspec.convert({**row, **labels, **more}, kind)


# Bassins are looked up for one page, all at once: whatever the planner believes of the tables, they are read once.
LIST = """
WITH page AS MATERIALIZED (
    SELECT * FROM etablissement
    WHERE ($2::date IS NULL OR ((opened_on <= $2) IS NOT FALSE AND (closed_on > $2) IS NOT FALSE))
      AND ($3::text IS NULL OR academie = $3) AND ($4::text IS NULL OR departement = $4)
      AND ($5::text IS NULL OR (academie, uai) IN (
          SELECT academie, uai FROM membership WHERE bassin = $5 AND since <= $1 AND (until > $1) IS NOT FALSE))
      AND ($6::text IS NULL OR commune = $6) AND ($7::text IS NULL OR nature = $7)
      AND ($8::text IS NULL OR level = $8) AND search LIKE ALL ($9::text[])
      AND ($10::text IS NULL OR (academie, uai) > ($10, $11))
    ORDER BY academie, uai LIMIT $12
), there AS MATERIALIZED (
    SELECT academie, uai, bassin FROM membership
    WHERE uai = ANY (ARRAY(SELECT uai FROM page)) AND since <= $1 AND (until > $1) IS NOT FALSE
)
SELECT page.*, there.bassin FROM page LEFT JOIN there USING (academie, uai) ORDER BY academie, uai
"""
ONE = """
SELECT e.*, now_in.bassin, membership_history(e.academie, e.uai)::text AS memberships
FROM etablissement e
LEFT JOIN membership now_in ON now_in.uai = e.uai AND (now_in.academie = e.academie) IS TRUE
    AND now_in.since <= $2 AND (now_in.until > $2) IS NOT FALSE
WHERE e.uai = $1 ORDER BY e.academie LIMIT 1
"""
BASSIN_OF = """
SELECT b.code, b.name, coalesce(p.local_name, 'bassin') AS local_name FROM etablissement e
LEFT JOIN membership m ON m.uai = e.uai AND (m.academie = e.academie) IS TRUE
    AND m.since <= $2 AND (m.until > $2) IS NOT FALSE
LEFT JOIN bassin b ON b.code = m.bassin AND (b.academie = m.academie) IS TRUE
LEFT JOIN academie_profil p ON p.academie = e.academie
WHERE e.uai = $1 ORDER BY e.academie LIMIT 1
"""
BASSINS = """
SELECT b.code, b.name, coalesce(p.local_name, 'bassin') AS local_name, b.departement, b.academie, b.closed_on,
       coalesce(c.etablissements, 0) AS etablissements, coalesce(c.premier_degre, 0) AS premier_degre,
       coalesce(c.second_degre, 0) AS second_degre
FROM bassin b LEFT JOIN academie_profil p USING (academie)
LEFT JOIN bassin_compositions($1) c ON (c.academie, c.bassin) = (b.academie, b.code)
WHERE ($2::text IS NULL OR b.code = $2) AND ($3::text IS NULL OR b.code > $3)
ORDER BY b.code LIMIT $4
"""
