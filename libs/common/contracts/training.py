"""What training publishes; its offers, papers and recognitions come with the letter of 26 October 2007."""

from typing import ClassVar

from common.contracts.events import AuditHead, Contract, Stream, StreamKind

STATE = "bassin.training.state"


class AuditHeadPublished(AuditHead, frozen=True, kw_only=True):
    stream: ClassVar[str] = STATE
    ce_type: ClassVar[str] = "fr.bassin.training.audit_head.v1"


CONTRACT = Contract(
    service="training",
    streams=(Stream(STATE, StreamKind.STATE),),
    events=(AuditHeadPublished,),
    audit_head=AuditHeadPublished,
)
