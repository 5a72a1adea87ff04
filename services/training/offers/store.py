"""Offers in the database: a draft is one document, a published one also has the rows that others refer to."""

from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record

from common import audit, outbox
from common.contracts.training import OfferPublished
from common.identifiers import dec_hook, enc_hook
from common.tx import Tx
from training.offers.domain import Offer, Status, UnknownOffer
from training.quotas.domain import Quotas
from training.sessions.domain import Module


async def record_draft(tx: Tx, offer: Offer, *, by: UUID) -> None:
    await tx.execute(INSERT, *columns(offer), by, tx.at, offer.edition_of)
    detail: dict[str, str | int] = {} if offer.edition_of is None else {"edition_of": str(offer.edition_of)}
    audit.record(tx, offer.academie, "offer-drafted", offer.id, detail=detail)


async def lock_offer(tx: Tx, offer: UUID) -> Offer:
    row = await tx.fetchrow(LOCK, offer)
    if row is None:
        raise UnknownOffer
    return offer_of(row)


async def record_change(tx: Tx, offer: Offer) -> None:
    await tx.execute(CHANGE, *columns(offer), offer.revision)
    audit.record(tx, offer.academie, "offer-changed", offer.id, detail={"revision": offer.revision})


async def record_publication(tx: Tx, offer: Offer, published: OfferPublished, *, by: UUID) -> Offer:
    """The offer as it is now."""
    first_day = min(outline.first_day for outline in published.modules)
    await tx.execute(PUBLISH, offer.academie, offer.id, by, tx.at, first_day)
    outbox.append(tx, offer.academie, [published])
    audit.record(tx, offer.academie, "offer-published", offer.id, detail={"year": offer.year})
    return msgspec.structs.replace(offer, status=Status.PUBLISHED, revision=offer.revision + 1)


def columns(offer: Offer) -> tuple[object, ...]:
    texts = (offer.title, offer.year, offer.function, offer.description, offer.backing, offer.sources)
    days = (offer.opens_on, offer.closes_on, offer.avis_deadline, offer.acceptance_days)
    return (offer.academie, offer.id, *texts, *days, document(offer.modules), document(offer.quotas))


def document(value: object) -> str:
    return msgspec.json.encode(value, enc_hook=enc_hook).decode()


def offer_of(row: Record) -> Offer:
    return msgspec.convert(parsed(row), Offer, dec_hook=dec_hook)


def parsed(row: Record) -> dict[str, Any]:
    modules = msgspec.json.decode(row["programme"], type=tuple[Module, ...], dec_hook=dec_hook)
    quotas = msgspec.json.decode(row["quotas"], type=Quotas, dec_hook=dec_hook)
    return {**row, "modules": modules, "quotas": quotas}


INSERT = """
INSERT INTO offer (academie, id, title, year, function, description, backing, sources, opens_on, closes_on,
    avis_deadline, acceptance_days, programme, quotas, created_by, created_at, edition_of)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
"""

LOCK = """
SELECT academie, id, title, year, function, description, backing, sources, opens_on, closes_on, avis_deadline,
    acceptance_days, programme, quotas, status, revision, edition_of
FROM offer WHERE id = $1 FOR NO KEY UPDATE
"""

CHANGE = """
UPDATE offer SET title = $3, year = $4, function = $5, description = $6, backing = $7, sources = $8, opens_on = $9,
    closes_on = $10, avis_deadline = $11, acceptance_days = $12, programme = $13, quotas = $14, revision = $15
WHERE academie = $1 AND id = $2
"""

# The modules and groups of the document become rows.
PUBLISH = """
WITH published AS (
    UPDATE offer SET status = 'published', revision = revision + 1, published_by = $3, published_at = $4,
        first_day = $5
    WHERE academie = $1 AND id = $2 RETURNING programme
), part AS (
    SELECT m.* FROM published, jsonb_to_recordset(programme) AS m (
        id uuid, rank int, title text, requires_module int, requires_meeting boolean, groups jsonb)
), modules AS (
    INSERT INTO module (academie, id, offer, rank, title, requires_module, requires_meeting)
    SELECT $1, id, $2, rank, title, requires_module, requires_meeting FROM part
), seats AS (
    SELECT part.id AS module, g.* FROM part, jsonb_to_recordset(part.groups) AS g (
        id uuid, name text, place text, commune text, capacity int, half_days jsonb)
), sessions AS (
    INSERT INTO session (academie, id, module, name, place, commune, capacity)
    SELECT $1, id, module, name, place, commune, capacity FROM seats
)
INSERT INTO session_half_day (academie, session, day, half)
SELECT $1, seats.id, h.day, h.half FROM seats, jsonb_to_recordset(seats.half_days) AS h (day date, half text)
"""
