"""Elements in the database: what all missions of a person give today, and what changed by it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from common import audit, outbox
from common.clock import zone_of
from common.tx import Tx
from payroll.campaigns.domain import Campaign, local_day
from payroll.elements.domain import Element, UnknownElement, element_of, release, told
from payroll.expenses.domain import Basis, Mission, assess
from payroll.rates.domain import Rate
from payroll.rates.reference import large_communes, nationwide
from payroll.rules.domain import Rules

EVER = datetime.min.replace(tzinfo=UTC)


class File(Struct, frozen=True, kw_only=True):
    """All that is known of the missions of one person, and what was made of it so far."""

    person: UUID
    missions: tuple[Mission, ...]
    elements: tuple[Element, ...]


class Setting(Struct, frozen=True, kw_only=True):
    """What counts for everybody in an académie."""

    rates: tuple[Rate, ...] = ()
    rules: Rules = Rules()
    campaigns: tuple[Campaign, ...] = ()

    def basis(self, academie: str, *more: Rate) -> Basis:
        rates = (*nationwide(), *self.rates, *more)
        return Basis(rates=rates, large_communes=large_communes(), rules=self.rules, zone=zone_of(academie))


class Change(Struct, frozen=True, kw_only=True):
    """One element before and after."""

    before: Element | None
    after: Element
    mission: Mission
    person: UUID


class Locked(Struct, frozen=True, kw_only=True):
    """A held element with what its release is judged against."""

    academie: str
    element: Element
    revision: int
    person: UUID
    meeting: UUID
    ends_at: datetime
    campaigns: tuple[Campaign, ...] = ()


async def compute(tx: Tx, academie: str, persons: Sequence[UUID], *, at: datetime = EVER) -> None:
    """Look at all missions of these people again; `at` is when the cause was known, besides what changed since.

    Their rows are locked in sorted order: two causes for one person are taken one after the other.
    """
    if not persons:
        return
    changed = {row["person"]: row["changed_at"] or EVER for row in await tx.fetch(LOCK, academie, sorted(set(persons)))}
    setting = await read_setting(tx, academie)
    files = await read_files(tx, academie, list(changed))
    changes = [
        change for file in files for change in changes_of(file, setting, academie, at=max(at, changed[file.person]))
    ]
    await record(tx, academie, changes)


def changes_of(file: File, setting: Setting, academie: str, *, at: datetime) -> Iterable[Change]:
    for assessed in assess(file.missions, setting.basis(academie)):
        past = [each for each in file.elements if each.mission == assessed.mission.id]
        after = element_of(assessed, past, setting.campaigns, at=at, zone=zone_of(academie))
        before = next((each for each in past if after is not None and each.id == after.id), None)
        if after is not None and after != before:
            yield Change(before=before, after=after, mission=assessed.mission, person=file.person)


async def read_setting(tx: Tx, academie: str) -> Setting:
    row = await tx.fetchrow(SETTING, academie)
    assert row is not None
    return msgspec.json.decode(row["setting"], type=Setting)


async def read_files(tx: Tx, academie: str, persons: Sequence[UUID] | None = None) -> list[File]:
    rows = await tx.fetch(FILES, academie, zone_of(academie), persons)
    return [msgspec.json.decode(row["file"], type=File) for row in rows]


async def record(tx: Tx, academie: str, changes: Sequence[Change]) -> None:
    if not changes:
        return
    await tx.execute(RECORD, academie, msgspec.json.encode([row_of(each, academie) for each in changes]).decode())
    for each in changes:
        meeting = each.mission.meeting
        outbox.append(tx, academie, told(each.before, each.after, meeting=meeting, person=each.person))
        detail: dict[str, str | int] = {"mission": str(each.after.mission), "rank": each.after.rank}
        audit.record(tx, academie, f"element-{each.after.status}", each.after.id, detail=detail)


def row_of(change: Change, academie: str) -> dict[str, object]:
    return {
        **msgspec.to_builtins(change.after),
        "person": change.person,
        "meeting": change.mission.meeting,
        "day": local_day(change.mission.starts_at, zone_of(academie)),
        "amount": change.after.amount,
    }


async def lock_held(tx: Tx, element: UUID) -> Locked:
    row = await tx.fetchrow(LOCK_HELD, element)
    if row is None:
        raise UnknownElement
    return msgspec.json.decode(row["locked"], type=Locked)


async def record_release(tx: Tx, locked: Locked, *, reason: str) -> Element:
    """Let it pass, at the command's own instant."""
    zone = zone_of(locked.academie)
    day = local_day(locked.ends_at, zone)
    after = release(locked.element, locked.campaigns, service_day=day, at=tx.at, zone=zone)
    row = {**msgspec.to_builtins(after), "amount": after.amount}
    await tx.execute(RELEASE, locked.academie, after.id, msgspec.json.encode(row).decode())
    outbox.append(tx, locked.academie, told(locked.element, after, meeting=locked.meeting, person=locked.person))
    passed = ", ".join(locked.element.controls)
    audit.record(tx, locked.academie, "element-released", after.id, reason=reason, detail={"controls": passed})
    return after


LOCK = """
INSERT INTO traveller (academie, person) SELECT $1, unnest($2::uuid[])
ON CONFLICT (academie, person) DO UPDATE SET person = EXCLUDED.person
RETURNING person, changed_at
"""

