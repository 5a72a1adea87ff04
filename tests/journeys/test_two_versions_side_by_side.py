"""A rolling update under load: the old and the new release side by side, expand, migrate, contract."""

from pathlib import Path

import pytest
from tests.journeys.apart import NOTICED, played

pytestmark = pytest.mark.xdist_group("operating")  # a platform each: one after the other


def test_nothing_is_lost_and_all_is_applied_once_while_releases_change(tmp_path: Path) -> None:
    broken, figures = played("tests.journeys.two_releases", tmp_path / "state")

    assert broken == []
    assert figures["not acknowledged"] <= NOTICED * figures["commands"], figures
