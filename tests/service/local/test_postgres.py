"""The embedded PostgreSQL: whom it runs as, whom it lets in, what it keeps."""

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from common.local.children import Children, Reaper
from common.local.places import postgres_home
from common.local.ports import free_ports
from common.local.postgres import Postgres
from common.local.run_servers import RunServers
from common.local.trouble import Trouble


@pytest.fixture
def place(tmp_path: Path) -> Path:
    place = postgres_home() / f"{tmp_path.name}-{os.getpid()}"
    place.mkdir(mode=0o755)
    return place


@pytest.fixture
def children(place: Path) -> Iterator[Children]:
    with Reaper() as children:
        children.remove_afterwards(place)
        yield children


def server(place: Path) -> Postgres:
    [port] = free_ports(1)
    return Postgres(place / "postgres", port=port, log=place / "postgres.log", fast=True)


async def test_it_is_postgresql_18_with_the_extensions_we_use(postgres: str, servers: RunServers) -> None:
    connection = await asyncpg.connect(postgres)
    try:
        offered = {row["name"] for row in await connection.fetch("SELECT name FROM pg_available_extensions")}
        assert offered >= {"unaccent", "pg_trgm", "btree_gist", "pgcrypto"}
        assert "BASSIN_ADMIN_DATABASE_URL" in os.environ or connection.get_server_version().major == 18
    finally:
        await connection.close()


def test_as_root_it_runs_as_nobody_and_no_mode_above_it_changes(place: Path, children: Children) -> None:
    above = {parent: parent.stat().st_mode for parent in place.parents}
    mine = server(place)

    mine.start(children)

    main = psutil.Process(int((mine.home / "data" / "postmaster.pid").read_text().splitlines()[0]))
    assert main.username() == ("nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name)
    assert {parent: parent.stat().st_mode for parent in place.parents} == above


async def test_it_asks_for_its_password(place: Path, children: Children) -> None:
    mine = server(place)
    mine.start(children)

    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(host="127.0.0.1", port=mine.port, user="postgres", password="guess", database="postgres")


async def test_what_it_was_told_is_there_after_a_restart(place: Path, children: Children) -> None:
    mine = server(place)
    mine.start(children)
    connection = await asyncpg.connect(mine.admin_url)
    await connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    await connection.close()

    mine.stop()
    mine.start(children)

    connection = await asyncpg.connect(mine.admin_url)
    assert await connection.fetchval("SELECT one FROM kept") == 1
    await connection.close()


def test_a_taken_port_is_one_line_that_names_its_holder(place: Path, children: Children) -> None:
    first = server(place)
    first.start(children)
    second = Postgres(place / "second", port=first.port, log=place / "second.log", fast=True)

    with pytest.raises(Trouble, match=rf"^port {first.port} is taken \(pid \d+, postgres\): .*$"):
        second.start(children)


def test_a_server_that_cannot_start_is_one_line_with_its_last_word(place: Path, children: Children) -> None:
    mine = server(place)
    mine.start(children)
    mine.stop()
    (mine.home / "data" / "PG_VERSION").write_text("99")

    with pytest.raises(Trouble, match=r"^PostgreSQL ended with status 1: .*not compatible.*\(.*postgres.log\)$"):
        mine.start(children)
