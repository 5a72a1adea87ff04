"""The small file of communes that became part of others."""

import io
from datetime import date

import pytest

from common import communes
from common.imports import UnreadableFile


def extract(text: str) -> dict[str, str]:
    return {code: found.code for code, found in communes.extract(io.BytesIO(text.encode())).items()}


def test_a_commune_deleguee_is_read_as_the_commune_it_is_part_of() -> None:
    assert extract("code;nom;type;commune_actuelle\n59070;Bermeries;commune-deleguee;59006\n") == {"59070": "59006"}


def test_a_commune_deleguee_with_the_code_of_the_commune_itself_is_not_gone() -> None:
    assert extract("code;commune_actuelle\n02018;02018\n") == {}


def test_a_successor_that_merged_in_its_turn_is_followed() -> None:
    assert extract("code;commune_actuelle\n01001;01002\n01002;01003\n") == {"01001": "01003", "01002": "01003"}


def test_every_bad_line_is_named() -> None:
    with pytest.raises(UnreadableFile) as failure:
        extract("code;commune_actuelle\n1001;01002\n59070;59006\nx;y\n")

    assert [finding.detail.split(" :")[0] for finding in failure.value.findings] == ["Ligne 2", "Ligne 4"]


def test_a_merger_counts_from_its_day() -> None:
    merged = communes.extract(io.BytesIO(b"code;successor;valid_from\n59070;59006;2027-01-01\n"))["59070"]

    assert not merged.in_force(date(2026, 12, 31))
    assert merged.in_force(date(2027, 1, 1))
