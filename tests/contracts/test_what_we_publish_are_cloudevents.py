"""What the outbox writes, read back from a real database and judged by the CloudEvents SDK."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import msgspec
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from jsonschema import Draft202012Validator, FormatChecker

from common import outbox, trace
from common.clock import Clock
from common.contract_documents.asyncapi import HEADER_SCHEMA
from common.contracts.training import AuditHeadPublished
from common.db import Database, connect
from common.identifiers import CodeAcademie
from common.migrate import ServiceUrls

SUBJECT = UUID("01930000-0a00-7000-8000-00000000000a")
CAUSE = UUID("01930000-0a00-7000-8000-00000000000b")
NOON = datetime(2026, 11, 8, 12, 0, tzinfo=UTC)
HEAD = AuditHeadPublished(subject=SUBJECT, academie="09", seq=1, hash="00")


@pytest.fixture
async def urls(database: Callable[[str], ServiceUrls]) -> ServiceUrls:
    return database("training")


@pytest.fixture
async def db(urls: ServiceUrls) -> AsyncIterator[Database]:
    pool = await connect(urls.app)
    yield Database("training", pool, Clock(at=NOON))
    await pool.close()


async def published(urls: ServiceUrls) -> KafkaMessage:
    """As the relay sends it."""
    relay = await asyncpg.connect(urls.relay)
    try:
        row = await relay.fetchrow("SELECT subject, version, headers, payload FROM infra.outbox")
    finally:
        await relay.close()
    assert row is not None
    headers = {**msgspec.json.decode(row["headers"], type=dict[str, str]), "ce_aggregateversion": str(row["version"])}
    encoded = {name: text.encode("ascii") for name, text in headers.items()}
    return KafkaMessage(headers=encoded, key=str(row["subject"]), value=row["payload"])


async def test_a_fact_is_a_cloudevent_with_all_that_the_headers_promise(db: Database, urls: ServiceUrls) -> None:
    with trace.continued(None) as thread:
        async with db.batch([CodeAcademie("09")]) as tx:
            tx.causation = CAUSE
            outbox.append(tx, "09", [HEAD], academies=["20"])

    message = await published(urls)
    read = from_binary_event(message)
    assert (read.get_type(), read.get_source()) == (HEAD.ce_type, "/academies/09/training")
    assert (read.get_subject(), read.get_time()) == (str(SUBJECT), NOON)
    assert UUID(read.get_id()).version == 7
    assert read.get_extension("academies") == "09,20"
    assert read.get_extension("causationid") == str(CAUSE)
    assert read.get_extension("correlationid") == thread.trace_id
    assert msgspec.convert(read.get_data(), AuditHeadPublished) == HEAD
    judge(message)


async def test_without_a_thread_to_follow_no_header_is_null(db: Database, urls: ServiceUrls) -> None:
    async with db.batch([CodeAcademie("09")]) as tx:
        outbox.append(tx, "09", [HEAD])

    judge(await published(urls))


def judge(message: KafkaMessage) -> None:
    headers = {name: value.decode() for name, value in message.headers.items()}
    Draft202012Validator(HEADER_SCHEMA, format_checker=FormatChecker()).validate(headers)
