"""The only writer of imports: the file, the run, its report line by line, and how far it is applied."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

import msgspec
from asyncpg import Record

from common.identifiers import CodeAcademie, CodeBassin, dec_hook
from common.imports import Finding, fold
from common.tx import ENCODER, Tx
from territory.directory.domain import Bassin, Etablissement
from territory.directory.store import BASSINS, SCHOOLS
from territory.imports.domain import Wish
from territory.imports.drafting import Line
from territory.imports.lifecycle import Run, Status, UnknownImport
from territory.imports.upload import Upload

LEASE_SECONDS = 10
ATTEMPTS = 3
SCHOOL_WISH = msgspec.json.Decoder(Wish, dec_hook=dec_hook)
BASSIN_WISH = msgspec.json.Decoder(Bassin, dec_hook=dec_hook)


class LeaseLost(Exception):
    """Another process took this run over: nothing more may be written."""


async def receive(tx: Tx, run: Run, upload: Upload, file_name: str, *, by: UUID) -> Run:
    """Keep the file and what is to be done with it. The same file again, while it is at work, is the same import."""
    row = await tx.fetchrow(
        RECEIVE,
        run.academie,
        run.id,
        upload.sha256,
        upload.size,
        upload.content,
        file_name,
        by,
        list(run.covered),
        run.close_absent,
        run.effective_on,
        tx.at,
    )
    assert row is not None
    return run_of(row)


async def lock_run(tx: Tx, identifier: UUID) -> tuple[Run, bool]:
    """The run, and whether another was applied to one of its académies since its dry run.

    Raises:
        UnknownImport: not there, or not for this agent to see.
    """
    row = await tx.fetchrow(LOCK_RUN, identifier)
    if row is None:
        raise UnknownImport("Aucun import n’a cet identifiant.")
    return run_of(row), bool(row["outdated"])


async def record_decision(tx: Tx, run: Run) -> None:
    await tx.execute(DECIDE, run.academie, run.id, tx.at)


async def claim(tx: Tx, worker: UUID) -> Run | None:
    """Take a run that nobody is at work on; one that was tried too often in vain is given up."""
    await tx.execute(GIVE_UP, LEASE_SECONDS, ATTEMPTS)
    row = await tx.fetchrow(CLAIM, worker, LEASE_SECONDS)
    return None if row is None else run_of(row)


async def release(tx: Tx, run: Run, worker: UUID) -> None:
    await tx.execute("UPDATE import_run SET alive_at = NULL WHERE id = $1 AND worker = $2", run.id, worker)


async def hold(tx: Tx, run: Run, worker: UUID, *, done: int | None, total: int | None) -> None:
    """Keep the lease, and say how far the work is if that is known here.

    Raises:
        LeaseLost: it is another's.
    """
    if await tx.execute(HOLD, run.id, worker, done, total) != "UPDATE 1":
        raise LeaseLost


async def content(tx: Tx, run: Run) -> bytes:
    found: bytes = await tx.fetchval(CONTENT, run.academie, run.sha256)
    return found


async def bassins(tx: Tx, academies: Sequence[str]) -> dict[str, Bassin]:
    found = BASSINS.decode(await tx.fetchval(PRESENT_BASSINS, academies))
    return {bassin.code: bassin for bassin in found}


async def local_names(tx: Tx, academies: Sequence[str]) -> dict[str, str]:
    """What each académie calls its bassins."""
    rows = await tx.fetch("SELECT academie, local_name FROM academie_profil WHERE academie = ANY($1)", academies)
    return dict.fromkeys(academies, "bassin") | {row["academie"]: row["local_name"] for row in rows}


def by_name(known: Mapping[str, Bassin]) -> dict[tuple[str, str], CodeBassin]:
    return {(bassin.academie, fold(bassin.name)): bassin.code for bassin in known.values()}


async def schools(tx: Tx, academies: Sequence[str], uais: Sequence[str]) -> dict[str, Etablissement]:
    return {school.uai: school for school in SCHOOLS.decode(await tx.fetchval(PRESENT_SCHOOLS, academies, uais))}


async def open_schools(tx: Tx, academies: Sequence[str], on: date) -> dict[str, list[str]]:
    """The UAI of the schools that are open, by académie."""
    return {row["academie"]: row["uais"] for row in await tx.fetch(OPEN_SCHOOLS, academies, on)}


async def begin_analysis(tx: Tx, run: Run) -> None:
    """Anew: what an interrupted analysis wrote is dropped."""
    await tx.execute("DELETE FROM import_line WHERE run = $1", run.id)


async def write_lines(tx: Tx, run: Run, lines: Sequence[Line]) -> None:
    await tx.execute(WRITE_LINES, run.id, ENCODER.encode(list(lines)).decode())


async def refuse_file(tx: Tx, run: Run, findings: Sequence[Finding]) -> None:
    await tx.execute(REFUSE_FILE, run.id, ENCODER.encode(list(findings)).decode(), tx.at)


async def finish_analysis(
    tx: Tx, run: Run, source: Mapping[str, str], skipped: Mapping[str, Mapping[str, int]]
) -> None:
    """The counts are those of the report: they are counted in it."""
    told = (ENCODER.encode(value).decode() for value in (source, skipped))
    await tx.execute(FINISH_ANALYSIS, run.id, *told, tx.at)


async def next_lines(tx: Tx, run: Run, worker: UUID, limit: int) -> list[Line]:
    """The next lines to apply, while this worker holds the run and no other applies to the same académies.

    Raises:
        LeaseLost: another holds it.
    """
    await tx.fetch(ONE_AT_A_TIME, sorted(run.covered))
    rows = await tx.fetch(NEXT_LINES, run.id, worker, limit)
    if not rows:
        raise LeaseLost
    return [line_of(row) for row in rows if row["place"] is not None]


async def record_progress(tx: Tx, run: Run, through: int, applied: int) -> None:
    await tx.execute(PROGRESS, run.id, through, applied)


async def finish_application(tx: Tx, run: Run) -> None:
    await tx.execute(FINISH_APPLICATION, run.id, tx.at)


def run_of(row: Record) -> Run:
    return Run(
        id=row["id"],
        academie=CodeAcademie(row["academie"]),
        covered=tuple(map(CodeAcademie, row["covered"])),
        sha256=row["sha256"],
        close_absent=row["close_absent"],
        effective_on=row["effective_on"],
        status=Status(row["status"]),
    )


def line_of(row: Record) -> Line:
    wish = (BASSIN_WISH if row["object"] == "bassin" else SCHOOL_WISH).decode(row["wish"])
    return Line(
        academie=row["line_academie"],
        place=row["place"],
        line=row["line"],
        object=row["object"],
        name=row["name"],
        kinds=row["kinds"],
        entries=(),
        wish=wish,
    )


RECEIVE = """
WITH twin AS (
    SELECT * FROM import_run WHERE academie = $1 AND sha256 = $3 AND covered = $8 AND close_absent = $9
        AND effective_on = $10 AND status IN ('received', 'analysing', 'decided', 'applying')
    ORDER BY received_at LIMIT 1
), file AS (
    INSERT INTO import_file (academie, sha256, size, content) SELECT $1, $3, $4, $5
    ON CONFLICT (academie, sha256) DO NOTHING
), run AS (
    INSERT INTO import_run (academie, id, sha256, file_name, agent, covered, close_absent, effective_on, status,
                            received_at)
    SELECT $1, $2, $3, $6, $7, $8, $9, $10, 'received', $11 WHERE NOT EXISTS (SELECT FROM twin)
    RETURNING *
)
SELECT * FROM run UNION ALL SELECT * FROM twin
"""
LOCK_RUN = "SELECT (run).*, outdated FROM lock_import($1)"
DECIDE = """
UPDATE import_run SET status = 'decided', decided_at = $3, done = 0, attempts = 0, alive_at = NULL,
    total = (SELECT count(*) FROM import_line l WHERE l.run = $2 AND l.wish IS NOT NULL)
