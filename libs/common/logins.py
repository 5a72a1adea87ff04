"""A role's password changes without a stop: a second login beside the first, which goes once nobody uses it.

PostgreSQL keeps one password a role. Processes with the old one and with the new one run side by side during a rolling
restart, so each has a login of its own; a session of either acts as the role that the grants name.
"""

import secrets
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
from msgspec import Struct

from common.literals import inline


class InUse(Exception):
    """Sessions of these logins are open: processes still have the former address."""

    def __init__(self, logins: list[str]) -> None:
        super().__init__(", ".join(logins))
        self.logins = logins


class Login(Struct, frozen=True):
    name: str
    sessions: int
    present: bool  # the one that was made last


async def add(admin_url: str, role: str) -> str:
    """Make a further login of `role`; returns its address in the database that `admin_url` names.

    Raises:
        UndefinedObjectError: there is no such role, see `bassin provision`.
    """
    administrator = await asyncpg.connect(admin_url)
    try:
        async with administrator.transaction():
            known = [login.name for login in await _logins(administrator, role)]
            number = max((int(name.rpartition("_")[2]) for name in known if name != role), default=1) + 1
            name, password = f"{role}_{number}", secrets.token_urlsafe(24)
            await administrator.execute(inline(f'CREATE ROLE "{name}" LOGIN IN ROLE "{role}" PASSWORD $1', password))
            await administrator.execute(f"ALTER ROLE \"{name}\" SET role = '{role}'")
    finally:
        await administrator.close()
    parts = urlsplit(admin_url)
    return urlunsplit(parts._replace(netloc=f"{name}:{quote(password)}@{parts.netloc.rpartition('@')[2]}"))


async def retire(admin_url: str, role: str) -> list[str]:
    """Close every login of `role` but the last one; returns their names.

    Raises:
        InUse: somebody is still connected by one of them; nothing was changed.
    """
    administrator = await asyncpg.connect(admin_url)
    try:
        async with administrator.transaction():
            former = [login for login in await _logins(administrator, role) if not login.present]
            if used := [login.name for login in former if login.sessions]:
                raise InUse(used)
            for login in former:
                gone = (
                    f'ALTER ROLE "{role}" NOLOGIN PASSWORD NULL' if login.name == role else f'DROP ROLE "{login.name}"'
                )
                await administrator.execute(gone)
        return [login.name for login in former]
    finally:
        await administrator.close()


async def _logins(administrator: "asyncpg.Connection[asyncpg.Record]", role: str) -> list[Login]:
    rows = await administrator.fetch(LOGINS, role)
    return [Login(row["name"], row["sessions"], present=row is rows[-1]) for row in rows]


LOGINS = """
SELECT r.rolname AS name, (SELECT count(*) FROM pg_stat_activity s WHERE s.usesysid = r.oid) AS sessions
FROM pg_roles r
WHERE r.rolcanlogin AND (r.rolname = $1 OR r.rolname ~ ('^' || $1 || '_[0-9]+$'))
ORDER BY length(r.rolname), r.rolname
"""
