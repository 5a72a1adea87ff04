"""What is computed again as time passes: what somebody entered since, and what only now has its month or its name."""

from collections import defaultdict
from datetime import datetime, timedelta
from uuid import UUID

from common.clock import today_in
from common.handlers import Jobs
from common.tx import Tx
from payroll.elements import store

jobs = Jobs("payroll")


@jobs.every(timedelta(seconds=2))
async def compute_what_changed(tx: Tx, at: datetime) -> int:
    """A residence, a distance, a rule or a rate was entered: its effect counts from that instant."""
    rows = await tx.fetch(CHANGED)
    found: dict[str, list[UUID]] = defaultdict(list)
    for row in rows:
        found[row["academie"]].append(row["person"])
    for academie, persons in found.items():
        await store.compute(tx, academie, persons)
        await tx.execute(DONE, academie, persons)
    return len(rows)


@jobs.every(timedelta(seconds=5))
async def notice_what_is_possible_now(tx: Tx, at: datetime) -> int:
    """A campaign opened, a school or a person became known, or a name was erased."""
    days = {row["academie"]: today_in(row["academie"], at) for row in await tx.fetch(ACADEMIES)}
    status = await tx.execute(NOTICE, list(days), list(days.values()), at)
    return int(status.split()[-1])


CHANGED = """
SELECT academie, person FROM traveller WHERE changed_at IS NOT NULL ORDER BY academie, person LIMIT 200 FOR UPDATE
"""

DONE = "UPDATE traveller SET changed_at = NULL WHERE academie = $1 AND person = ANY($2)"

ACADEMIES = "SELECT DISTINCT academie FROM traveller"

NOTICE = """
WITH today AS (SELECT * FROM unnest($1::text[], $2::date[]) AS t (academie, day)), concerned AS (
    SELECT el.academie, el.person FROM element el JOIN today USING (academie)
    WHERE el.status = 'ready' AND el.campaign IS NULL AND EXISTS (
        SELECT FROM campaign c WHERE c.academie = el.academie AND c.locked_at IS NULL
            AND today.day BETWEEN c.opens_on AND c.cut_off)
    UNION
    SELECT el.academie, el.person FROM element el
    JOIN person p ON (p.academie, p.id) = (el.academie, el.person)
    WHERE el.status = 'held' AND 'identity-unknown' = ANY (el.controls) AND NOT p.erased AND p.family_name <> ''
        OR el.status = 'ready' AND (p.erased OR p.family_name = '')
    UNION
    SELECT el.academie, el.person FROM element el
    JOIN expected_expense e ON (e.academie, e.mission) = (el.academie, el.mission)
    JOIN school s ON (s.academie, s.uai) = (e.academie, e.uai)
    WHERE el.status = 'held' AND 'school-unknown' = ANY (el.controls)
)
UPDATE traveller SET changed_at = $3 FROM concerned
WHERE (traveller.academie, traveller.person) = (concerned.academie, concerned.person) AND traveller.changed_at IS NULL
"""
