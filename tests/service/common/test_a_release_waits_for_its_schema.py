"""`bassin provisioned`: what starts before a service lets it start on this release's database, or on a later one's."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.service.common import probe
from tests.service.common.terminal import Operator, demo_runs, terminal

from common.migrate import register, upgrade
from common.service import load

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

SERVICE = "training"


@pytest.fixture
async def urls(
    database: "Callable[[str], ServiceUrls]", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> "ServiceUrls":
    """A database as `bassin provision` leaves it."""
    found = database(SERVICE)
    await register(found.owner, SERVICE, load(SERVICE).table().names(), {})
    demo_runs(monkeypatch, tmp_path, {SERVICE: found})
    return found


@pytest.fixture
def bassin(capsys: pytest.CaptureFixture[str]) -> Operator:
    return terminal(capsys)


@pytest.mark.usefixtures("urls")
async def test_a_provisioned_service_may_start(bassin: Operator) -> None:
    assert await bassin("provisioned", SERVICE) == (0, "", "")


async def test_a_migration_that_is_missing_holds_it_back(urls: "ServiceUrls", bassin: Operator) -> None:
    await probe.query(urls, "UPDATE infra.alembic_version SET version_num = 'tr0002' WHERE version_num LIKE 'tr%'")

    code, _, complaint = await bassin("provisioned", SERVICE)

    assert (code, complaint) == (1, "training is not provisioned: migrations up to tr0010 are missing")


async def test_a_handler_that_is_not_registered_holds_it_back(urls: "ServiceUrls", bassin: Operator) -> None:
    await probe.query(urls, "DELETE FROM infra.handler WHERE name = 'replace_papers'")

    code, _, complaint = await bassin("provisioned", SERVICE)

    assert (code, complaint) == (1, "training is not provisioned: handlers are not registered: replace_papers")


async def test_a_later_release_has_been_here_and_this_one_still_starts(urls: "ServiceUrls", bassin: Operator) -> None:
    """Expand, migrate, contract: the release before must run on the schema of the next one."""
    await probe.query(urls, "UPDATE infra.alembic_version SET version_num = 'tr9999' WHERE version_num LIKE 'tr%'")

    assert await bassin("provisioned", SERVICE) == (0, "", "")


async def test_the_schema_of_a_release_that_knew_no_such_question_holds_it_back(
    urls: "ServiceUrls", bassin: Operator
) -> None:
    app = "bassin_training_app"
    await probe.query(urls, f'REVOKE SELECT ON infra.alembic_version FROM "{app}"')

    code, _, complaint = await bassin("provisioned", SERVICE)

    assert (code, complaint) == (1, "training is not provisioned: its database is not laid out")


async def test_a_database_that_is_away_is_waited_for(
    urls: "ServiceUrls", bassin: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASSIN_ACADEMIES", "09")
    monkeypatch.setenv("BASSIN_DATABASE_URL", urls.app.replace("bassin_", "nowhere_"))

    code, _, complaint = await bassin("provisioned", SERVICE, "--wait", "2")

    assert code == 1
    assert complaint.count("its database cannot be reached") == 1, "what has not changed is said once"


async def test_a_server_that_asks_for_tls_can_be_migrated(urls: "ServiceUrls") -> None:
    """An address may end in ?sslmode=...; here it is the one that our server, without a certificate, accepts."""
    await upgrade(SERVICE, f"{urls.owner}?sslmode=disable")
