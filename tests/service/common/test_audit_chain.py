"""What `bassin audit verify` must find: a changed line, a deleted one, two that changed places, a tail cut off."""

import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from tests.service.common import probe

from common import audit, audit_watch, metrics, sealing
from common.audit_check import Verified, told, verify
from common.clock import Clock
from common.contracts.catalogue import STREAMS
from common.contracts.hr_networks import CONTRACT, AuditHeadPublished
from common.db import Database, connect
from common.identifiers import CodeAcademie
from common.migrate import ServiceUrls
from common.settings import Settings
from common.tx import ENCODER

LILLE, AMIENS = CodeAcademie("09"), CodeAcademie("20")
AT = datetime(2026, 11, 22, tzinfo=UTC)


class Chain:
    """A service's audit with five sealed lines for Lille and two for Amiens."""

    def __init__(self, db: Database, urls: ServiceUrls) -> None:
        self.db, self.urls = db, urls

    async def write(self, academie: CodeAcademie, lines: int, *, reason: str | None = None) -> UUID:
        subject = uuid4()
        async with self.db.batch([academie]) as tx:
            for number in range(lines):
                audit.record(tx, academie, "census.opened", subject, reason=reason, detail={"schools": number})
        return subject

    async def seal(self) -> int:
        async with self.db.batch([LILLE, AMIENS]) as tx:
            return await sealing.seal(tx, AT)

    async def tamper(self, sql: str, *args: object) -> None:
        """As somebody with the administrator's password would."""
        intruder = await asyncpg.connect(self.urls.admin)
        try:
            await intruder.execute(sql, *args)
        finally:
            await intruder.close()

    async def verify(self, heads: dict[str, list[tuple[int, str]]] | None = None) -> Verified:
        connection = await asyncpg.connect(self.urls.maint)
        try:
            async with connection.transaction(readonly=True):
                return await verify(connection, heads or {})
        finally:
            await connection.close()

    async def heads(self) -> dict[str, list[tuple[int, str]]]:
        async with self.db.batch([LILLE, AMIENS]) as tx:
            rows = await tx.fetch(sealing.HEADS)
        return {row["academie"]: [(row["seq"], row["hash"].hex())] for row in rows}


@pytest.fixture
async def chain(database: Callable[[str], ServiceUrls]) -> AsyncIterator[Chain]:
    urls = database("probe")
    pool = await connect(urls.app, size=2)
    found = Chain(Database("probe", pool, Clock(at=AT)), urls)
    await found.write(LILLE, 5, reason="Relance demandée par téléphone")
    await found.write(AMIENS, 2)
    await found.seal()
    yield found
    await pool.close()


async def test_an_untouched_chain_has_nothing_to_tell(chain: Chain) -> None:
    verified = await chain.verify(await chain.heads())

    assert verified == Verified(lines=7, heads=2, findings=[])


async def test_each_line_is_sealed_once(chain: Chain) -> None:
    assert await chain.seal() == 0

    await chain.write(LILLE, 1)

    assert await chain.seal() == 1
    assert (await chain.verify()).findings == []


async def test_a_changed_line_is_found(chain: Chain) -> None:
    await chain.tamper("""UPDATE audit SET detail = '{"schools": 99}' WHERE detail = '{"schools": 2}'""")

    assert [(f.academie, f.seq, f.what) for f in (await chain.verify()).findings] == [
        ("09", 3, "the line or its place was changed")
    ]


async def test_a_deleted_line_is_found(chain: Chain) -> None:
    await chain.tamper("DELETE FROM audit_reason")
    await chain.tamper("""DELETE FROM audit WHERE academie = '09' AND detail = '{"schools": 2}'""")

    assert [(f.seq, f.what) for f in (await chain.verify()).findings] == [(3, "the line was deleted")]


async def test_a_line_deleted_with_its_seal_is_found(chain: Chain) -> None:
    await chain.tamper("DELETE FROM audit_seal WHERE academie = '09' AND seq = 3")

    what = [f.what for f in (await chain.verify()).findings if f.seq == 4]

    assert "seals 3 to 3 are missing" in what


async def test_two_lines_that_changed_places_are_found(chain: Chain) -> None:
    await chain.tamper(
        """
        UPDATE audit a SET detail = b.detail FROM audit b
        WHERE a.academie = '09' AND b.academie = '09'
          AND (a.detail, b.detail) IN (('{"schools": 1}', '{"schools": 3}'), ('{"schools": 3}', '{"schools": 1}'))
        """
    )

    assert {f.seq for f in (await chain.verify()).findings} == {2, 4}


