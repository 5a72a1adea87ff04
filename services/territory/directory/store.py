"""The only writer of établissements, their memberships and bassins: rows and published states, together."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from common import outbox
from common.contracts.events import Event
from common.identifiers import CodeAcademie, CodeBassin, Uai, bassin_id, dec_hook, school_id
from common.imports import fold
from common.refusal import NotFound
from common.tx import ENCODER, Tx
from territory.directory.domain import Bassin, Etablissement, bassin_state, level_of, school_state

SCHOOLS = msgspec.json.Decoder(list[Etablissement], dec_hook=dec_hook)
BASSINS = msgspec.json.Decoder(list[Bassin], dec_hook=dec_hook)


class UnknownEtablissement(NotFound):
    code = "unknown-etablissement"
    title = "Établissement inconnu"


class UnknownBassin(NotFound):
    code = "unknown-bassin"
    title = "Bassin inconnu"


async def lock_schools(tx: Tx, academies: Sequence[str], uais: Sequence[str]) -> dict[str, Etablissement]:
    """Those that exist, locked in sorted order."""
    found = SCHOOLS.decode(await tx.fetchval(LOCK_SCHOOLS, academies, uais))
    return {school.uai: school for school in found}


async def lock_attachment(tx: Tx, uai: Uai, code: CodeBassin) -> tuple[Etablissement, Bassin]:
    """A school and the bassin it is to belong to.

    Raises:
        UnknownEtablissement, UnknownBassin: not there, or not for this agent to see.
    """
    row = await tx.fetchrow(LOCK_ATTACHMENT, uai, code)
    assert row is not None
    schools, bassins = SCHOOLS.decode(row["schools"]), BASSINS.decode(row["bassins"])
    if not schools:
        raise UnknownEtablissement(f"Aucun établissement n’a l’UAI {uai}.")
    if not bassins or bassins[0].academie != schools[0].academie:
        raise UnknownBassin(f"Aucun bassin de l’académie n’a le code {code}.")
    return schools[0], bassins[0]


async def lock_bassin(tx: Tx, code: CodeBassin, on: date) -> tuple[Bassin, list[Uai], str]:
    """The bassin, the schools that belong to it on a day or later, what bassins are called in its académie.

    Raises:
        UnknownBassin: not there, or not for this agent to see.
    """
    row = await tx.fetchrow(LOCK_BASSIN, code, on)
    if row is None:
        raise UnknownBassin(f"Aucun bassin n’a le code {code}.")
    (bassin,) = BASSINS.decode(row["bassin"])
    return bassin, [Uai(uai) for uai in row["members"]], row["local_name"]


async def record_schools(tx: Tx, schools: Sequence[Etablissement]) -> None:
    """Make them so, and tell the other services."""
    if schools:
        await tx.execute(RECORD_SCHOOLS, ENCODER.encode([row_of(school) for school in schools]).decode())
    for academie, group in by_academie(schools).items():
        outbox.append(tx, academie, [school_state(school) for school in group])


async def record_bassins(tx: Tx, bassins: Sequence[Bassin], local_name: str) -> None:
    """Make bassins of one académie so, and tell the other services."""
    if bassins:
        rows = [{**msgspec.structs.asdict(bassin), "id": bassin_id(bassin.code)} for bassin in bassins]
        await tx.execute(RECORD_BASSINS, ENCODER.encode(rows).decode())
        outbox.append(tx, bassins[0].academie, [bassin_state(bassin, local_name) for bassin in bassins])


async def school_states(tx: Tx, subjects: Sequence[UUID]) -> list[tuple[str, Event]]:
    """To be published again as they are."""
    schools = SCHOOLS.decode(await tx.fetchval(SCHOOLS_OF, subjects))
    return [(school.academie, school_state(school)) for school in schools]


async def bassin_states(tx: Tx, subjects: Sequence[UUID]) -> list[tuple[str, Event]]:
    """To be published again as they are."""
    rows = await tx.fetch(BASSINS_OF, subjects)
    found = [(BASSINS.decode(row["bassin"])[0], row["local_name"]) for row in rows]
    return [(bassin.academie, bassin_state(bassin, name)) for bassin, name in found]


def row_of(school: Etablissement) -> dict[str, object]:
    ends = [None, *(membership.until for membership in school.memberships)]
    return {
        **msgspec.structs.asdict(school),
        "id": school_id(school.uai),
        "level": level_of(school.nature) or "",
        "search": f"{fold(school.name).replace('_', ' ')} {school.uai.lower()}",
        "memberships": [
            {"bassin": m.bassin, "since": m.since, "until": m.until, "previous_until": previous}
            for m, previous in zip(school.memberships, ends, strict=False)
        ],
    }


def by_academie(schools: Sequence[Etablissement]) -> dict[CodeAcademie, list[Etablissement]]:
    groups: dict[CodeAcademie, list[Etablissement]] = {}
    for school in schools:
        groups.setdefault(school.academie, []).append(school)
    return groups


LOCK_SCHOOLS = """
WITH locked AS (
    SELECT * FROM etablissement WHERE (academie = ANY($1)) IS TRUE AND uai = ANY($2) ORDER BY academie, uai FOR UPDATE
)
SELECT coalesce(jsonb_agg(to_jsonb(e) || jsonb_build_object('memberships', membership_history(e.academie, e.uai))),
                '[]')::text FROM locked e
