"""Papers as they are listed and read: their number and state for ever, what they say as long as it is kept."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record
from msgspec import Struct

from common.identifiers import CodeAcademie, Uai, dec_hook
from common.identity import Agent, Role
from common.tx import Tx
from training.papers.documents import Content
from training.papers.domain import Kind, NotYourPaper, Occasion, PaperErased, State, Stated, UnknownPaper, state_of
from training.roles import OFFICE


class PaperSummary(Struct, frozen=True, kw_only=True):
    """Un document dans une liste."""

    id: UUID
    academie: CodeAcademie
    number: str
    kind: Kind
    kind_label: str
    state: State
    state_label: str
    person: UUID
    name: str  # as printed; « nom effacé » afterwards
    uai: str
    subject: UUID  # the meeting, the session or the candidature
    issued_at: datetime
    cancels: UUID | None
    cancelled_by: UUID | None


class PaperView(PaperSummary, frozen=True, kw_only=True):
    """Un document : ce qu’il dit, de quoi le vérifier, et comment il a été imprimé."""

    title: str
    lines: tuple[Stated, ...]
    paragraphs: tuple[str, ...]
    code: str
    sha256: str
    template: str
    typst: str
    granted: bool | None
    erased: bool


class Filter(Struct, frozen=True, kw_only=True):
    """`reader` is a person, for whom his own are listed; `uais` those of some schools; neither: those of an office."""

    academies: frozenset[CodeAcademie]
    uais: frozenset[Uai] = frozenset()
    reader: UUID | None = None  # the login
    kind: Kind | None = None
    state: State | None = None
    person: UUID | None = None
    subject: UUID | None = None


class Engagement(Struct, frozen=True, kw_only=True):
    """The newest convocation of somebody to something, as an agenda takes it."""

    academie: CodeAcademie
    subject: UUID
    person: UUID
    number: str
    sequence: int
    in_force: bool
    changed_at: datetime
    occasion: Occasion
    work_mail: str


async def papers(tx: Tx, asked: Filter, after: tuple[datetime, UUID] | None, limit: int) -> list[PaperSummary]:
    """The newest first."""
    at, last = after or (None, None)
    who = (list(asked.academies), list(asked.uais), asked.reader)
    filters = (asked.kind, asked.state, asked.person, asked.subject)
    rows = await tx.fetch(LIST, *who, *filters, at, last, limit + 1)
    return [msgspec.convert(labelled(row), PaperSummary, dec_hook=dec_hook) for row in rows]


async def paper(tx: Tx, asked: UUID, agent: Agent) -> PaperView:
    row = await readable(tx, ONE, asked, agent)
    content = None if row["content"] is None else msgspec.json.decode(row["content"], type=Content)
    said = {
        "title": row["kind_label"] if content is None else content.title,
        "lines": () if content is None else content.lines,
        "paragraphs": () if content is None else content.paragraphs,
        "sha256": row["sha256"].hex(),
        "erased": content is None,
    }
    return msgspec.convert({**row, **said}, PaperView, dec_hook=dec_hook)


async def pdf(tx: Tx, asked: UUID, agent: Agent) -> tuple[str, bytes]:
    """The bytes as they were printed."""
    row = await readable(tx, PDF, asked, agent)
    if row["pdf"] is None:
        raise PaperErased
    return row["number"], row["pdf"]


async def engagement(tx: Tx, asked: UUID, agent: Agent) -> Engagement:
    """What the agenda is to hold by now, whichever of somebody's convocations is asked for."""
    row = await readable(tx, ENGAGEMENT, asked, agent)
    if row["kind"] is not Kind.CONVOCATION:
        raise UnknownPaper
    if row["occasion"] is None:
        raise PaperErased
    return msgspec.convert({**row, "occasion": msgspec.json.decode(row["occasion"])}, Engagement, dec_hook=dec_hook)


