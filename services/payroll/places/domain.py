"""Lieux: how far two communes are apart, and which ones adjoin; no source gives it, the coordination enters it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

from msgspec import Meta, Struct

from common.identifiers import CommuneInsee, InvalidIdentifier
from common.refusal import FieldError, Malformed, Refusal


class DistanceToItself(Malformed):
    code = "distance-to-itself"
    title = "Distance d’une commune à elle-même"


class AdjoinsItself(Malformed):
    code = "adjoins-itself"
    title = "Commune limitrophe d’elle-même"


class UnreadableAdjacencies(Malformed):
    code = "unreadable-adjacencies"
    title = "Fichier de communes limitrophes non valide"
    explanation = "Le fichier a deux colonnes, commune et limitrophe, un couple par ligne ; rien n’a été enregistré."


class AdjacencyUnchanged(Refusal):
    code = "adjacency-unchanged"
    title = "Communes limitrophes inchangées"


class Distance(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """La distance par la route entre deux communes, en kilomètres, dans un sens ou dans l’autre."""

    commune: CommuneInsee
    other: CommuneInsee
    kilometres: Annotated[int, Meta(ge=1, le=2_000)]


class DistancesWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Des distances à ajouter ou à corriger."""

    distances: Annotated[list[Distance], Meta(min_length=1, max_length=2_000)]


class AdjoiningWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Les communes limitrophes d’une commune ; une liste vide dit qu’il n’y en a pas."""

    communes: Annotated[list[CommuneInsee], Meta(max_length=100)]


def ordered(distances: Sequence[Distance]) -> list[Distance]:
    """One way of each pair; said twice, the last one counts."""
    wrong = [
        FieldError(pointer=f"/distances/{place}/other", detail="C’est la même commune", code="same-commune")
        for place, each in enumerate(distances)
        if each.commune == each.other
    ]
    if wrong:
        raise DistanceToItself(errors=wrong)
    found = {tuple(sorted((each.commune, each.other))): each.kilometres for each in distances}
    return [Distance(commune=one, other=two, kilometres=km) for (one, two), km in sorted(found.items())]


def adjoining(commune: CommuneInsee, wish: Iterable[CommuneInsee], known: Sequence[str] | None) -> list[str]:
    communes = sorted(set(wish))
    if commune in communes:
        raise AdjoinsItself
    if known is not None and communes == list(known):
        raise AdjacencyUnchanged
    return [str(each) for each in communes]


def read_pairs(rows: Iterable[tuple[int, Mapping[str, str]]]) -> dict[str, list[str]]:
    """The whole list of each commune that the file names first; every wrong line is told, and none is taken."""
    found: dict[str, set[str]] = defaultdict(set)
    wrong: list[FieldError] = []
    for number, cells in rows:
        try:
            commune, other = CommuneInsee.mend(cells["commune"])[0], CommuneInsee.mend(cells["limitrophe"])[0]
        except (InvalidIdentifier, KeyError) as error:
            wrong.append(FieldError(pointer=f"/lines/{number}", detail=str(error), code="commune"))
            continue
        if commune == other:
            wrong.append(FieldError(pointer=f"/lines/{number}", detail="C’est la même commune", code="same-commune"))
        found[str(commune)].add(str(other))
    if wrong:
        raise UnreadableAdjacencies(errors=wrong[:100])
    return {commune: sorted(others) for commune, others in sorted(found.items())}
