"""Papers in the database: numbered, printed and written in one statement, with what they cancel and let pass."""

import base64
import secrets
from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from uuid import UUID

import msgspec
from msgspec import Struct

from common import audit, outbox
from common.clock import today_in
from common.contracts.events import Event
from common.identifiers import dec_hook, enc_hook
from common.tx import Tx
from common.uuid7 import uuid7
from training.candidatures.domain import Candidature, Status
from training.papers.documents import TEMPLATE_VERSION, Printed, printed, typst_version
from training.papers.domain import Counter, Draft, Given, Number, UnknownPaper

CODE_BYTES = 10  # 80 bits


class PaperSheet(Struct, frozen=True, kw_only=True):
    """A paper and the counter of its kind, held."""

    counter: Counter
    paper: Given
    subject: UUID
    cancels: UUID | None
    candidature: Candidature | None  # whose competence an attestation recognises


def local_days(tx: Tx) -> str:
    """The day it is in each académie that is seen, for the numbers of the year."""
    return msgspec.json.encode({each: today_in(each, tx.at) for each in tx.seen.split(",")}).decode()


def new_ids() -> Iterator[UUID]:
    return (uuid7() for _ in repeat(None))


async def hold(tx: Tx, paper: UUID) -> PaperSheet:
    sheet = await tx.fetchval("SELECT paper_sheet($1, $2)", paper, local_days(tx))
    if sheet is None:
        raise UnknownPaper
    return msgspec.json.decode(sheet, type=PaperSheet, dec_hook=dec_hook)


async def record(
    tx: Tx,
    counter: Counter,
    drafts: Sequence[Draft],
    events: Sequence[Event],
    *,
    reason: str | None = None,
    passing: Mapping[UUID, Status] | None = None,
) -> list[Number]:
    """Print and write them all, and bring the candidatures that they concern where they lead."""
    if not drafts:
        return []
    drawn = [secrets.token_bytes(CODE_BYTES) for _ in drafts]
    papers = await printed(drafts, counter, drawn, api=tx.api)
    passed = [{"id": each, "status": status} for each, status in (passing or {}).items()]
    by = None if tx.agent is None else tx.agent.id
    held = (counter.academie, counter.kind, counter.today.year, counter.last + len(papers))
    origin = (by, tx.at, f"paper/{TEMPLATE_VERSION}", typst_version())
    await tx.execute(RECORD, json_of([line(each) for each in papers]), json_of(passed), *held, *origin)
    outbox.append(tx, counter.academie, events)
    for each in papers:
        act = "issued" if each.draft.cancels is None else "cancelled"
        about = each.draft.cancels or each.draft.id
        detail: dict[str, str | int] = {"paper": str(each.draft.id), "number": str(each.number)}
        audit.record(tx, counter.academie, f"{counter.kind.slug}-{act}", about, reason=reason, detail=detail)
    return [each.number for each in papers]


def line(paper: Printed) -> dict[str, object]:
    draft = paper.draft
    return {
        "id": draft.id,
        "ordinal": paper.number.ordinal,
        "number": str(paper.number),
        "person": draft.recipient.person,
        "uai": draft.recipient.uai,
        "subject": draft.subject,
        "granted": draft.granted,
        "sequence": draft.sequence,
        "code": paper.code,
        "sha256": paper.sha256.hex(),
        "cancels": draft.cancels,
        "silent": draft.silent,
        "content": paper.content,
        "pdf": base64.b64encode(paper.pdf).decode(),
    }


def json_of(value: object) -> str:
    return msgspec.json.encode(value, enc_hook=enc_hook).decode()


# What is cancelled is out of force before what replaces it comes into force: the insertion waits for the count.
RECORD = """
WITH given AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS g (id uuid, ordinal int, number text, person uuid, uai text,
        subject uuid, granted bool, sequence int, code text, sha256 text, cancels uuid, silent bool, content jsonb,
        pdf text)
), cancelled AS (
    UPDATE paper SET cancelled_by = given.id FROM given
    WHERE paper.academie = $3 AND paper.id = given.cancels AND paper.cancelled_by IS NULL RETURNING 1
), issued AS (
    INSERT INTO paper (academie, id, kind, year, ordinal, number, person, uai, subject, granted, sequence, code, sha256,
        template, typst, issued_by, issued_at, cancels, told_at)
    SELECT $3, id, $4, $5, ordinal, number, person, uai, subject, granted, sequence, code, decode(sha256, 'hex'),
        $9, $10, $7, $8::timestamptz, cancels, CASE WHEN silent THEN $8::timestamptz END
    FROM given WHERE (SELECT count(*) FROM cancelled) >= 0
), kept AS (
    INSERT INTO paper_print (academie, paper, content, pdf)
    SELECT $3, id, content, decode(pdf, 'base64') FROM given
), counted AS (
    UPDATE paper_counter SET last = $6 WHERE academie = $3 AND kind = $4 AND year = $5
)
UPDATE candidature SET status = p.status FROM jsonb_to_recordset($2::jsonb) AS p (id uuid, status text)
WHERE candidature.academie = $3 AND candidature.id = p.id
"""
