"""What is done about papers as time passes: they are told by mail, and go once nothing keeps them any more."""

from datetime import datetime, timedelta

import msgspec

from common import audit, mail
from common.clock import today_in
from common.handlers import Jobs
from common.tx import Tx
from training.papers.letters import Told, letter

jobs = Jobs("training")


@jobs.every(timedelta(seconds=2))
async def tell_papers(tx: Tx, at: datetime) -> int:
    """Once each, as soon as an address is known."""
    told = [msgspec.convert(dict(row), Told) for row in await tx.fetch(NOT_TOLD)]
    tx.many(TOLD, [(each.academie, each.id, at) for each in told])
    for each in told:
        mail.send(tx, each.academie, letter(each))
    return len(told)


@jobs.every(timedelta(hours=1))
async def erase_papers(tx: Tx, at: datetime) -> int:
    """Of somebody who asked for it: names and PDF go when the legal retention ends; number, kind and date stay."""
    due = [row for row in await tx.fetch(TO_ERASE, at.date()) if row["erase_on"] <= today_in(row["academie"], at)]
    tx.many(ERASE, [(row["academie"], row["paper"]) for row in due])
    for row in due:
        audit.record(tx, row["academie"], "paper-erased", row["paper"])
    return len(due)


NOT_TOLD = """
SELECT p.academie, p.id, p.kind, p.number, t.content ->> 'title' AS title,
    coalesce(t.content #>> '{occasion,summary}', '') AS summary, w.work_mail, p.cancels,
    EXISTS (SELECT FROM paper b WHERE (b.academie, b.kind, b.subject, b.person)
        = (p.academie, p.kind, p.subject, p.person) AND b.cancels IS NULL AND b.id <> p.id) AS replaces
FROM paper p
JOIN paper_print t ON (t.academie, t.paper) = (p.academie, p.id)
JOIN person w ON (w.academie, w.id) = (p.academie, p.person)
WHERE p.told_at IS NULL AND w.work_mail <> ''
ORDER BY p.academie, p.issued_at, p.id LIMIT 500 FOR UPDATE OF p
"""

TOLD = "UPDATE paper SET told_at = $3 WHERE academie = $1 AND id = $2"

# A little wide: which day it is depends on the académie.
TO_ERASE = """
SELECT academie, paper, erase_on FROM paper_print WHERE erase_on <= $1::date + 1 ORDER BY academie, paper LIMIT 500
"""

ERASE = "DELETE FROM paper_print WHERE academie = $1 AND paper = $2"
