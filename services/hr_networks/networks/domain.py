"""Réseau de ressources humaines: the charter says what it is for, an académie's office activates it in a bassin."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from common.contracts.hr_networks import NetworkActivated
from common.identifiers import CodeAcademie, CodeBassin
from common.refusal import FieldError, Malformed, NotFound, Refusal
from common.texts import Line, Lines
from hr_networks.people.domain import Mailbox


class UnknownNetwork(NotFound):
    code = "unknown-network"
    title = "Réseau introuvable"


class BassinOfNoNetwork(Malformed):
    code = "bassin-of-no-network"
    title = "Bassin inconnu"
    explanation = "Ce bassin n’est pas connu dans l’académie : l’annuaire des bassins est-il chargé ?"


class CharterInThePast(Refusal):
    code = "charter-in-the-past"
    title = "Charte applicable à une date passée"
    explanation = "Une charte s’applique à partir du jour de sa publication ou d’un jour à venir."


class NoCharterInForce(Refusal):
    code = "no-charter-in-force"
    title = "Aucune charte en vigueur"
    explanation = "Un réseau s’active en application d’une charte : publiez d’abord celle de l’académie."


class NetworkAlreadyActive(Refusal):
    code = "network-already-active"
    title = "Réseau déjà activé"
    explanation = "Un bassin a un seul réseau par fonction."


class Purpose(StrEnum):
    """« L'activation du réseau de ressources humaines doit en particulier permettre… », letter of 26 Oct 2007."""

    WELCOME = "accueil"
    NEEDS = "besoins"
    TRAINING = "formations"
    PRACTICES = "pratiques"

    @property
    def label(self) -> str:
        return PURPOSES[self]


PURPOSES = {
    Purpose.WELCOME: "améliorer l’accueil et l’adaptation des personnels nouvellement nommés",
    Purpose.NEEDS: "contribuer à l’analyse des besoins de formation continue des personnels",
    Purpose.TRAINING: "participer à la mise en œuvre des formations",
    Purpose.PRACTICES: "échanger des pratiques, capitaliser l’expérience, mutualiser et valider les bonnes pratiques",
}


class CharterWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """« La charte des BEC vise, parmi les missions de l’unité territoriale, l’instauration d’un réseau… »"""

    academie: CodeAcademie
    text: Lines
    office: Line  # « Le calendrier … sera communiqué à la DIFOR »: to whom, and
    mail: Mailbox  # where
    applies_from: date | None = None  # by default the day of its publication


class NetworkWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    bassin: CodeBassin
    function: Line  # as a census and an offer name it
    purposes: Annotated[tuple[Purpose, ...], Meta(min_length=1, max_length=4)]


class Charter(Struct, frozen=True, kw_only=True):
    version: int
    applies_from: date


class Ground(Struct, frozen=True, kw_only=True):
    """What an activation is judged against."""

    bassin_known: bool
    active: bool  # this function has its network in this bassin
    charters: tuple[Charter, ...]


def applies_from(wish: CharterWish, *, today: date) -> date:
    chosen = wish.applies_from or today
    if chosen < today:
        raise CharterInThePast
    return chosen


def in_force(charters: Sequence[Charter], *, today: date) -> Charter:
    """Of those that apply, the one published last."""
    applying = [charter for charter in charters if charter.applies_from <= today]
    if not applying:
        raise NoCharterInForce
    return max(applying, key=lambda charter: charter.version)


def activate(network: UUID, wish: NetworkWish, ground: Ground, *, today: date) -> tuple[NetworkActivated, Charter]:
    """The fact, and the charter that it applies."""
    if not ground.bassin_known:
        raise BassinOfNoNetwork(errors=[FieldError(pointer="/bassin", detail="Ce bassin n’est pas connu.")])
    if ground.active:
        raise NetworkAlreadyActive
    charter = in_force(ground.charters, today=today)
    return NetworkActivated(subject=network, bassin=wish.bassin, function=wish.function), charter
