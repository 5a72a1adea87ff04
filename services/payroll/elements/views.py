"""What the coordination reads of elements: lists, one of them, and where it comes from."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from common.contracts.training import HalfDay
from common.identifiers import CodeAcademie, Uai, dec_hook
from common.identity import Agent
from common.tx import Tx
from payroll.elements.domain import Status, UnknownElement
from payroll.expenses.domain import Control, NotDue
from payroll.rates.domain import Kind


class ControlView(Struct, frozen=True, kw_only=True):
    """Un contrôle qui retient l’élément."""

    name: Control
    label: str
    released_by_hand: bool


class LineView(Struct, frozen=True, kw_only=True):
    """Une dépense : quantité, taux en millièmes d’euro, montant en centimes."""

    kind: Kind
    label: str
    quantity: int
    mills: int
    amount: int


class ElementView(Struct, frozen=True, kw_only=True):
    """Un élément variable, né d’un ordre de mission et d’une présence."""

    id: UUID
    academie: CodeAcademie
    mission: UUID
    number: str  # of the ordre de mission
    rank: int
    person: UUID
    uai: Uai
    meeting: UUID
    bassin: str
    commune: str
    day: date
    status: Status
    status_label: str
    controls: list[ControlView]
    not_due: NotDue | None
    not_due_label: str
    lines: list[LineView]
    amount: int  # cents
    campaign: UUID | None
    month: str
    late: bool
    late_from: str
    completed_at: datetime | None
    export: UUID | None
    line: int | None
    rejection: str
    revision: int

    @property
    def etag(self) -> str:
        return f'"{self.revision}"'


class Origin(Struct, frozen=True, kw_only=True):
    """D’où vient un élément : le papier, la présence, la sélection et l’avis, par leurs identifiants."""

    element: UUID
    mission: UUID
    number: str
    mission_fact: UUID
    cancelling: UUID | None
    meeting: UUID
    attendance_fact: UUID
    attended: list[HalfDay]
    candidature: UUID
    avis: UUID | None
    corrects: list[UUID]  # the elements of the same mission before this one


class Wanted(Struct, frozen=True, kw_only=True):
    academies: Sequence[CodeAcademie] = ()
    academie: CodeAcademie | None = None
    campaign: UUID | None = None
    month: str | None = None
    status: Status | None = None
    control: Control | None = None
    person: UUID | None = None
    mission: UUID | None = None
    late: bool | None = None


async def elements(tx: Tx, wanted: Wanted, after: tuple[date, UUID] | None, limit: int) -> list[ElementView]:
    """By the day of the mission."""
    asked = (wanted.academie, wanted.campaign, wanted.month, wanted.status, wanted.control)
    whose = (wanted.person, wanted.mission, wanted.late)
    rows = await tx.fetch(LIST, list(wanted.academies), *asked, *whose, *(after or (None, None)), limit)
    return [view(row["element"]) for row in rows]


async def own_elements(tx: Tx, agent: Agent) -> list[ElementView]:
    """Of the person to whom this login is tied, the newest first."""
    return [view(row["element"]) for row in await tx.fetch(OWN, [agent.academie], agent.id)]


async def element(tx: Tx, academies: Sequence[CodeAcademie], asked: UUID) -> ElementView:
    found = await tx.fetchval(ONE, list(academies), asked)
    if found is None:
        raise UnknownElement
    return view(found)


async def origin(tx: Tx, academies: Sequence[CodeAcademie], asked: UUID) -> Origin:
    found = await tx.fetchval(ORIGIN, list(academies), asked)
    if found is None:
        raise UnknownElement
    return msgspec.json.decode(found, type=Origin)


def view(text: str) -> ElementView:
    row: dict[str, Any] = msgspec.json.decode(text)
    controls = [Control(name) for name in row["controls"]]
    reason = None if row["not_due"] is None else NotDue(row["not_due"])
    whole = {
        **row,
        "status_label": Status(row["status"]).label,
        "controls": [{"name": c, "label": c.label, "released_by_hand": c.released_by_hand} for c in controls],
        "not_due_label": "" if reason is None else reason.label,
        "lines": [{**line, "label": Kind(line["kind"]).label} for line in row["lines"]],
        "late": bool(row["late_from"]),
    }
    return msgspec.convert(whole, ElementView, dec_hook=dec_hook)


ELEMENT = """
SELECT to_jsonb(el) || jsonb_build_object('number', e.number, 'uai', e.uai, 'commune', e.commune, 'bassin', d.bassin)
    AS element
FROM element el
JOIN expected_expense e ON (e.academie, e.mission) = (el.academie, el.mission)
JOIN service_done d ON (d.academie, d.meeting) = (el.academie, el.meeting)
WHERE el.academie = ANY($1)
"""

ONE = f"{ELEMENT} AND el.id = $2"

LIST = f"""
{ELEMENT}
    AND ($2::text IS NULL OR el.academie = $2) AND ($3::uuid IS NULL OR el.campaign = $3)
    AND ($4::text IS NULL OR el.month = $4) AND ($5::text IS NULL OR el.status = $5)
    AND ($6::text IS NULL OR $6 = ANY (el.controls)) AND ($7::uuid IS NULL OR el.person = $7)
    AND ($8::uuid IS NULL OR el.mission = $8) AND ($9::bool IS NULL OR (el.late_from <> '') = $9)
    AND ($10::date IS NULL OR (el.day, el.id) > ($10, $11::uuid))
ORDER BY el.day, el.id LIMIT $12
"""

OWN = f"""
{ELEMENT}
    AND EXISTS (SELECT FROM linked_agent l WHERE (l.academie, l.person, l.agent) = (el.academie, el.person, $2))
ORDER BY el.day DESC, el.rank DESC LIMIT 200
"""

ORIGIN = """
SELECT jsonb_build_object('element', el.id, 'mission', e.mission, 'number', e.number, 'mission_fact', e.fact,
    'cancelling', e.cancelling, 'meeting', e.meeting, 'attendance_fact', d.fact,
    'attended', (SELECT coalesce(jsonb_agg(a - 'person' ORDER BY a), '[]') FROM jsonb_array_elements(d.presences) a
                 WHERE a ->> 'person' = e.person::text),
    'candidature', e.candidature, 'avis', e.avis,
    'corrects', (SELECT coalesce(jsonb_agg(o.id ORDER BY o.rank), '[]') FROM element o
                 WHERE (o.academie, o.mission) = (el.academie, el.mission) AND o.rank < el.rank))
FROM element el
JOIN expected_expense e ON (e.academie, e.mission) = (el.academie, el.mission)
JOIN service_done d ON (d.academie, d.meeting) = (el.academie, el.meeting)
WHERE el.academie = ANY($1) AND el.id = $2
"""
