"""Residence and vehicle from a day on, distances one way, adjoining communes as whole lists."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from common.identifiers import CommuneInsee
from payroll.places.domain import (
    AdjacencyUnchanged,
    AdjoinsItself,
    Distance,
    DistanceToItself,
    UnreadableAdjacencies,
    adjoining,
    ordered,
    read_pairs,
)
from payroll.travellers.domain import HorsepowerMismatch, Known, TravellerUnchanged, TravellerWish, Vehicle, enter

LILLE, DUNKERQUE = CommuneInsee("59350"), CommuneInsee("59183")


def wish(**changes: Any) -> TravellerWish:
    fields = {"since": date(2026, 9, 1), "residence": LILLE, "vehicle": Vehicle.CAR, "horsepower": 5}
    return TravellerWish(**{**fields, **changes})


def known(*versions: TravellerWish) -> Known:
    return Known(person=UUID(int=1), revision=len(versions), versions=versions)


def test_a_version_is_entered_and_corrected() -> None:
    assert enter(known(), wish()) == wish()
    assert enter(known(wish()), wish(horsepower=6)) == wish(horsepower=6)


@pytest.mark.parametrize("changes", [{"horsepower": None}, {"vehicle": Vehicle.MOTORCYCLE}, {"vehicle": Vehicle.NONE}])
def test_a_car_has_its_horsepower_and_nothing_else_does(changes: dict[str, Any]) -> None:
    with pytest.raises(HorsepowerMismatch):
        enter(known(), wish(**changes))


def test_the_same_again_is_refused() -> None:
    with pytest.raises(TravellerUnchanged):
        enter(known(wish()), wish())


def test_every_vehicle_has_a_label() -> None:
    assert len({vehicle.label for vehicle in Vehicle}) == len(Vehicle)


def test_a_distance_is_kept_one_way_and_the_last_one_said_counts() -> None:
    there, back = (
        Distance(commune=LILLE, other=DUNKERQUE, kilometres=75),
        Distance(commune=DUNKERQUE, other=LILLE, kilometres=76),
    )

    assert ordered([there, back]) == [Distance(commune=DUNKERQUE, other=LILLE, kilometres=76)]


def test_a_commune_is_at_no_distance_from_itself_and_does_not_adjoin_itself() -> None:
    with pytest.raises(DistanceToItself):
        ordered([Distance(commune=LILLE, other=LILLE, kilometres=1)])
    with pytest.raises(AdjoinsItself):
        adjoining(LILLE, [LILLE], None)


def test_a_list_of_adjoining_communes_is_sorted_and_without_repetition() -> None:
    assert adjoining(LILLE, [CommuneInsee("59512"), DUNKERQUE, DUNKERQUE], None) == ["59183", "59512"]
    assert adjoining(LILLE, [], None) == []


def test_a_list_that_changes_nothing_is_refused() -> None:
    with pytest.raises(AdjacencyUnchanged):
        adjoining(LILLE, [DUNKERQUE], ["59183"])


def test_a_file_gives_the_whole_list_of_each_commune_or_every_wrong_line() -> None:
    rows = [(2, {"commune": "59350", "limitrophe": "59512"}), (3, {"commune": "59350", "limitrophe": "59009"})]

    assert read_pairs(rows) == {"59350": ["59009", "59512"]}
    with pytest.raises(UnreadableAdjacencies) as refused:
        read_pairs(
            [
                *rows,
                (4, {"commune": "x", "limitrophe": "59009"}),
                (5, {"commune": "59350", "limitrophe": "59350"}),
                (6, {}),
            ]
        )
    assert [error.pointer for error in refused.value.errors] == ["/lines/4", "/lines/5", "/lines/6"]
