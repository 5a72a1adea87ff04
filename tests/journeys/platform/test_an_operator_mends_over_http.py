"""A producer writes rubbish to a topic; who runs the platform finds it through the gateway, and what waited goes on."""

import asyncio
import uuid
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaProducer
from tests.journeys.platform.platform_of_tests import Platform

from common.contracts.training import FACTS, HalfDay, OrdreDeMissionIssued
from common.local.visitor import Visitor, Visitors, until
from common.outbox import source
from common.tx import ENCODER
from common.uuid7 import uuid7

pytestmark = pytest.mark.xdist_group("platform")

PARKING = "/v1/payroll/parking"
MISSION, PERSON = uuid7(), uuid7()
ISSUED = OrdreDeMissionIssued(
    subject=MISSION, number="09-OM-2027-900001", person=PERSON, uai="0599001N", meeting=uuid7(), candidature=uuid7(),
    avis=None, commune="59350", starts_at=datetime(2027, 2, 2, 8, tzinfo=UTC),
    ends_at=datetime(2027, 2, 2, 16, tzinfo=UTC), half_days=(HalfDay(datetime(2027, 2, 2, tzinfo=UTC).date(), "am"),),
)  # fmt: skip


def test_a_discarded_record_lets_what_waited_behind_it_go_on(platform: Platform, visitors: Visitors) -> None:
    operator, elsewhere, pay = visitors("exploitation"), visitors("exploitation@amiens"), visitors("paye@lille")
    asyncio.run(publish(platform.kafka, b"{not json", ENCODER.encode(ISSUED)))

    [parked] = until(lambda: held(operator), lambda found: len(found) == 1, what="the rubbish to be parked")
    shown = until(
        lambda: operator.get(f"{PARKING}/{parked['id']}"), lambda seen: seen["behind"] == 1, what="the second to wait"
    )

    assert (shown["body"], shown["waiting"][0]["type"]) == ("{not json", ISSUED.ce_type)
    assert (elsewhere.status(f"{PARKING}/{parked['id']}"), pay.status(PARKING)) == (404, 403)
    assert pay.get("/v1/payroll/missions", person=str(PERSON))["items"] == []
    discard = f"{PARKING}/{parked['id']}/discard"
    assert operator.post(discard, {"reason": "écrit par un essai"}, expect=200)["versions"] == 1
    assert [each["mission"] for each in pay.get("/v1/payroll/missions", person=str(PERSON))["items"]] == [str(MISSION)]
    assert held(operator) == []


def held(operator: Visitor) -> list[dict[str, str]]:
    found: list[dict[str, str]] = operator.get(PARKING, subject=str(MISSION), state="parked")["items"]
    return found


async def publish(kafka: str, *bodies: bytes) -> None:
    """Versions 1, 2, … of one mission of Lille, as no relay of ours would."""
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
        for version, body in enumerate(bodies, start=1):
            headers = {
                "ce_id": str(uuid.uuid4()),
                "ce_type": ISSUED.ce_type,
                "ce_source": source("09", "training"),
                "ce_subject": str(MISSION),
                "ce_time": datetime.now(UTC).isoformat(),
                "ce_academie": "09",
                "ce_aggregateversion": str(version),
            }
            named = [(name, value.encode()) for name, value in headers.items()]
            await producer.send_and_wait(FACTS, body, key=str(MISSION).encode(), headers=named)
