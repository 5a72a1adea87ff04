"""A database password changes while two are in use: a second login that is the same role, then the first one closed."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest

from common import logins


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
