"""The audit chain verified while the service runs: an alteration is told within the hour, not years later."""

import asyncio
import random
import time

import structlog
from aiokafka.errors import KafkaError

from common import audit_check, metrics, watch
from common.contracts.events import Contract
from common.db import Database
from common.settings import Settings

log = structlog.get_logger("bassin.audit")
SOON = 15.0  # seconds after the start, drawn from 0: replicas do not all begin at once
EVERY = 3600.0


async def run(db: Database, settings: Settings, contract: Contract) -> None:
    """Until cancelled; what cannot be read now is read the next time, and the gauge says when it last was."""
    await asyncio.sleep(random.uniform(0, SOON))  # noqa: S311 - no secret
    while True:
        try:
            await verify(db, settings, contract)
        except (*watch.AWAY, KafkaError) as error:
            log.warning("audit not verified", error=type(error).__name__)
        await asyncio.sleep(EVERY * random.uniform(0.9, 1.1))  # noqa: S311 - no secret


async def verify(db: Database, settings: Settings, contract: Contract) -> None:
    """The chains of the académies served here, against themselves and against the heads that were told of them."""
    heads = await audit_check.told(settings.kafka, contract)
    served = {academie: told for academie, told in heads.items() if academie in settings.academies}
    async with db.snapshot(settings.academies) as connection:
        verified = await audit_check.verify(connection, served)
    for finding in verified.findings:
        log.error("audit altered", academie=finding.academie, seq=finding.seq, what=finding.what)
    metrics.audit_findings.labels(db.service).set(len(verified.findings))
    metrics.audit_verified.labels(db.service).set(time.time())
