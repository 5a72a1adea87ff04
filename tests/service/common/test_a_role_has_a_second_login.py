"""A database password changes while two are in use: a second login that is the same role, then the first one closed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest

from common import logins
from common.cli.secrets import login


def at(admin_url: str, role: str, password: str) -> str:
    parts = urlsplit(admin_url)
    return urlunsplit(parts._replace(netloc=f"{role}:{password}@{parts.netloc.rpartition('@')[2]}"))


async def execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def who(url: str) -> tuple[str, bool]:
    """As whom a session acts, and whether it passes by row security."""
    connection = await asyncpg.connect(url)
    row = await connection.fetchrow("SELECT rolname, rolbypassrls FROM pg_roles WHERE rolname = current_user")
    await connection.close()
    assert row is not None
    return row["rolname"], row["rolbypassrls"]


@pytest.fixture
async def role(postgres: str) -> AsyncIterator[str]:
    name = f"probe_{uuid4().hex[:8]}_maint"
    await execute(postgres, f"CREATE ROLE {name} LOGIN BYPASSRLS PASSWORD 'first'")
    yield name
    await execute(postgres, *(f"DROP ROLE IF EXISTS {name}{suffix}" for suffix in ("_3", "_2", "")))


async def test_a_second_login_acts_as_the_role_with_all_that_it_may(postgres: str, role: str) -> None:
    second = await logins.add(postgres, role)

    assert urlsplit(second).username == f"{role}_2"
    assert await who(second) == await who(at(postgres, role, "first")) == (role, True)


async def test_the_first_one_is_closed_once_nobody_uses_it(postgres: str, role: str) -> None:
    first, second = at(postgres, role, "first"), await logins.add(postgres, role)
    session = await asyncpg.connect(first)

    with pytest.raises(logins.InUse, match=role):
        await logins.retire(postgres, role)
    await session.close()

    assert await logins.retire(postgres, role) == [role]
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await asyncpg.connect(first)
    assert (await who(second))[0] == role


async def test_it_can_be_done_again(postgres: str, role: str) -> None:
    await logins.add(postgres, role)
    await logins.retire(postgres, role)

    third = await logins.add(postgres, role)

    assert urlsplit(third).username == f"{role}_3"
    assert await logins.retire(postgres, role) == [f"{role}_2"]
    assert (await who(third))[0] == role
    assert await logins.retire(postgres, role) == []


async def test_its_address_names_the_server_as_services_find_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the command, whose administrator may come by another way."""
    added: list[tuple[str, str]] = []

    async def add(admin_url: str, role: str) -> str:
        added.append((admin_url, role))
        return "postgresql://bassin_training_app_2:drawn@127.0.0.1:5433/bassin_training"

    monkeypatch.setattr(logins, "add", add)
    monkeypatch.setenv("BASSIN_ADMIN_DATABASE_URL", "postgresql://postgres:x@127.0.0.1:5433/postgres")

    await asyncio.to_thread(login, "training", "app", tmp_path / "url", database="postgres:5432")

    assert added == [("postgresql://postgres:x@127.0.0.1:5433/bassin_training", "bassin_training_app")]
    assert (tmp_path / "url").read_text() == ("postgresql://bassin_training_app_2:drawn@postgres:5432/bassin_training")
