"""The record of whoever asks: his right to read what is held of him begins here."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from common.identifiers import Uai, dec_hook
from common.identity import Agent
from common.tx import Tx
from hr_networks.links.domain import UnknownPerson


class OwnRecord(Struct, frozen=True, kw_only=True):
    """La fiche de la personne rattachée au compte qui la demande."""

    person: UUID
    civility: str
    family_name: str
    given_names: str
    work_mail: str
    uai: Uai
    linked_at: datetime


async def own_record(tx: Tx, agent: Agent) -> OwnRecord:
    row = await tx.fetchrow(OWN, agent.academie, agent.id)
    if row is None:
        raise UnknownPerson(f"Compte non rattaché. Identifiant d’agent : {agent.id}")
    return msgspec.convert(dict(row), OwnRecord, dec_hook=dec_hook)


OWN = """
SELECT id AS person, civility, family_name, given_names, work_mail, uai, linked_at FROM person
WHERE academie = $1 AND agent = $2
"""
