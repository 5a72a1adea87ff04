"""Sessions: the modules of an offer and the groups of each, as data: days, place, capacity, what is to come before."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID, uuid5

from msgspec import Meta, Struct

from common.contracts.training import ModuleOutline
from common.identifiers import CommuneInsee
from common.refusal import FieldError
from common.texts import Line


class Half(StrEnum):
    AM = "am"
    PM = "pm"

    @property
    def label(self) -> str:
        return "matin" if self is Half.AM else "après-midi"


class HalfDay(Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """Une demi-journée, le grain de l’émargement et des frais."""

    day: date
    half: Half


class GroupWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Un groupe d’un module : « 14-15 janvier (groupe 1) »."""

    name: Line
    place: Line
    commune: CommuneInsee
    capacity: Annotated[int, Meta(ge=1, le=999)]
    half_days: Annotated[tuple[HalfDay, ...], Meta(min_length=1, max_length=60)]


class ModuleWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Un module, dans l’ordre où il se suit."""

    title: Line
    groups: Annotated[tuple[GroupWish, ...], Meta(min_length=1, max_length=20)]
    requires_module: int | None = None  # the rank of the one to have followed before
    requires_meeting: bool = False  # the practice-exchange meeting of the bassin is to be held before


Modules = Annotated[tuple[ModuleWish, ...], Meta(min_length=1, max_length=10)]


class Group(Struct, frozen=True, kw_only=True):
    """Un groupe d’un module : une session à laquelle on est convoqué."""

    id: UUID
    name: str
    place: str
    commune: CommuneInsee
    capacity: int
    half_days: tuple[HalfDay, ...]


class Module(Struct, frozen=True, kw_only=True):
    """Un module d’une offre et ses groupes."""

    id: UUID
    rank: int
    title: str
    requires_module: int | None
    requires_meeting: bool
    groups: tuple[Group, ...]


def programme(offer: UUID, wishes: Iterable[ModuleWish]) -> tuple[Module, ...]:
    return tuple(module(uuid5(offer, f"module:{rank}"), rank, wish) for rank, wish in enumerate(wishes, start=1))


def module(identifier: UUID, rank: int, wish: ModuleWish) -> Module:
    groups = (
        Group(
            id=uuid5(identifier, f"group:{place}"),
            name=group.name,
            place=group.place,
            commune=group.commune,
            capacity=group.capacity,
            half_days=tuple(sorted(group.half_days)),
        )
        for place, group in enumerate(wish.groups, start=1)
    )
    return Module(
        id=identifier,
        rank=rank,
        title=wish.title,
        requires_module=wish.requires_module,
        requires_meeting=wish.requires_meeting,
        groups=tuple(groups),
    )


def outline(part: Module) -> ModuleOutline:
    days = days_of([part])
    return ModuleOutline(module=part.id, rank=part.rank, title=part.title, first_day=min(days), last_day=max(days))


def days_of(modules: Iterable[Module]) -> list[date]:
    return [half_day.day for part in modules for group in part.groups for half_day in group.half_days]


def shifted(part: Module, moved: timedelta) -> ModuleWish:
    groups = [
        GroupWish(
            name=group.name,
            place=group.place,
            commune=group.commune,
            capacity=group.capacity,
            half_days=tuple(HalfDay(half_day.day + moved, half_day.half) for half_day in group.half_days),
        )
        for group in part.groups
    ]
    return ModuleWish(
        title=part.title,
        groups=tuple(groups),
        requires_module=part.requires_module,
        requires_meeting=part.requires_meeting,
    )


def first_year(year: str) -> int:
    return int(year[:4])


def wrong_groups(modules: Sequence[Module], year: str) -> Iterator[FieldError]:
    days = range(date(first_year(year), 9, 1).toordinal(), date(first_year(year) + 1, 9, 1).toordinal())
    for part in modules:
        names = [group.name for group in part.groups]
        for place, group in enumerate(part.groups):
            at = f"/modules/{part.rank - 1}/groups/{place}"
            if group.name in names[:place]:
                yield wrong(f"{at}/name", "Ce nom est déjà celui d’un autre groupe du module.")
            if len(set(group.half_days)) < len(group.half_days):
                yield wrong(f"{at}/half_days", "Une demi-journée figure deux fois.")
            if any(half_day.day.toordinal() not in days for half_day in group.half_days):
                yield wrong(f"{at}/half_days", "Un jour n’est pas dans l’année scolaire de l’offre.")


def wrong_order(modules: Sequence[Module]) -> Iterator[FieldError]:
    """A module that requires another begins once all groups of the other have ended."""
    for part in modules:
        at = f"/modules/{part.rank - 1}/requires_module"
        if part.requires_module is None:
            continue
        if not 1 <= part.requires_module < part.rank:
            yield wrong(at, "Un module ne requiert qu’un module qui le précède.")
        elif min(days_of([part])) <= max(days_of([modules[part.requires_module - 1]])):
            yield wrong(at, "Ce module commence avant la fin de celui qu’il requiert.")


def wrong(pointer: str, detail: str) -> FieldError:
    return FieldError(pointer=pointer, detail=detail, code="incoherent")