async def test_a_tail_cut_off_is_found_by_the_head_that_was_told(chain: Chain) -> None:
    told = await chain.heads()
    await chain.tamper("DELETE FROM audit_seal WHERE academie = '20' AND seq = 2")

    found = [(f.academie, f.seq, f.what) for f in (await chain.verify(told)).findings]

    assert found == [("20", 2, "told on the state stream, now missing: the tail was cut")]


async def test_a_chain_made_anew_is_found_by_the_head_that_was_told(chain: Chain) -> None:
    told = await chain.heads()
    await chain.tamper("""UPDATE audit SET detail = '{"schools": 7}' WHERE academie = '20'""")
    await chain.tamper("DELETE FROM audit_seal WHERE academie = '20'")
    await chain.seal()

    assert (await chain.verify()).findings == []
    assert [f.what for f in (await chain.verify(told)).findings] == [
        "not the hash that was told: the chain was made anew"
    ]


async def test_an_erased_reason_leaves_the_chain_whole_and_a_changed_one_does_not(chain: Chain) -> None:
    await chain.tamper("DELETE FROM audit_reason WHERE audit = (SELECT min(audit::text)::uuid FROM audit_reason)")
    assert (await chain.verify()).findings == []

    await chain.tamper("UPDATE audit_reason SET reason = 'Autre chose'")
    assert {f.what for f in (await chain.verify()).findings} == {"the reason was changed"}


async def test_lines_that_wait_too_long_for_their_seal_are_found(chain: Chain) -> None:
    await chain.write(LILLE, 3)
    await chain.tamper("UPDATE audit SET written_at = now() - interval '2 minutes'")

    assert [f.what for f in (await chain.verify()).findings] == ["3 lines without a seal for over a minute"]


async def test_the_alert_sees_lines_that_cannot_be_sealed(chain: Chain) -> None:
    await chain.write(LILLE, 3)
    await chain.tamper("UPDATE audit SET written_at = now() - interval '2 minutes'")
    await chain.tamper("REVOKE INSERT ON audit_seal FROM bassin_probe_app")

    for _ in range(2):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await chain.seal()
        assert oldest_unsealed() > 100
    await chain.tamper("GRANT INSERT ON audit_seal TO bassin_probe_app")
    await chain.seal()
    await chain.seal()

    assert oldest_unsealed() == 0


def oldest_unsealed() -> float:
    return metrics.REGISTRY.get_sample_value("bassin_audit_unsealed_oldest_seconds", {"service": "probe"}) or 0.0


async def test_the_application_may_neither_change_nor_delete_a_line(chain: Chain) -> None:
    for forbidden in ("UPDATE audit SET action = 'x'", "DELETE FROM audit", "DELETE FROM audit_seal"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with chain.db.batch([LILLE]) as tx:
                await tx.execute(forbidden)


async def test_rubbish_on_the_topic_does_not_blind_the_check(kafka: str) -> None:
    head = AuditHeadPublished(subject=uuid4(), academie=LILLE, seq=3, hash="ab")
    named = {
        "ce_id": str(uuid4()), "ce_type": head.ce_type, "ce_subject": str(head.subject), "ce_academie": "09",
        "ce_source": "/academies/09/hr_networks", "ce_time": AT.isoformat(), "ce_aggregateversion": "1",
    }  # fmt: skip
    headers = [(name, text.encode()) for name, text in named.items()]
    async with probe.own_topics(kafka, partitions=1):
        topic = STREAMS[head.stream].behind
        async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
            await producer.send_and_wait(topic, b"rubbish", key=b"1", headers=[("ce_type", b"\xff")])
            await producer.send_and_wait(topic, b"{rubbish", key=b"2", headers=headers)
            await producer.send_and_wait(topic, ENCODER.encode(head), key=b"3", headers=headers)

        assert await told(kafka, CONTRACT) == {"09": [(3, "ab")]}


async def test_the_service_itself_tells_of_an_alteration(chain: Chain, kafka: str) -> None:
    """Through its own pool, whose role sees the académies served and may write nothing on the way."""
    settings = Settings(
        service="probe", academies=(LILLE, AMIENS), kafka=kafka,
        database_url="", relay_database_url="", gateway_jwks_url="",
    )  # fmt: skip
    async with probe.own_topics(kafka, partitions=1):
        await audit_watch.verify(chain.db, settings, CONTRACT)
        assert told_of_the_chain("findings") == 0

        await chain.tamper("""UPDATE audit SET detail = '{"schools": 9}' WHERE detail = '{"schools": 2}'""")
        await audit_watch.verify(chain.db, settings, CONTRACT)

    assert told_of_the_chain("findings") == 1
    assert told_of_the_chain("verified_timestamp_seconds") == pytest.approx(time.time(), abs=60)


def told_of_the_chain(what: str) -> float | None:
    return metrics.REGISTRY.get_sample_value(f"bassin_audit_{what}", {"service": "probe"})