"""
LOCK_ATTACHMENT = """
WITH locked AS (SELECT * FROM etablissement WHERE uai = $1 ORDER BY academie FOR UPDATE),
     bassins AS (SELECT * FROM bassin WHERE code = $2 ORDER BY academie FOR SHARE)
SELECT (SELECT coalesce(jsonb_agg(
            to_jsonb(e) || jsonb_build_object('memberships', membership_history(e.academie, e.uai))), '[]')::text
        FROM locked e) AS schools,
       (SELECT coalesce(jsonb_agg(b), '[]')::text FROM bassins b) AS bassins
"""
LOCK_BASSIN = """
WITH locked AS (SELECT * FROM bassin WHERE code = $1 ORDER BY academie FOR UPDATE)
SELECT jsonb_build_array(to_jsonb(b))::text AS bassin,
       bassin_members(b.academie, b.code, $2) AS members,
       coalesce(p.local_name, 'bassin') AS local_name
FROM locked b LEFT JOIN academie_profil p USING (academie)
"""
SCHOOLS_OF = """
SELECT coalesce(jsonb_agg(to_jsonb(e) || jsonb_build_object('memberships', membership_history(e.academie, e.uai))),
                '[]')::text FROM etablissement e WHERE id = ANY($1)
"""
BASSINS_OF = """
SELECT jsonb_build_array(to_jsonb(b))::text AS bassin, coalesce(p.local_name, 'bassin') AS local_name
FROM bassin b LEFT JOIN academie_profil p USING (academie) WHERE b.id = ANY($1)
"""
RECORD_SCHOOLS = """
WITH given AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS g (academie text, uai text, id uuid, name text,
        nature text, level text, sector text, commune text, departement text, siret text, mail text, opened_on date,
        closed_on date, search text, memberships jsonb)
), kept AS (
    INSERT INTO etablissement (academie, uai, id, name, nature, level, sector, commune, departement, siret, mail,
                               opened_on, closed_on, search)
    SELECT academie, uai, id, name, nature, level, sector, commune, departement, siret, mail,
           opened_on, closed_on, search FROM given ORDER BY academie, uai
    ON CONFLICT (academie, uai) DO UPDATE
    SET (name, nature, level, sector, commune, departement, siret, mail, opened_on, closed_on, search)
      = (excluded.name, excluded.nature, excluded.level, excluded.sector, excluded.commune, excluded.departement,
         excluded.siret, excluded.mail, excluded.opened_on, excluded.closed_on, excluded.search)
), history AS (
    SELECT g.academie, g.uai, m.* FROM given g, jsonb_to_recordset(g.memberships)
        AS m (bassin text, since date, until date, previous_until date)
), gone AS (
    DELETE FROM membership m USING given g WHERE m.uai = g.uai AND (m.academie = g.academie) IS TRUE
    AND NOT EXISTS (SELECT FROM history h WHERE (h.academie, h.uai, h.since) = (m.academie, m.uai, m.since))
)
INSERT INTO membership (academie, uai, bassin, since, until, previous_until)
SELECT academie, uai, bassin, since, until, previous_until FROM history ORDER BY academie, uai, since
ON CONFLICT (academie, uai, since) DO UPDATE
SET (bassin, until, previous_until) = (excluded.bassin, excluded.until, excluded.previous_until)
WHERE (membership.bassin, membership.until) IS DISTINCT FROM (excluded.bassin, excluded.until)
"""
RECORD_BASSINS = """
INSERT INTO bassin (academie, code, id, name, departement, closed_on)
SELECT academie, code, id, name, departement, closed_on FROM jsonb_to_recordset($1::jsonb)
    AS g (academie text, code text, id uuid, name text, departement text, closed_on date)
ORDER BY academie, code
ON CONFLICT (academie, code) DO UPDATE
SET (name, departement, closed_on) = (excluded.name, excluded.departement, excluded.closed_on)
"""
