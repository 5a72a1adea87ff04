"""How the country is cut up: régions académiques, académies and départements, whose names and borders have dates."""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum

from msgspec import Struct

from common.identifiers import CodeAcademie, CodeDepartement


class Span(Struct, frozen=True, kw_only=True):
    """From `since` up to, not including, `until`; an open end is None."""

    since: date | None = None
    until: date | None = None

    def holds(self, day: date) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)


class RegionLabel(Span, frozen=True, kw_only=True):
    """Labels change by decree: Nord-Pas-de-Calais-Picardie became Hauts-de-France on 30 September 2016."""

    code: str  # INSEE
    label: str


class Academie(Span, frozen=True, kw_only=True):
    code: CodeAcademie
    name: str
    region: str | None
    successor: CodeAcademie | None = None


class Departement(Span, frozen=True, kw_only=True):
    """A département in the académie it belongs to while the span holds."""

    code: CodeDepartement
    name: str
    academie: CodeAcademie


class Carte(Struct, frozen=True):
    """The whole country, dated."""

    regions: tuple[RegionLabel, ...]
    academies: Mapping[str, Academie]
    departements: Mapping[str, tuple[Departement, ...]]

    def academie_of(self, departement: str, day: date) -> Academie | None:
        """Calvados was of Caen until 2020, then of Normandie."""
        held = next((d for d in self.departements.get(departement, ()) if d.holds(day)), None)
        return None if held is None else self.academies[held.academie]

    def in_force(self, academie: str, day: date) -> Academie | None:
        """The académie itself, or the one that took its place: files keep writing 05 long after Caen became 70."""
        known = self.academies.get(academie)
        while known is not None and not known.holds(day) and known.successor is not None:
            known = self.academies[known.successor]
        return known

    def departements_of(self, academie: str, day: date) -> list[Departement]:
        every = (d for versions in self.departements.values() for d in versions)
        return sorted((d for d in every if d.academie == academie and d.holds(day)), key=lambda d: d.code)

    def region_label(self, region: str | None, day: date) -> str | None:
        return next((r.label for r in self.regions if r.code == region and r.holds(day)), None)

    def academies_of(self, region: str, day: date) -> list[Academie]:
        return [a for a in self.academies.values() if a.region == region and a.holds(day)]


def carte(regions: Iterable[RegionLabel], academies: Iterable[Academie], departements: Iterable[Departement]) -> Carte:
    by_code: dict[str, tuple[Departement, ...]] = {}
    for departement in departements:
        by_code[departement.code] = (*by_code.get(departement.code, ()), departement)
    return Carte(tuple(regions), {a.code: a for a in academies}, by_code)


class MissionBassin(StrEnum):
    """The three poles around which circulaire 2001-114 organises what a bassin is for."""

    PILOTAGE_PEDAGOGIQUE = "pilotage-pedagogique"
    GRH_DE_PROXIMITE = "grh-de-proximite"
    PARTENAIRES_LOCAUX = "partenaires-locaux"

    @property
    def label(self) -> str:
        match self:
            case MissionBassin.PILOTAGE_PEDAGOGIQUE:
                return "Pilotage et animation pédagogique"
            case MissionBassin.GRH_DE_PROXIMITE:
                return "Gestion des ressources humaines de proximité"
            case MissionBassin.PARTENAIRES_LOCAUX:
                return "Relations avec les partenaires locaux"


class TexteDeReference(Span, frozen=True, kw_only=True):
    """The text that something rests on, while it is in force."""

    nor: str
    rlr: str
    title: str
    signed_on: date
    subject: str


ORIENTATIONS_BASSINS = TexteDeReference(
    nor="MEND0101328C",
    rlr="520-7",
    title="Circulaire n° 2001-114 du 20 juin 2001",
    subject="Orientations relatives aux bassins d’éducation et de formation scolaire",
    signed_on=date(2001, 6, 20),
    since=date(2001, 6, 20),
)


class Rectorat(Struct, frozen=True, kw_only=True):
    """How an académie is reached."""

    name: str
    address: str
    phone: str = ""
    mail: str = ""


class Profil(Struct, frozen=True, kw_only=True):
    """What an académie decides about itself: how it calls its bassins (« bassin », « BEC »), how it is reached."""

    local_name: str = "bassin"
    rectorat: Rectorat | None = None
