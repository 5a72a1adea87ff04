"""Groupes: an agent is in exactly one group of each module, where a place remains and where he is free."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from msgspec import Struct

from common.refusal import FieldError, Malformed, Refusal
from training.sessions.domain import Group, Half, HalfDay, Module


class UnknownGroup(Malformed):
    code = "unknown-group"
    title = "Groupe inconnu"
    explanation = "Un groupe choisi est l’un de ceux de l’offre."


class TwoGroupsOfAModule(Refusal):
    code = "two-groups-of-a-module"
    title = "Deux groupes du même module"
    explanation = "On suit un module dans un seul de ses groupes : « groupe 1 ou groupe 2 »."


class GroupMissing(Refusal):
    code = "group-missing"
    title = "Groupe à choisir"
    explanation = "Une candidature déposée indique un groupe de chaque module de l’offre."


class GroupFull(Refusal):
    code = "group-full"
    title = "Groupe complet"
    explanation = (
        "Les places d’un groupe sont prises par les personnes retenues ; un autre groupe peut en avoir encore."
    )


class GroupsClash(Refusal):
    code = "groups-clash"
    title = "Groupe incompatible avec vos engagements"
    explanation = "Vous êtes déjà attendu ce jour-là : une autre session, une convocation, ou un autre groupe choisi."


class Engagement(Struct, frozen=True, kw_only=True):
    """A half-day on which somebody is expected already, and by what."""

    day: date
    half: Half
    what: str


def choose(chosen: Sequence[UUID], modules: Sequence[Module], *, engagements: Iterable[Engagement]) -> dict[UUID, UUID]:
    """The groups by module, with no two half-days at once."""
    groups = {group.id: (part, group) for part in modules for group in part.groups}
    unknown = [place for place, group in enumerate(chosen) if group not in groups]
    if unknown:
        raise UnknownGroup(errors=[unknown_group(place) for place in unknown])
    picked = [groups[group] for group in dict.fromkeys(chosen)]
    refuse_two_of_a_module(picked)
    refuse_clashes([group for _, group in picked], engagements)
    return {part.id: group.id for part, group in picked}


def unknown_group(place: int) -> FieldError:
    return FieldError(pointer=f"/groups/{place}", detail="Ce groupe n’est pas de cette offre.", code="unknown-group")


def refuse_two_of_a_module(picked: Iterable[tuple[Module, Group]]) -> None:
    seen: set[UUID] = set()
    for part, _ in picked:
        if part.id in seen:
            raise TwoGroupsOfAModule(f"Module concerné : {part.title}.")
        seen.add(part.id)


def refuse_clashes(picked: Iterable[Group], engagements: Iterable[Engagement]) -> None:
    taken = {HalfDay(each.day, each.half): each.what for each in engagements}
    for group in picked:
        for half_day in group.half_days:
            if half_day in taken:
                at = f"Le {half_day.day:%d/%m/%Y} ({half_day.half.label})"
                raise GroupsClash(f"{at}, {group.name} : vous êtes déjà attendu ({taken[half_day]}).")
        taken |= dict.fromkeys(group.half_days, group.name)


def refuse_missing(chosen: Mapping[UUID, UUID], modules: Iterable[Module]) -> None:
    missing = [part.title for part in modules if part.id not in chosen]
    if missing:
        raise GroupMissing(f"Module(s) sans groupe : {', '.join(missing)}.")


def refuse_full(chosen: Iterable[UUID], modules: Iterable[Module], taken: Mapping[UUID, int]) -> None:
    """`taken` counts the places of the others."""
    wanted = set(chosen)
    for part in modules:
        for group in part.groups:
            if group.id in wanted and taken.get(group.id, 0) >= group.capacity:
                raise GroupFull(f"{part.title}, {group.name} : {group.capacity} place(s), toutes prises.")
