"""What is said of charters and of the networks that apply them."""

from datetime import date, datetime
from uuid import UUID

import msgspec
from asyncpg import Record
from msgspec import Struct

from common.identifiers import CodeAcademie, CodeBassin, dec_hook
from common.tx import Tx
from hr_networks.networks.domain import Purpose, UnknownNetwork


class CharterView(Struct, frozen=True, kw_only=True):
    """Une version de la charte d’une académie."""

    academie: CodeAcademie
    version: int
    text: str
    applies_from: date
    office: str
    mail: str
    published_at: datetime


class PurposeView(Struct, frozen=True, kw_only=True):
    """Une finalité du réseau, dans les termes de la lettre du 26 octobre 2007."""

    code: Purpose
    label: str


class NetworkView(Struct, frozen=True, kw_only=True):
    """Le réseau de ressources humaines d’un bassin pour une fonction."""

    id: UUID
    academie: CodeAcademie
    bassin: CodeBassin
    name_of_bassin: str
    function: str
    purposes: list[PurposeView]
    charter: int  # the version that it applies
    activated_at: datetime


class Filter(Struct, frozen=True, kw_only=True):
    academie: CodeAcademie | None = None
    bassin: CodeBassin | None = None


async def charters(tx: Tx, academie: CodeAcademie | None) -> list[CharterView]:
    """The newest first."""
    rows = await tx.fetch(CHARTERS, academie)
    return [msgspec.convert(dict(row), CharterView, dec_hook=dec_hook) for row in rows]


async def networks(tx: Tx, asked: Filter, after: UUID | None, limit: int) -> list[NetworkView]:
    """The newest first: their ids are in the order of time."""
    return [network_of(row) for row in await tx.fetch(LIST, None, asked.academie, asked.bassin, after, limit + 1)]


async def network(tx: Tx, asked: UUID) -> NetworkView:
    row = await tx.fetchrow(LIST, asked, None, None, None, 1)
    if row is None:
        raise UnknownNetwork
    return network_of(row)


def network_of(row: Record) -> NetworkView:
    purposes = [PurposeView(code=Purpose(each), label=Purpose(each).label) for each in row["purposes"]]
    return msgspec.convert({**row, "purposes": purposes}, NetworkView, dec_hook=dec_hook)


CHARTERS = """
SELECT academie, version, text, applies_from, office, mail, published_at FROM charter
WHERE $1::text IS NULL OR academie = $1
ORDER BY academie, version DESC
"""

LIST = """
SELECT n.id, n.academie, n.bassin, coalesce(b.name, '') AS name_of_bassin, n.function, n.purposes, n.charter,
    n.activated_at
FROM network n LEFT JOIN bassin b ON (b.academie, b.code) = (n.academie, n.bassin)
WHERE ($1::uuid IS NULL OR n.id = $1) AND ($2::text IS NULL OR n.academie = $2) AND ($3::text IS NULL OR n.bassin = $3)
    AND ($4::uuid IS NULL OR n.id < $4)
ORDER BY n.id DESC LIMIT $5
"""
