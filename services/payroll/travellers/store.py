"""What the coordination entered of people: locked, read, and entered anew or corrected."""

from datetime import date
from uuid import UUID

import msgspec
from msgspec import Struct

from common import audit
from common.identifiers import CodeAcademie, CommuneInsee, dec_hook
from common.protocol import PreconditionFailed
from common.tx import Tx
from payroll.travellers.domain import Known, TravellerWish, UnknownTraveller, Vehicle


class VersionView(Struct, frozen=True, kw_only=True):
    """Résidence et véhicule à partir d’un jour."""

    since: date
    residence: CommuneInsee
    vehicle: Vehicle
    vehicle_label: str
    horsepower: int | None
    raised_night: bool


class TravellerView(Struct, frozen=True, kw_only=True):
    """Une personne en mission : sa résidence et son véhicule, de la version la plus ancienne à la dernière."""

    academie: CodeAcademie
    person: UUID
    revision: int
    versions: list[VersionView]

    @property
    def etag(self) -> str:
        return f'"{self.revision}"'


async def lock(tx: Tx, academie: CodeAcademie, person: UUID) -> Known:
    row = await tx.fetchrow(f"{READ} FOR UPDATE OF t", academie, person)
    return (
        Known(person=person, revision=0) if row is None else msgspec.json.decode(row[0], type=Known, dec_hook=dec_hook)
    )


async def record(tx: Tx, academie: CodeAcademie, known: Known, entered: TravellerWish, *, by: UUID) -> int:
    """The new revision; what is due to the person is computed again."""
    where = (entered.since, str(entered.residence), entered.vehicle, entered.horsepower, entered.raised_night)
    revision: int = await tx.fetchval(ENTER, academie, known.person, *where, tx.at, by)
    if revision != known.revision + 1:
        raise PreconditionFailed("Quelqu’un d’autre vient de renseigner cette personne.")
    audit.record(tx, academie, "traveller-entered", known.person, detail={"revision": revision})
    return revision


async def one(tx: Tx, academie: CodeAcademie, person: UUID) -> TravellerView:
    row = await tx.fetchrow(READ, academie, person)
    if row is None:
        raise UnknownTraveller
    return view(academie, msgspec.json.decode(row[0], type=Known, dec_hook=dec_hook))


def view(academie: CodeAcademie, known: Known) -> TravellerView:
    versions = [{**msgspec.structs.asdict(each), "vehicle_label": each.vehicle.label} for each in known.versions]
    shown = {"academie": academie, "person": known.person, "revision": known.revision, "versions": versions}
    return msgspec.convert(shown, TravellerView, dec_hook=dec_hook)


READ = """
SELECT jsonb_build_object('person', t.person, 'revision', t.revision, 'versions', (
    SELECT coalesce(jsonb_agg(jsonb_build_object('since', v.since, 'residence', v.residence, 'vehicle', v.vehicle,
        'horsepower', v.horsepower, 'raised_night', v.raised_night) ORDER BY v.since), '[]')
    FROM traveller_version v
    WHERE (v.academie, v.person) = (t.academie, t.person) AND v.residence <> ''))
FROM traveller t WHERE t.academie = $1 AND t.person = $2
"""

ENTER = """
WITH traveller AS (
    INSERT INTO traveller AS t (academie, person, changed_at, revision) VALUES ($1, $2, $8, 1)
    ON CONFLICT (academie, person) DO UPDATE SET changed_at = $8, revision = t.revision + 1
    RETURNING t.revision
), version AS (
    INSERT INTO traveller_version (academie, person, since, residence, vehicle, horsepower, raised_night, recorded_at,
        recorded_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (academie, person, since) DO UPDATE SET residence = EXCLUDED.residence, vehicle = EXCLUDED.vehicle,
        horsepower = EXCLUDED.horsepower, raised_night = EXCLUDED.raised_night, recorded_at = EXCLUDED.recorded_at,
        recorded_by = EXCLUDED.recorded_by
)
SELECT revision FROM traveller
"""
