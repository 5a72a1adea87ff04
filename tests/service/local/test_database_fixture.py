"""Every test gets a database of its own, migrated, which none of the others has seen."""

from collections.abc import Callable

import asyncpg
import pytest

from common.migrate import ServiceUrls

Database = Callable[[str], ServiceUrls]


@pytest.mark.parametrize("test", ["one", "the next one"])
async def test_what_one_test_wrote_the_next_one_does_not_see(database: Database, test: str) -> None:
    owner = await asyncpg.connect(database("training").owner)
    try:
        await owner.execute("CREATE TABLE infra.trace ()")
    finally:
        await owner.close()


async def test_each_role_reaches_its_own_database_and_no_other(database: Database) -> None:
    mine, other = database("training"), database("territory")

    for url in (mine.owner, mine.maint, mine.app, mine.relay):
        await (await asyncpg.connect(url)).close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(mine.app.rpartition("/")[0] + "/" + other.app.rpartition("/")[2])
