"""Who goes from a bassin: supported first, the oldest first, up to the quota; by hand only with a reason."""

from datetime import date
from uuid import UUID

import pytest
from tests.unit.training.made import (
    LILLE,
    MODULES,
    QUOTAS,
    ROUBAIX,
    candidature,
    modules,
    standing,
    supported,
)

from common.contracts.training import CandidatureNotRetained, CandidatureRetained, CandidatureWaitlisted
from training.candidatures.domain import Candidature, Status
from training.groups.domain import GroupFull
from training.promotions.domain import Standing
from training.selection.domain import (
    ApplicationsStillOpen,
    AvisPending,
    Decision,
    LapseUndecided,
    NothingToSelect,
    NotSelectable,
    OverQuota,
    SelectionAlreadyDecided,
    SelectionReasonRequired,
    decide,
    explanation,
    propose,
)
from training.sessions.domain import programme

TODAY = date(2007, 12, 15)
LAPSED = Status.AVIS_LAPSED


def decided(known: Standing, retained: list[UUID] | None = None, reason: str | None = None) -> list[Decision]:
    return decide(known, ROUBAIX, retained, reason=reason, today=TODAY)[0]


def ids(*candidatures: Candidature) -> list[UUID]:
    return [each.id for each in candidatures]


def test_favourable_then_reserved_then_those_without_avis_the_oldest_first() -> None:
    reserved, late, early = supported(1, "reserve"), supported(3), supported(2)
    without = candidature(0, LAPSED, goes_on=True)

    lines = propose([reserved, late, early, without], QUOTAS.of(ROUBAIX))

    assert [(line.candidature, line.proposed) for line in lines] == [
        (early, Status.RETAINED), (late, Status.RETAINED), (reserved, Status.RETAINED), (without, Status.WAITLISTED),
    ]  # fmt: skip


def test_silence_and_a_refusal_are_never_proposed() -> None:
    lines = propose([supported(1, "defavorable"), candidature(2, LAPSED)], QUOTAS.of(ROUBAIX))

    assert [(line.place, line.proposed) for line in lines] == [(None, Status.NOT_RETAINED)] * 2
    assert explanation(lines[0], "Europe/Paris") == "Non proposée : avis défavorable."
    assert explanation(lines[1], "Europe/Paris").startswith("Sans avis à l’échéance")


def test_the_order_is_explained() -> None:
    [line] = propose([supported(1, "reserve")], QUOTAS.of(ROUBAIX))

    assert explanation(line, "Europe/Paris") == "Place 1 : avis réservé, déposée le 21/11/2007 à 10:01."


@pytest.mark.item(124)
def test_the_seventh_of_the_exceptional_bassin_waits() -> None:
    seven = [supported(number, bassin=LILLE) for number in range(7)]

    decisions, by_hand = decide(standing(*seven), LILLE, None, reason=None, today=TODAY)

    assert [type(each) for each in decisions] == [CandidatureRetained] * 6 + [CandidatureWaitlisted]
    assert (decisions[6].subject, by_hand) == (seven[6].id, False)


def test_the_others_wait_in_the_order_of_the_rule() -> None:
    five = [supported(number) for number in range(5)]
    refused = supported(5, "defavorable")

    decisions = decided(standing(*five, refused), ids(five[4]), "Un animateur par site.")

    assert [(type(each), each.subject) for each in decisions] == [
        (CandidatureRetained, five[4].id),
        *((CandidatureWaitlisted, each.id) for each in five[:4]),
        (CandidatureNotRetained, refused.id),
    ]
    assert [each.rank for each in decisions if isinstance(each, CandidatureWaitlisted)] == [1, 2, 3, 4]


def test_a_change_by_hand_has_a_reason() -> None:
    four = [supported(number) for number in range(4)]

    with pytest.raises(SelectionReasonRequired):
        decided(standing(*four), ids(four[3]))
    assert decide(standing(*four), ROUBAIX, ids(four[3]), reason="Site isolé.", today=TODAY)[1]
    assert not decide(standing(*four), ROUBAIX, ids(*four[:3]), reason=None, today=TODAY)[1]


@pytest.mark.item(123)
def test_over_the_maximum_is_refused_with_the_quota_named() -> None:
    four = [supported(number) for number in range(4)]

    with pytest.raises(OverQuota, match="09104 envoie de 2 à 3 personnes : 4"):
        decided(standing(*four), ids(*four), "Tous méritants.")


def test_only_candidatures_of_the_bassin_that_have_their_avis_are_retained() -> None:
    elsewhere, withdrawn = supported(1, bassin=LILLE), candidature(2, Status.WITHDRAWN)
    known = standing(supported(0), elsewhere, withdrawn)

    for wrong in (elsewhere, withdrawn):
        with pytest.raises(NotSelectable):
            decided(known, ids(wrong), "Par erreur.")


def test_a_selection_is_decided_once_when_all_is_known() -> None:
    with pytest.raises(SelectionAlreadyDecided):
        decided(standing(supported(1), selected=frozenset({ROUBAIX})))
    with pytest.raises(NothingToSelect):
        decided(standing(supported(1, bassin=LILLE)))
    with pytest.raises(ApplicationsStillOpen):
        decide(standing(supported(1)), ROUBAIX, None, reason=None, today=date(2007, 12, 4))
    with pytest.raises(AvisPending):
        decided(standing(supported(1), candidature(2)))
    with pytest.raises(LapseUndecided):
        decided(standing(supported(1), candidature(2, LAPSED)))


def test_the_groups_of_those_who_go_have_a_place_for_each() -> None:
    small = programme(MODULES[0].id, modules(capacity=1))
    groups = {part.id: part.groups[0].id for part in small}
    two = [supported(number, groups=groups) for number in range(2)]

    with pytest.raises(GroupFull):
        decided(standing(*two, modules=small))
    assert decided(standing(two[0], modules=small))
