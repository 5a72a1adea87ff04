"""What was committed and published, read from the databases and the topics themselves, and the verdict on it."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

import asyncpg
from msgspec import Struct
from tests.faults.checker import Command, Effect, Outcome, Sets, backwards, judge, told_twice, unequal

from common import envelope
from common.committed_log import CommittedLog, Place
from common.contracts.catalogue import STREAMS
from common.contracts.events import StreamKind
from common.contracts.hr_networks import FACTS, PEOPLE

if TYPE_CHECKING:
    from tests.faults.stage import Stage

PRODUCER, LISTENER = "hr_networks", "training"
SETTLED = 30.0  # seconds that everything may take to arrive once the fault is over


class Told(Struct):
    """What a read_committed reader of the producer's topics saw since the books were opened last."""

    twice: int = 0
    out_of_order: int = 0
    not_newest: int = 0  # subjects of the state stream whose last record is not the newest version
    places: dict[Place, int] = {}

    def broken(self) -> list[str]:
        kinds = {"published twice": self.twice, "published out of order": self.out_of_order}
        return [f"{name} {n}" for name, n in {**kinds, "state not the newest": self.not_newest}.items() if n]


class Books:
    def __init__(self, stage: "Stage") -> None:
        self._stage = stage
        self._seq = 0
        self._commands = 0
        self._before: dict[str, int] = {}
        self._streams = [FACTS, PEOPLE]
        self._places: dict[Place, int] = {}
        self.given_up: set[tuple[str, int]] = set()

    async def open(self) -> None:
        """From here on the listener's database writes down every change of an answer that it commits."""
        connection = await asyncpg.connect(self._stage.urls[LISTENER]["admin"])
        try:
            await connection.execute(EFFECTS)
        finally:
            await connection.close()
        self._places = await self._log().ends()

    def _log(self) -> CommittedLog:
        return CommittedLog(self._stage.kafka, self._streams)

    # --- one seed

    async def begin(self) -> None:
        """All that came before is judged, or was this seed's not to answer for."""
        rows = await self._stage.query(LISTENER, "SELECT coalesce(max(seq), 0) AS seq FROM faults.effect")
        self._seq = rows[0]["seq"]
        at = await self._stage.query(LISTENER, "SELECT census, uai, revision FROM census_school WHERE revision > 0")
        self._before = {f"{row['census']}/{row['uai']}": row["revision"] for row in at}
        self._commands = len(self._stage.clients.commands)
        self._places = await self._log().ends()
        self.given_up.clear()

    @property
    def commands(self) -> Sequence[Command]:
        """What clients were told since the seed began."""
        return self._stage.clients.commands[self._commands :]

    async def settle(self, *, within: float = SETTLED) -> float:
        """Seconds until nothing is under way; infinite if something still is after `within`."""
        begun = asyncio.get_running_loop().time()
        while await self.under_way():
            if asyncio.get_running_loop().time() - begun > within:
                return float("inf")
            await asyncio.sleep(0.05)
        return asyncio.get_running_loop().time() - begun

    async def under_way(self) -> int:
        """Events of the producer that the listener has not applied."""
        return sum((await self.behind()).values())

    async def behind(self) -> dict[UUID, int]:
        """Of which subjects, how many each; looked at closely only where the two databases differ.

        The proxies of a bad line are in this process: to compare a hundred thousand subjects here made it worse.
        """
        drawers = await asyncio.gather(self._drawers(PRODUCER, "aggregate"), self._drawers(LISTENER, "inbox"))
        differing = sorted({drawer for drawer, _ in set(drawers[0]) ^ set(drawers[1])})
        if not differing:
            return {}
        published = await self._stage.query(PRODUCER, WITHIN.format("aggregate"), self._streams, differing)
        marks = await self._stage.query(LISTENER, WITHIN.format("inbox"), self._streams, differing)
        at = {(row["stream"], row["subject"]): row["version"] for row in marks}
        missing = {row["subject"]: row["version"] - at.get((row["stream"], row["subject"]), 0) for row in published}
        return {subject: number for subject, number in missing.items() if number > 0}

    async def _drawers(self, service: str, table: str) -> list[tuple[str, int]]:
        rows = await self._stage.query(service, DRAWERS.format(table), self._streams)
        return [(row["drawer"], row["digest"]) for row in rows]

    async def effects(self) -> list[Effect]:
        rows = await self._stage.query(LISTENER, "SELECT * FROM faults.effect WHERE seq > $1 ORDER BY seq", self._seq)
        return [Effect(r["academie"], r["seen"], f"{r['census']}/{r['uai']}", r["revision"]) for r in rows]

    async def delays(self, sent_at: Mapping[tuple[str, str], float], *, without: Collection[UUID]) -> list[float]:
        """Seconds from a fact's sending (subject, version -> wall clock) to its effect, since the seed began."""
        rows = await self._stage.query(LISTENER, WHEN, self._seq)
        facts = [(fact_of(r["census"], r["uai"]), str(r["revision"] + 1), r["at"]) for r in rows]
        found = [(sent_at.get((str(subject), version)), at) for subject, version, at in facts if subject not in without]
        return [at - sent for sent, at in found if sent is not None]

    async def judge(self) -> Sets:
        regressions = await self._stage.query(LISTENER, "SELECT count(*) AS n FROM faults.regression")
        balance = unequal(await self._sums(PRODUCER, ANSWERED), await self._sums(LISTENER, HEARD))
        sets = judge(
            self.commands,
            await self.effects(),
            before=self._before,
            given_up=frozenset(self.given_up),
            balance=0 if self.given_up else balance,
        )
        return Sets(**{n: getattr(sets, n) + (n == "order") * regressions[0]["n"] for n in sets.__struct_fields__})

    async def _sums(self, service: str, sql: str) -> dict[object, int]:
        return {(row["academie"], row["census"]): row["n"] for row in await self._stage.query(service, sql)}

    async def told(self) -> Told:
        """Read what was published since the seed began, as any new listener would."""
        ids: list[UUID] = []
        records: dict[str, list[tuple[object, int]]] = {name: [] for name in self._streams}
        async for chunk, _ in self._log().read(self._places):
            for record in chunk:
                seen = envelope.read(record.headers)
                ids.append(seen.id)
                records[record.stream].append((seen.subject, seen.version))
        wrong = sum(backwards(found, gaps=STREAMS[name].kind is StreamKind.STATE) for name, found in records.items())
        newest = dict(records[PEOPLE])
        rows = await self._stage.query(PRODUCER, VERSIONS, [PEOPLE])
        stale = sum(newest.get(row["subject"], row["version"]) != row["version"] for row in rows)
        return Told(twice=told_twice(ids), out_of_order=wrong, not_newest=stale)

    async def close(self) -> list[str]:
        """Wait until all has arrived, then say whatever is wrong."""
        settled = await self.settle()
        late = [] if settled < SETTLED else [f"{await self.under_way()} events not applied after {SETTLED:.0f} s"]
        held = await self._stage.query(LISTENER, "SELECT state, count(*) AS n FROM infra.held GROUP BY 1")
        left = [f"{row['n']} records {row['state']}" for row in held if row["state"] != "passed"]
        late += [] if self.counted(Outcome.ACKNOWLEDGED) else ["no command was acknowledged: nothing was tried"]
        return [*late, *(await self.judge()).broken(), *(await self.told()).broken(), *left]

    async def begun(self) -> bool:
        """Whether a command of this seed was acknowledged."""
        return self.counted(Outcome.ACKNOWLEDGED) > 0

    def counted(self, outcome: Outcome) -> int:
        return sum(command.outcome is outcome for command in self.commands)


