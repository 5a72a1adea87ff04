"""Each secret of a running platform is changed while commands come in; nobody is refused for it (docs/secrets.md)."""

from pathlib import Path

import pytest
from tests.journeys.apart import NOTICED, played

pytestmark = pytest.mark.xdist_group("operating")  # a platform each: one after the other


def test_keys_and_passwords_change_and_nobody_notices(tmp_path: Path) -> None:
    broken, figures = played("tests.journeys.rotations", tmp_path / "state")

    assert broken == []
    assert figures["not acknowledged"] <= NOTICED * figures["commands"], figures
