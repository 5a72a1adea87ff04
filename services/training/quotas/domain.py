"""Quotas: how many people each bassin may send, « 2 à 3 personnes par BEC (4 à 6 pour le BEC de Caen) »."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from common.identifiers import CodeAcademie, CodeBassin
from common.refusal import FieldError, Refusal
from training.sizing.domain import ImpossibleQuota

Seats = Annotated[int, Meta(ge=0, le=999)]


class QuotaBelowRetained(Refusal):
    code = "quota-below-retained"
    title = "Quota inférieur au nombre de personnes retenues"
    explanation = "Un changement de quota ne retire sa place à personne : il faudrait d’abord des désistements."


class ConsequencesNotSeen(Refusal):
    code = "quota-consequences-not-seen"
    title = "Conséquences du changement de quota non lues"
    explanation = (
        "Une sélection est déjà arrêtée : demander d’abord ce que le changement entraîne (dry_run=true), puis "
        "l’appliquer avec l’ETag de cette réponse dans If-Match."
    )


class Quota(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Une fourchette : sous le minimum, une alerte ; au-dessus du maximum, un refus."""

    minimum: Seats = 2
    maximum: Seats = 3


class BassinQuota(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """La fourchette propre à un bassin."""

    bassin: CodeBassin
    minimum: Seats
    maximum: Seats


class Quotas(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """La fourchette de tous les bassins, et les exceptions."""

    default: Quota = Quota()
    exceptions: Annotated[tuple[BassinQuota, ...], Meta(max_length=100)] = ()

    def of(self, bassin: str) -> Quota:
        for exception in self.exceptions:
            if exception.bassin == bassin:
                return Quota(minimum=exception.minimum, maximum=exception.maximum)
        return self.default


class Selected(Struct, frozen=True, kw_only=True):
    """A bassin whose selection is decided: how many go, who waits in which order."""

    bassin: CodeBassin
    retained: int
    waiting: tuple[UUID, ...]


class Consequence(Struct, frozen=True, kw_only=True):
    """Ce qu’un changement de quota entraîne dans un bassin dont la sélection est arrêtée."""

    bassin: CodeBassin
    retained: int
    before: Quota
    after: Quota
    under_minimum: bool
    promoted: tuple[UUID, ...]  # candidatures


def refuse_impossible(quotas: Quotas, academie: CodeAcademie) -> None:
    if errors := list(impossibilities(quotas, academie, at="")):
        raise ImpossibleQuota(errors=errors)


def impossibilities(quotas: Quotas, academie: CodeAcademie, *, at: str) -> Iterator[FieldError]:
    if quotas.default.maximum < quotas.default.minimum:
        yield impossible(f"{at}/default")
    for place, exception in enumerate(quotas.exceptions):
        if exception.maximum < exception.minimum:
            yield impossible(f"{at}/exceptions/{place}")
        if exception.bassin.academie != academie:
            yield impossible(f"{at}/exceptions/{place}/bassin", "Ce bassin n’est pas de cette académie.")
        if exception.bassin in {other.bassin for other in quotas.exceptions[:place]}:
            yield impossible(f"{at}/exceptions/{place}/bassin", "Ce bassin a déjà son exception.")


def impossible(pointer: str, detail: str = "Le minimum dépasse le maximum.") -> FieldError:
    return FieldError(pointer=pointer, detail=detail, code="quota")


def consequences(
    before: Quotas, after: Quotas, selected: Iterable[Selected], *, first_day: date, today: date
) -> list[Consequence]:
    """What would change where the selection is decided; those who wait go up, nobody loses his place."""
    changed = [each for each in selected if before.of(each.bassin) != after.of(each.bassin)]
    refuse_taking_away(after, changed)
    return [consequence(before, after, each, begun=first_day <= today) for each in changed]


def consequence(before: Quotas, after: Quotas, selected: Selected, *, begun: bool) -> Consequence:
    quota = after.of(selected.bassin)
    free = 0 if begun else quota.maximum - max(selected.retained, before.of(selected.bassin).maximum)
    promoted = selected.waiting[: max(free, 0)]
    return Consequence(
        bassin=selected.bassin,
        retained=selected.retained,
        before=before.of(selected.bassin),
        after=quota,
        under_minimum=is_under(quota, selected.retained + len(promoted)),
        promoted=promoted,
    )


def refuse_taking_away(after: Quotas, selected: Sequence[Selected]) -> None:
    short = [each for each in selected if each.retained > after.of(each.bassin).maximum]
    if short:
        named = ", ".join(f"{each.bassin} ({each.retained} retenues)" for each in short)
        raise QuotaBelowRetained(f"Bassins concernés : {named}.")


def is_under(quota: Quota, going: int) -> bool:
    """« Sous quota »: a warning, shown wherever the bassin is."""
    return going < quota.minimum