# None of them is locked before what falls into it is committed.
CAMPAIGNS = """
(SELECT coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'month', c.month, 'opens_on', c.opens_on,
    'cut_off', c.cut_off, 'pays_on', c.pays_on, 'locked', c.locked_at IS NOT NULL)), '[]')
 FROM (SELECT * FROM campaign WHERE academie = {academie} FOR SHARE) c)
"""

SETTING = f"""
SELECT jsonb_build_object(
    'rates', (SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]') FROM rate r
              WHERE r.academie = $1 AND r.applied_at IS NOT NULL),
    'campaigns', {CAMPAIGNS.format(academie="$1")}
) || coalesce((SELECT jsonb_build_object('rules', rules) FROM rules WHERE academie = $1), '{{}}') AS setting
"""  # noqa: S608 - no value in it

FILES = """
SELECT jsonb_build_object(
    'person', e.person,
    'missions', jsonb_agg(jsonb_build_object(
        'id', e.mission, 'meeting', e.meeting, 'commune', e.commune, 'starts_at', e.starts_at, 'ends_at', e.ends_at,
        'half_days', e.half_days, 'known_at', greatest(e.known_at, d.known_at), 'cancelled', e.cancelling IS NOT NULL,
        'attended', CASE WHEN d.presences IS NOT NULL THEN (
            SELECT coalesce(jsonb_agg(a - 'person'), '[]') FROM jsonb_array_elements(d.presences) a
            WHERE a ->> 'person' = e.person::text) END,
        'traveller', CASE WHEN t.residence <> '' THEN to_jsonb(t) END,
        'named', coalesce(NOT p.erased AND p.family_name <> '', false),
        'school_commune', s.commune, 'kilometres', x.kilometres,
        'adjoins_school', adjoin($1, s.commune, e.commune), 'adjoins_residence', adjoin($1, t.residence, e.commune)
    )),
    'elements', (SELECT coalesce(jsonb_agg(to_jsonb(el)), '[]') FROM element el
                 WHERE el.academie = $1 AND el.person = e.person)
) AS file
FROM expected_expense e
LEFT JOIN service_done d ON (d.academie, d.meeting) = (e.academie, e.meeting)
LEFT JOIN school s ON (s.academie, s.uai) = (e.academie, e.uai)
LEFT JOIN person p ON (p.academie, p.id) = (e.academie, e.person)
LEFT JOIN LATERAL (
    SELECT v.residence, v.vehicle, v.horsepower, v.raised_night FROM traveller_version v
    WHERE (v.academie, v.person) = (e.academie, e.person) AND v.since <= (e.starts_at AT TIME ZONE $2)::date
    ORDER BY v.since DESC LIMIT 1
) t ON true
LEFT JOIN distance x ON (x.academie, x.commune, x.other)
    = (e.academie, least(s.commune COLLATE "C", e.commune), greatest(s.commune COLLATE "C", e.commune))
WHERE e.academie = $1 AND ($3::uuid[] IS NULL OR e.person = ANY($3))
GROUP BY e.person ORDER BY e.person
"""

FIELDS = """
id uuid, mission uuid, rank int, person uuid, meeting uuid, day date, status text, controls text[], not_due text,
lines jsonb, amount int, campaign uuid, month text, late_from text, completed_at timestamptz, released jsonb
"""

RECORD = f"""
INSERT INTO element (academie, id, mission, rank, person, meeting, day, status, controls, not_due, lines, amount,
    campaign, month, late_from, completed_at, released)
SELECT $1, e.id, e.mission, e.rank, e.person, e.meeting, e.day, e.status, e.controls, e.not_due, e.lines, e.amount,
    e.campaign, e.month, e.late_from, e.completed_at, e.released
FROM jsonb_to_recordset($2::jsonb) AS e ({FIELDS})
ON CONFLICT (academie, id) DO UPDATE SET status = EXCLUDED.status, controls = EXCLUDED.controls,
    not_due = EXCLUDED.not_due, lines = EXCLUDED.lines, amount = EXCLUDED.amount, day = EXCLUDED.day,
    campaign = EXCLUDED.campaign, month = EXCLUDED.month, late_from = EXCLUDED.late_from,
    completed_at = EXCLUDED.completed_at, released = EXCLUDED.released, revision = element.revision + 1
"""  # noqa: S608 - no value in it

LOCK_HELD = f"""
SELECT jsonb_build_object('academie', el.academie, 'element', to_jsonb(el), 'revision', el.revision,
    'person', el.person, 'meeting', el.meeting, 'ends_at', e.ends_at,
    'campaigns', {CAMPAIGNS.format(academie="el.academie")}) AS locked
FROM element el
JOIN expected_expense e ON (e.academie, e.mission) = (el.academie, el.mission)
JOIN traveller t ON (t.academie, t.person) = (el.academie, el.person)
WHERE el.id = $1 FOR UPDATE OF t, el
"""  # noqa: S608 - no value in it

RELEASE = f"""
UPDATE element SET status = e.status, controls = e.controls, campaign = e.campaign, month = e.month,
    late_from = e.late_from, completed_at = e.completed_at, released = e.released, revision = element.revision + 1
FROM jsonb_to_record($3::jsonb) AS e ({FIELDS})
WHERE element.academie = $1 AND element.id = $2
"""  # noqa: S608 - no value in it
