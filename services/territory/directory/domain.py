"""To which bassin did this UAI belong on that date? Établissements, their bassins, and the dates of both."""

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import ClassVar

import msgspec
from msgspec import Struct

from common.contracts.territory import BassinState, EtablissementState, Membership
from common.identifiers import CodeAcademie, CodeBassin, CodeDepartement, CommuneInsee, Siret, Uai, bassin_id, school_id
from common.refusal import Refusal


class BassinInAnotherDepartement(Refusal):
    code: ClassVar[str] = "bassin-in-another-departement"
    title: ClassVar[str] = "Bassin d’un autre département"
    explanation: ClassVar[str] = (
        "Un bassin est une organisation infradépartementale (circulaire n° 2001-114) : il ne réunit que des "
        "établissements d’un même département."
    )


class BassinClosed(Refusal):
    code: ClassVar[str] = "bassin-closed"
    title: ClassVar[str] = "Bassin fermé"
    explanation: ClassVar[str] = "Aucun établissement ne peut être rattaché à un bassin à partir de sa fermeture."


class BassinNotEmpty(Refusal):
    code: ClassVar[str] = "bassin-not-empty"
    title: ClassVar[str] = "Bassin encore composé d’établissements"
    explanation: ClassVar[str] = "Ses établissements sont d’abord rattachés à d’autres bassins."


class EtablissementClosed(Refusal):
    code: ClassVar[str] = "etablissement-closed"
    title: ClassVar[str] = "Établissement fermé"
    explanation: ClassVar[str] = "Un établissement fermé n’est plus rattaché à un bassin."


class HistoryIsNewer(Refusal):
    code: ClassVar[str] = "history-is-newer"
    title: ClassVar[str] = "Histoire plus récente déjà connue"
    explanation: ClassVar[str] = (
        "Un rattachement ou une fermeture est déjà enregistré à une date postérieure à celle de la demande : "
        "l’histoire ne se récrit pas."
    )


class Level(StrEnum):
    PREMIER_DEGRE = "premier-degre"
    SECOND_DEGRE = "second-degre"

    @property
    def label(self) -> str:
        return "1er degré" if self is Level.PREMIER_DEGRE else "2d degré"


# Code nature UAI of the Base centrale des nomenclatures, as the official directory labels it.
NATURES: dict[str, str] = {
    "101": "Ecole maternelle",
    "103": "Ecole maternelle d'application",
    "151": "Ecole de niveau élémentaire",
    "153": "Ecole élémentaire d'application",
    "162": "Ecole de niveau élémentaire spécialisée",
    "300": "Lycée enseignement général et technologique",
    "301": "Lycée d'enseignement technologique",
    "302": "Lycée d'enseignement général",
    "306": "Lycée polyvalent",
    "307": "Lycée enseignement général, technologique et professionnel agricole",
    "310": "Lycée climatique",
    "320": "Lycée professionnel",
    "334": "Section d'enseignement professionnel",
    "335": "Section d'enseignement général et technologique",
    "340": "Collège",
    "350": "Collège climatique",
    "352": "Collège spécialisé",
    "370": "Etablissement régional ou lycée d'enseignement adapté",
    "380": "Maison familiale rurale d'éducation et d'orientation",
    "400": "Ecole composée uniquement de STS ou de CPGE",
    "802": "Rectorat",
    "803": "Service rectoral",
    "805": "Direction des services départementaux de l'éducation nationale",
    "806": "Service de la DSDEN",
    "809": "Circonscription d'inspection de l'éducation nationale",
    "841": "Centre d'information et d'orientation",
}


def level_of(nature: str) -> Level | None:
    """1xx are écoles, 3xx collèges, lycées and their sections; offices and post-baccalauréat schools have no level."""
    return {"1": Level.PREMIER_DEGRE, "3": Level.SECOND_DEGRE}.get(nature[:1])


class Bassin(Struct, frozen=True, kw_only=True):
    code: CodeBassin
    name: str
    departement: CodeDepartement  # exactly one: a bassin is infradépartemental
    academie: CodeAcademie
    closed_on: date | None = None


