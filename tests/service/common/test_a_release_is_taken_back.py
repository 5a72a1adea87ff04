"""The former release beside a database that a later one migrated, and handlers that only the later one has."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.service.common import probe
from tests.service.common.probe import LISTENER
from tests.service.common.terminal import Operator, demo_runs, terminal

from common.migrate import register, upgrade
from common.service import load

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

TOMORROW = "of_tomorrow"
LATER = f"INSERT INTO infra.handler (name, kind, first, built_at) VALUES ('{TOMORROW}', 'reaction', '{{}}', now())"


@pytest.fixture
async def urls(database: "Callable[[str], ServiceUrls]") -> "ServiceUrls":
    """Of a listener that a later release has provisioned."""
    found = database(LISTENER)
    await register(found.owner, LISTENER, load(LISTENER).table().names(), {})
    await probe.query(found, LATER)
    return found


@pytest.fixture
def operator(
    urls: "ServiceUrls", tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Operator:
    demo_runs(monkeypatch, tmp_path, {LISTENER: urls})
    return terminal(capsys)


async def test_a_database_of_a_later_release_is_left_as_it_is(
    urls: "ServiceUrls", caplog: pytest.LogCaptureFixture
) -> None:
    await probe.query(urls, "UPDATE infra.alembic_version SET version_num = 'tr9999' WHERE version_num LIKE 'tr%'")
    before = await probe.query(urls, "SELECT version_num FROM infra.alembic_version ORDER BY 1")

    await upgrade(LISTENER, urls.owner)

    assert await probe.query(urls, "SELECT version_num FROM infra.alembic_version ORDER BY 1") == before
    assert f"the database of {LISTENER} is of a later release (tr9999): left as it is" in caplog.messages


async def test_a_handler_of_a_later_release_is_listed_and_forgotten(operator: Operator) -> None:
    code, out, _ = await operator("handlers", "list", LISTENER)
    assert (code, TOMORROW in out) == (1, True)

    assert (await operator("handlers", "forget", LISTENER, TOMORROW))[0] == 0

    code, out, _ = await operator("handlers", "list", LISTENER)
    assert (code, TOMORROW in out) == (0, False)


async def test_a_handler_of_this_release_is_not_forgotten(operator: Operator) -> None:
    code, _, complaint = await operator("handlers", "forget", LISTENER, "censuses")

    assert (code, complaint) == (1, "censuses is of this release: nothing is forgotten")
    assert (await operator("handlers", "forget", LISTENER, "nobody_s"))[0] == 2
