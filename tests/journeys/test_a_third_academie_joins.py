"""A third académie joins two that are served, by configuration alone, and they notice nothing."""

from pathlib import Path

import pytest
from tests.journeys.apart import NOTICED, played

pytestmark = pytest.mark.xdist_group("operating")  # a platform each: one after the other


def test_it_is_served_and_the_others_go_on(tmp_path: Path) -> None:
    broken, figures = played("tests.journeys.third_academie", tmp_path / "state")

    assert broken == []
    assert figures["not acknowledged"] <= NOTICED * figures["commands"], figures
