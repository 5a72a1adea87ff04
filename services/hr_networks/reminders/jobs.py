"""Reminders to the schools that are still silent, each with its trace."""

from datetime import datetime, timedelta

import msgspec
from asyncpg import Record

from common import mail
from common.clock import zone_of
from common.handlers import Jobs
from common.tx import Tx
from hr_networks.census import documents
from hr_networks.census.documents import Asked
from hr_networks.census.domain import local_day
from hr_networks.reminders.domain import RHYTHM, Reminder, SilentSchool, reminder_due

jobs = Jobs("hr_networks")
SOON = timedelta(days=max(RHYTHM) + 1)  # a little wide: which day it is depends on the académie


@jobs.every(timedelta(minutes=1))
async def remind_silent_schools(tx: Tx, at: datetime) -> int:
    reminded = 0
    for row in await tx.fetch(SILENT, at.date(), at.date() + SOON):
        asked = msgspec.convert(dict(row), Asked)
        today = local_day(at, zone_of(asked.academie))
        due = reminder_due(silent_school(row), asked.deadline, today=today)
        if due is None:
            continue
        trace = (due.deadline, due.days_before, due.sent_on)
        tx.many(REMIND, [(asked.academie, asked.campaign, asked.uai, *trace)])
        mail.send(tx, asked.academie, documents.reminder(asked, today=today))
        reminded += 1
    return reminded


def silent_school(row: Record) -> SilentSchool:
    past = msgspec.json.decode(row["reminders"], type=tuple[Reminder, ...])
    return SilentSchool(addressed_on=local_day(row["announced_at"], zone_of(row["academie"])), reminders=past)


SILENT = """
SELECT a.academie, a.campaign, c.object, c.function, c.letter, c.service, c.signatory, c.contact, c.deadline,
    s.uai, s.name, s.mail, a.announced_at,
    (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'deadline', r.deadline, 'days_before', r.days_before, 'sent_on', r.sent_on)), '[]')
     FROM reminder r WHERE (r.academie, r.campaign, r.uai) = (a.academie, a.campaign, a.uai)) AS reminders
FROM addressed_school a
JOIN campaign c ON (c.academie, c.id) = (a.academie, a.campaign)
JOIN school s ON (s.academie, s.uai) = (a.academie, a.uai)
WHERE a.revision = 0 AND a.announced_at IS NOT NULL AND c.status = 'open' AND c.deadline <= $2
    AND s.mail <> '' AND (s.closed_on IS NULL OR $1 < s.closed_on)
ORDER BY a.academie, a.campaign, a.uai FOR UPDATE OF a
"""

REMIND = """
INSERT INTO reminder (academie, campaign, uai, deadline, days_before, sent_on) VALUES ($1, $2, $3, $4, $5, $6)
"""