WHERE (academie, id) = ($1, $2)
"""
GIVE_UP = """
UPDATE import_run SET status = 'failed' WHERE status IN ('received', 'analysing', 'decided', 'applying')
AND attempts >= $2 AND (alive_at IS NULL OR alive_at < clock_timestamp() - make_interval(secs => $1))
"""
CLAIM = """
UPDATE import_run SET worker = $1, alive_at = clock_timestamp(), attempts = attempts + 1,
    status = CASE WHEN status IN ('received', 'analysing') THEN 'analysing' ELSE 'applying' END
WHERE (academie, id) IN (
    SELECT academie, id FROM import_run
    WHERE status IN ('received', 'analysing', 'decided', 'applying')
      AND (alive_at IS NULL OR alive_at < clock_timestamp() - make_interval(secs => $2))
    ORDER BY received_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING *
"""
HOLD = """
UPDATE import_run SET alive_at = clock_timestamp(), done = coalesce($3, done), total = coalesce($4, total)
WHERE id = $1 AND worker = $2
"""
CONTENT = "SELECT content FROM import_file WHERE (academie, sha256) = ($1, $2)"
PRESENT_BASSINS = """
SELECT coalesce(jsonb_agg(b), '[]')::text FROM (SELECT * FROM bassin WHERE academie = ANY($1) FOR SHARE) b
"""
PRESENT_SCHOOLS = """
SELECT coalesce(jsonb_agg(to_jsonb(e) || jsonb_build_object('memberships', membership_history(e.academie, e.uai))),
                '[]')::text
FROM etablissement e WHERE (academie = ANY($1)) IS TRUE AND uai = ANY($2)
"""
OPEN_SCHOOLS = """
SELECT academie, array_agg(uai ORDER BY uai) AS uais FROM etablissement
WHERE academie = ANY($1) AND (closed_on > $2) IS NOT FALSE GROUP BY academie
"""
WRITE_LINES = """
INSERT INTO import_line (academie, run, place, line, object, name, kinds, entries, wish)
SELECT academie, $1, place, line, object, name, kinds, entries, wish
FROM jsonb_to_recordset($2::jsonb) AS l (academie text, place int, line int, object text, name text, kinds text[],
                                         entries jsonb, wish jsonb)
"""
REFUSE_FILE = """
UPDATE import_run SET status = 'unreadable', findings = $2::jsonb, analysed_at = $3, alive_at = NULL WHERE id = $1
"""
FINISH_ANALYSIS = """
WITH tallied AS (
    SELECT academie, object, kind, count(*) AS n FROM import_line, unnest(kinds) AS kind WHERE run = $1
    GROUP BY academie, object, kind
), summed AS (SELECT object, kind, sum(n) AS n FROM tallied GROUP BY object, kind),
counted AS (SELECT object, jsonb_object_agg(kind, n) AS counts FROM summed GROUP BY object),
apart AS (
    SELECT academie, jsonb_object_agg(kind, n) AS counts FROM tallied WHERE object = 'etablissement' GROUP BY academie
)
UPDATE import_run SET status = 'analysed', source = $2::jsonb, skipped = $3::jsonb, analysed_at = $4, alive_at = NULL,
    attempts = 0, done = total,
    counts = coalesce((SELECT counts FROM counted WHERE object = 'etablissement'), '{}'),
    by_academie = coalesce((SELECT jsonb_object_agg(academie, counts) FROM apart), '{}'),
    bassins = coalesce((SELECT counts FROM counted WHERE object = 'bassin'), '{}')
WHERE id = $1
"""
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('territory.import.' || code)) FROM unnest($1::text[]) AS code"
NEXT_LINES = """
WITH held AS (SELECT * FROM import_run WHERE id = $1 AND worker = $2 AND status = 'applying' FOR UPDATE)
SELECT l.academie AS line_academie, l.place, l.line, l.object, l.name, l.kinds, l.wish
FROM held LEFT JOIN LATERAL (
    SELECT * FROM import_line l WHERE l.run = held.id AND l.place > held.applied_through AND l.wish IS NOT NULL
    ORDER BY l.place LIMIT $3) l ON true
"""
PROGRESS = """
UPDATE import_run SET applied_through = $2, done = done + $3, attempts = 0, alive_at = clock_timestamp() WHERE id = $1
"""
FINISH_APPLICATION = """
UPDATE import_run SET status = 'applied', applied_at = $2, alive_at = NULL, done = total WHERE id = $1
"""
