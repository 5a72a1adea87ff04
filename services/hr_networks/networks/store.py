"""Charters and networks in the database: what an activation is judged against, and what a decision writes."""

from datetime import date
from uuid import UUID, uuid5

import asyncpg
import msgspec

from common import audit, outbox
from common.contracts.hr_networks import NetworkActivated
from common.identifiers import BASSIN
from common.refusal import Unavailable
from common.tx import Tx
from hr_networks.networks.domain import Charter, CharterWish, Ground, NetworkAlreadyActive, NetworkWish


class CharterBeingPublished(Unavailable):
    code = "charter-being-published"
    title = "Charte en cours de publication par quelqu’un d’autre"


async def publish(tx: Tx, wish: CharterWish, applies_from: date, *, by: UUID) -> int:
    """The new version's number."""
    whom = (wish.office, wish.mail, by, tx.at)
    try:
        version: int = await tx.fetchval(PUBLISH, wish.academie, wish.text, applies_from, *whom)
    except asyncpg.UniqueViolationError as race:
        raise CharterBeingPublished("Renvoyez la même demande.", retry_after=1) from race
    charter = uuid5(BASSIN, f"charter:{wish.academie}:{version}")
    audit.record(tx, wish.academie, "charter-published", charter, detail={"version": version})
    return version


async def ground(tx: Tx, wish: NetworkWish) -> Ground:
    row = await tx.fetchrow(GROUND, wish.bassin.academie, wish.bassin, wish.function)
    assert row is not None
    return msgspec.convert({**row, "charters": msgspec.json.decode(row["charters"])}, Ground, strict=False)


async def record(tx: Tx, wish: NetworkWish, activated: NetworkActivated, charter: Charter, *, by: UUID) -> None:
    academie, purposes = wish.bassin.academie, list(dict.fromkeys(wish.purposes))
    what = (activated.bassin, activated.function, purposes, charter.version)
    try:
        await tx.execute(ACTIVATE, academie, activated.subject, *what, by, tx.at)
    except asyncpg.UniqueViolationError as race:
        raise NetworkAlreadyActive from race
    outbox.append(tx, academie, [activated])
    detail: dict[str, str | int] = {"bassin": str(activated.bassin), "charter": charter.version}
    audit.record(tx, academie, "network-activated", activated.subject, detail=detail)


PUBLISH = """
INSERT INTO charter (academie, version, text, applies_from, office, mail, published_by, published_at)
SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5, $6, $7 FROM charter WHERE academie = $1
RETURNING version
"""

GROUND = """
SELECT EXISTS (SELECT FROM bassin WHERE academie = $1 AND code = $2) AS bassin_known,
    EXISTS (SELECT FROM network WHERE academie = $1 AND bassin = $2 AND lower(function) = lower($3)) AS active,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('version', version, 'applies_from', applies_from)), '[]')
     FROM charter WHERE academie = $1) AS charters
"""

ACTIVATE = """
INSERT INTO network (academie, id, bassin, function, purposes, charter, activated_by, activated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