async def readable(tx: Tx, sql: str, paper: UUID, agent: Agent) -> dict[str, Any]:
    """By the person, by the head of his school, by the office."""
    row = await tx.fetchrow(sql, paper, agent.id)
    if row is None:
        raise UnknownPaper
    heads = agent.holds(Role.CHEF_ETABLISSEMENT, academie=row["academie"], uai=row["uai"])
    office = any(agent.holds(role, academie=row["academie"]) for role in OFFICE)
    if not (row["own"] or heads or office):
        raise NotYourPaper
    return labelled(row)


def labelled(row: Record) -> dict[str, Any]:
    kind = Kind(row["kind"])
    state = state_of(cancels=row["cancels"], in_force=row["cancelled_by"] is None)
    return {
        **row,
        "kind": kind,
        "kind_label": kind.label,
        "state": state,
        "state_label": state.label,
    }


def row_of(paper: PaperSummary) -> list[str | date | None]:
    return [
        *(paper.number, paper.kind_label, paper.state_label, paper.issued_at, paper.name, paper.uai),
        *(str(paper.person), str(paper.subject)),
    ]


HEADER = ("Numéro", "Nature", "État", "Établi le", "Personne", "UAI", "Identifiant de la personne", "Objet")

VIEW = """
SELECT p.id, p.academie, p.number, p.kind, p.person, p.uai, p.subject, p.issued_at, p.cancels, p.cancelled_by,
    coalesce(t.content ->> 'name', 'nom effacé') AS name{more}
FROM paper p LEFT JOIN paper_print t ON (t.academie, t.paper) = (p.academie, p.id)
"""
OWN = """EXISTS (
    SELECT FROM linked_person l WHERE (l.academie, l.person, l.agent) = (p.academie, p.person, {agent}) AND NOT l.erased
)"""
MINE = f", {OWN.format(agent='$2')} AS own"

LIST = (
    VIEW.format(more="")
    + f"""
WHERE (p.academie = ANY($1) OR p.uai = ANY($2) OR {OWN.format(agent="$3")})
    AND ($4::text IS NULL OR p.kind = $4)
    AND ($5::text IS NULL OR $5 = CASE WHEN p.cancels IS NOT NULL THEN 'cancellation'
        WHEN p.cancelled_by IS NOT NULL THEN 'cancelled' ELSE 'in-force' END)
    AND ($6::uuid IS NULL OR p.person = $6) AND ($7::uuid IS NULL OR p.subject = $7)
    AND ($8::timestamptz IS NULL OR (p.issued_at, p.id) < ($8, $9))
ORDER BY p.issued_at DESC, p.id DESC LIMIT $10
"""
)

ONE = VIEW.format(more=f", p.code, p.sha256, p.template, p.typst, p.granted, t.content{MINE}") + "WHERE p.id = $1"

PDF = VIEW.format(more=f", t.pdf{MINE}") + "WHERE p.id = $1"

ENGAGED = """
SELECT n.academie, n.kind, n.number, n.person, n.uai, n.subject, n.cancels, n.cancelled_by, t.content -> 'occasion' AS
    occasion, coalesce(c.issued_at, n.issued_at) AS changed_at, n.cancelled_by IS NULL AS in_force,
    n.sequence + CASE WHEN n.cancelled_by IS NULL THEN 0 ELSE 1 END AS sequence, coalesce(w.work_mail, '') AS work_mail
    {own}
FROM paper p
JOIN LATERAL (
    SELECT * FROM paper l
    WHERE (l.academie, l.kind, l.subject, l.person) = (p.academie, p.kind, p.subject, p.person) AND l.cancels IS NULL
    ORDER BY l.year DESC, l.ordinal DESC LIMIT 1
) AS n ON true
LEFT JOIN paper c ON (c.academie, c.id) = (n.academie, n.cancelled_by)
LEFT JOIN paper_print t ON (t.academie, t.paper) = (n.academie, n.id)
LEFT JOIN person w ON (w.academie, w.id) = (n.academie, n.person)
WHERE p.id = $1
"""
ENGAGEMENT = ENGAGED.format(own=MINE)
