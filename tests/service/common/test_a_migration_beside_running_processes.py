"""A migration while commands come in: it gives up rather than let them queue, and a data step sees every académie."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from tests.service.common import probe
from tests.service.common.probe import LISTENER

from common import migrate
from common.migrate import upgrade

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

REVISION = """
from common.migrate import run_sql_beside

revision = "{revision}"
down_revision = "{down}"


def upgrade():
    run_sql_beside(__file__)
"""
Next = Callable[[str, str, str], None]


@pytest.fixture
def next_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Next:
    """`next_revision(revision, after, sql)`: as the next release would bring it."""
    ours = migrate._own_migrations
    monkeypatch.setattr(migrate, "_own_migrations", lambda service: [*ours(service), tmp_path])

    def write(revision: str, after: str, sql: str) -> None:
        (tmp_path / f"{revision}.py").write_text(REVISION.format(revision=revision, down=after))
        (tmp_path / f"{revision}.sql").write_text(sql)

    return write


@pytest.fixture
def urls(database: "Callable[[str], ServiceUrls]") -> "ServiceUrls":
    return database(LISTENER)


async def columns(urls: "ServiceUrls") -> set[str]:
    rows = await probe.query(
        urls, "SELECT column_name::text FROM information_schema.columns WHERE table_name = 'census'"
    )
    return {row["column_name"] for row in rows}


async def test_it_gives_up_before_commands_queue_behind_it_and_is_run_again(
    urls: "ServiceUrls", next_revision: Next, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT", "200ms")
    next_revision("tr1001", "tr0010", "ALTER TABLE public.census ADD COLUMN kind text;")
    busy = await asyncpg.connect(urls.app)
    reading = busy.transaction()
    await reading.start()
    await busy.execute("SELECT count(*) FROM census")

    with pytest.raises(asyncpg.LockNotAvailableError):
        await upgrade(LISTENER, urls.owner)
    assert "kind" not in await columns(urls)

    await reading.rollback()
    await busy.close()
    await upgrade(LISTENER, urls.owner)
    assert "kind" in await columns(urls)


async def test_a_data_step_changes_the_rows_of_every_academie(urls: "ServiceUrls", next_revision: Next) -> None:
    """Row security, which is forced, hides them all from the owner."""
    await probe.query(urls, CENSUSES)
    next_revision("tr1001", "tr0010", "UPDATE public.census SET object = 'by the owner';")
    next_revision("tr1002", "tr1001", f"SET LOCAL ROLE {{maint}};\n{BY_MAINT}\nRESET ROLE;")

    await upgrade(LISTENER, urls.owner)

    said = await probe.query(urls, "SELECT academie, object FROM census ORDER BY academie")
    assert [tuple(row) for row in said] == [("09", "was mine"), ("20", "was mine")]


CENSUSES = """
INSERT INTO census (academie, id, object, function, deadline)
SELECT code, gen_random_uuid(), 'mine', '', '2026-12-01' FROM unnest(ARRAY['09', '20']) AS code
"""
BY_MAINT = "UPDATE public.census SET object = 'was ' || object;"
