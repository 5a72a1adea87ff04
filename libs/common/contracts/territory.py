"""What territory publishes: the present state of each établissement and bassin, with its dated history."""

from datetime import date
from typing import ClassVar

from msgspec import Struct

from common.contracts.events import AuditHead, Contract, Event, Stream, StreamKind

STATE = "bassin.territory.state"


class Membership(Struct, frozen=True, kw_only=True):
    """An établissement belonged to a bassin from `since` up to, not including, `until`."""

    bassin: str
    since: date
    until: date | None = None


class EtablissementState(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = STATE
    ce_type: ClassVar[str] = "fr.bassin.territory.etablissement.v1"

    uai: str
    name: str
    nature: str  # code nature UAI, "340" is a collège
    level: str  # "premier-degre", "second-degre" or "" where the nature says nothing of it
    sector: str  # "public", "prive" or "" when the source is silent
    commune: str  # INSEE code
    departement: str
    academie: str
    mail: str  # the institutional address of the school, "" if none is known
    opened_on: date | None
    closed_on: date | None  # the first day on which it is closed
    memberships: tuple[Membership, ...]  # oldest first, without overlap


class BassinState(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = STATE
    ce_type: ClassVar[str] = "fr.bassin.territory.bassin.v1"

    code: str
    name: str
    local_name: str  # what the académie calls it: "bassin", "BEC"
    departement: str
    academie: str
    closed_on: date | None


class AuditHeadPublished(AuditHead, frozen=True, kw_only=True):
    stream: ClassVar[str] = STATE
    ce_type: ClassVar[str] = "fr.bassin.territory.audit_head.v1"


CONTRACT = Contract(
    service="territory",
    streams=(Stream(STATE, StreamKind.STATE),),
    events=(EtablissementState, BassinState, AuditHeadPublished),
    audit_head=AuditHeadPublished,
)
