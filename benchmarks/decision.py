"""One small decision, as a command of hr_networks takes it, and the statements that keep it."""

import os
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

import msgspec
from msgspec import Struct

from common import audit, outbox
from common.contracts.hr_networks import NetworkActivated
from common.identifiers import CodeAcademie
from common.identity import Agent, Mandate, Role
from common.tx import ENCODER, Tx
from common.uuid7 import uuid7

LILLE = CodeAcademie("09")
OFFICE = Agent(id=uuid7(), academie=LILLE, mandates=(Mandate(role=Role.RESPONSABLE_FORMATION, academie=LILLE),))
ACTION = "network-activated"
FUNCTION = "Secrétariat de direction"


class Decision(Struct, frozen=True):
    id: UUID
    agent: Agent = OFFICE
    academie: str = LILLE

    @classmethod
    def draw(cls) -> Self:
        return cls(uuid7())

    @property
    def fact(self) -> NetworkActivated:
        return NetworkActivated(subject=self.id, bassin="09901", function=FUNCTION)

    @property
    def row(self) -> tuple[str, str, str, str]:
        return str(self.academie), str(self.id), "LILLE CENTRE", "bassin"

    @property
    def event(self) -> tuple[list[Any], ...]:
        """For `infra.append`, with headers as long as the product's."""
        headers = msgspec.json.encode({**HEADERS, "ce_id": str(self.id), "ce_subject": str(self.id)}).decode()
        return [uuid7()], [NetworkActivated.stream], [self.id], [headers], [ENCODER.encode(self.fact)]

    @property
    def audit(self) -> tuple[object, ...]:
        return (
            str(self.academie),
            self.id,
            datetime.now(UTC),
            self.agent.id,
            ACTION,
            self.id,
            '{"bassin":"09901"}',
            None,
        )


def tell(tx: Tx, decision: Decision) -> None:
    """The event and the audit line, as a store's `record` collects them."""
    outbox.append(tx, decision.academie, [decision.fact])
    audit.record(tx, decision.academie, ACTION, decision.id, detail={"bassin": "09901"})


HEADERS = {
    "ce_specversion": "1.0",
    "ce_source": outbox.source(LILLE, "hr_networks"),
    "ce_type": NetworkActivated.ce_type,
    "ce_time": "2007-10-26T08:00:00.000Z",
    "ce_dataschema": f"urn:bassin:schema:{NetworkActivated.ce_type}",
    "content-type": "application/json",
    "ce_academie": str(LILLE),
    "ce_academies": str(LILLE),
    "ce_correlationid": os.urandom(16).hex(),
    "traceparent": f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-01",
}
KEEP = "INSERT INTO bassin (academie, code, name, local_name) VALUES ($1, $2, $3, $4)"
APPEND = "SELECT infra.append($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::bytea[])"
AUDIT = "INSERT INTO audit VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