def fact_of(census: UUID | str, uai: str) -> UUID:
    """The subject of an answer's facts; their first version says that the school is addressed."""
    return uuid5(UUID(str(census)), f"uai:{uai}")


WHEN = (
    "SELECT census, uai, revision, extract(epoch FROM at)::float8 AS at FROM faults.effect WHERE seq > $1 ORDER BY seq"
)
VERSIONS = "SELECT stream, subject, version FROM infra.aggregate WHERE stream = ANY($1)"
WITHIN = """
SELECT stream, subject, version FROM infra.{} WHERE stream = ANY($1) AND left(subject::text, 2) = ANY($2)
"""
DRAWERS = """
SELECT left(subject::text, 2) AS drawer, bit_xor(hashtextextended(concat(stream, subject, version), 0)) AS digest
FROM infra.{} WHERE stream = ANY($1) AND version > 0 GROUP BY 1
"""
ANSWERED = """
SELECT a.academie, a.campaign AS census, sum(v.identified) AS n FROM addressed_school a
JOIN answer_version v USING (academie, campaign, uai, revision) GROUP BY 1, 2
"""
HEARD = """
SELECT academie, census, sum(cardinality(persons)) AS n FROM census_school WHERE revision > 0 GROUP BY 1, 2
"""
EFFECTS = """
CREATE SCHEMA faults;
CREATE TABLE faults.effect (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    academie text NOT NULL, seen text NOT NULL, census uuid NOT NULL, uai text NOT NULL, revision int NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE faults.refused (census uuid, uai text);  -- whose handler is to fail
CREATE TABLE faults.regression (stream text, subject uuid, was bigint, is_now bigint);
CREATE FUNCTION faults.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF EXISTS (SELECT FROM faults.refused r WHERE (r.census, r.uai) = (NEW.census, NEW.uai)) THEN
        RAISE EXCEPTION 'refused by a fault';
    END IF;
    INSERT INTO faults.effect (academie, seen, census, uai, revision) VALUES
        (NEW.academie, coalesce(current_setting('bassin.academies', true), ''), NEW.census, NEW.uai, NEW.revision);
    RETURN NULL;
END $$;
CREATE FUNCTION faults.regress() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO faults.regression VALUES (NEW.stream, NEW.subject, OLD.version, NEW.version);
    RETURN NULL;
END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE ON public.census_school
FOR EACH ROW WHEN (NEW.revision > 0) EXECUTE FUNCTION faults.note();
CREATE TRIGGER regress AFTER UPDATE ON infra.inbox
FOR EACH ROW WHEN (NEW.version < OLD.version) EXECUTE FUNCTION faults.regress();
"""