class Etablissement(Struct, frozen=True, kw_only=True):
    uai: Uai
    name: str
    nature: str
    sector: str  # "public", "prive", "" where no source says it
    commune: CommuneInsee
    departement: CodeDepartement
    academie: CodeAcademie
    siret: Siret | None = None
    mail: str = ""
    opened_on: date | None = None
    closed_on: date | None = None  # the first day on which it is closed
    memberships: tuple[Membership, ...] = ()  # oldest first, one at a time

    def open_on(self, day: date) -> bool:
        return (self.opened_on is None or self.opened_on <= day) and (self.closed_on is None or day < self.closed_on)


def bassin_on(memberships: Iterable[Membership], day: date) -> str | None:
    """The hard question. A membership holds its first day and not its last."""
    return next((m.bassin for m in memberships if m.since <= day and (m.until is None or day < m.until)), None)


def lasting(school: Etablissement) -> Membership | None:
    """The membership that ends only with the school itself: no move and no earlier closing ended it."""
    last = school.memberships[-1] if school.memberships else None
    return last if last is not None and last.until == school.closed_on else None


def attach(school: Etablissement, bassin: Bassin, *, since: date) -> Etablissement:
    """Let a school belong to a bassin from a day on, and no longer to the one before."""
    if bassin.departement != school.departement:
        raise BassinInAnotherDepartement(
            f"Le bassin {bassin.code} est dans le département {bassin.departement}, "
            f"l’établissement {school.uai} dans le {school.departement}."
        )
    present = lasting(school)
    if present is not None and present.bassin == bassin.code:
        return school
    if school.closed_on is not None and school.closed_on <= since:
        raise EtablissementClosed(f"L’établissement {school.uai} est fermé depuis le {school.closed_on:%d/%m/%Y}.")
    if bassin.closed_on is not None and bassin.closed_on <= since:
        raise BassinClosed(f"Le bassin {bassin.code} est fermé depuis le {bassin.closed_on:%d/%m/%Y}.")
    joined = Membership(bassin=bassin.code, since=since, until=school.closed_on)
    return msgspec.structs.replace(school, memberships=(*ended(school, since), joined))


def close(school: Etablissement, *, on: date) -> Etablissement:
    """Also moves a closing that was announced for another day."""
    return msgspec.structs.replace(school, closed_on=on, memberships=ended(school, on))


def ended(school: Etablissement, on: date) -> tuple[Membership, ...]:
    """End the lasting membership. One that would have lasted no day never was: a mistake corrected the same day."""
    if not school.memberships:
        return ()
    *earlier, last = school.memberships
    known_from = last.since if last == lasting(school) else last.until or last.since
    if on < known_from:
        raise HistoryIsNewer(f"L’histoire de {school.uai} est connue jusqu’au {known_from:%d/%m/%Y}.")
    if last != lasting(school):
        return school.memberships
    return (*earlier, msgspec.structs.replace(last, until=on)) if last.since < on else tuple(earlier)


def reopen(school: Etablissement, *, on: date) -> Etablissement:
    """A closing still to come is called off, its membership lasts; after a past one the bassin is to be said again."""
    memberships, present = school.memberships, lasting(school)
    if present is not None and school.closed_on is not None and on < school.closed_on:
        memberships = (*memberships[:-1], msgspec.structs.replace(present, until=None))
    return msgspec.structs.replace(school, closed_on=None, memberships=memberships)


def close_bassin(bassin: Bassin, *, on: date, members: Sequence[Uai]) -> Bassin:
    if members:
        raise BassinNotEmpty(f"{len(members)} établissements y sont rattachés à cette date, dont {members[0]}.")
    return msgspec.structs.replace(bassin, closed_on=on)


def school_state(school: Etablissement) -> EtablissementState:
    """What the other services keep a copy of."""
    return EtablissementState(
        subject=school_id(school.uai),
        uai=school.uai,
        name=school.name,
        nature=school.nature,
        level=level_of(school.nature) or "",
        sector=school.sector,
        commune=school.commune,
        departement=school.departement,
        academie=school.academie,
        mail=school.mail,
        opened_on=school.opened_on,
        closed_on=school.closed_on,
        memberships=school.memberships,
    )


def bassin_state(bassin: Bassin, local_name: str) -> BassinState:
    return BassinState(
        subject=bassin_id(bassin.code),
        code=bassin.code,
        name=bassin.name,
        local_name=local_name,
        departement=bassin.departement,
        academie=bassin.academie,
        closed_on=bassin.closed_on,
    )
