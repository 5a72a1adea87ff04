"""Voyageurs: where a person lives and drives what, from a day on, as the pay coordination enters it."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from common.identifiers import CommuneInsee
from common.refusal import FieldError, Malformed, NotFound, Refusal


class UnknownTraveller(NotFound):
    code = "unknown-traveller"
    title = "Personne inconnue de la paye"
    explanation = "Aucune résidence n’est enregistrée pour cette personne, et aucune mission ne la concerne."


class HorsepowerMismatch(Malformed):
    code = "horsepower-mismatch"
    title = "Puissance fiscale et véhicule incohérents"
    explanation = "La puissance fiscale se donne pour une voiture, et pour elle seule."


class TravellerUnchanged(Refusal):
    code = "traveller-unchanged"
    title = "Résidence et véhicule inchangés"


class Vehicle(StrEnum):
    CAR = "car"
    MOTORCYCLE = "motorcycle"
    LIGHT_MOTORCYCLE = "light-motorcycle"
    NONE = "none"

    @property
    def label(self) -> str:
        return {
            "car": "voiture",
            "motorcycle": "motocyclette de plus de 125 cm³",
            "light-motorcycle": "autre véhicule à moteur",
            "none": "aucun véhicule personnel",
        }[self.value]


class TravellerWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """La commune de résidence et le véhicule d’une personne, à partir d’un jour."""

    since: date
    residence: CommuneInsee
    vehicle: Vehicle
    horsepower: Annotated[int, Meta(ge=1, le=100)] | None = None
    raised_night: bool = False  # « taux majoré de nuitée »: nothing is kept of the reason


class Known(Struct, frozen=True, kw_only=True):
    """What is entered of a person so far; revision 0: nothing."""

    person: UUID
    revision: int
    versions: tuple[TravellerWish, ...] = ()


def enter(known: Known, wish: TravellerWish) -> TravellerWish:
    """A day already entered is corrected; another day begins a further version."""
    if (wish.vehicle is Vehicle.CAR) != (wish.horsepower is not None):
        wrong = FieldError(pointer="/horsepower", detail="À donner pour une voiture seulement", code="horsepower")
        raise HorsepowerMismatch(errors=[wrong])
    if wish in known.versions:
        raise TravellerUnchanged
    return wish
