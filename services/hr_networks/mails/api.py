"""Mails over HTTP: what left, what waits, what a server refused and the office must mend."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from common.db import Database
from common.identifiers import CodeAcademie
from common.identity import Agent, decides, reads
from common.mail import MailState
from common.pagination import Cursor, Limit, Page, paged, read_cursor
from hr_networks.mails import store
from hr_networks.mails.domain import refuse_to_send_twice
from hr_networks.mails.store import MailView
from hr_networks.people.domain import Mailbox
from hr_networks.roles import OFFICE

# Litestar keeps the name `state` for itself.
InState = Annotated[MailState | None, QueryParameter(name="state", description="Ce que les courriels sont devenus.")]


class SendingWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    recipient: Mailbox | None = None  # instead of the address that was refused


class Sending(Struct, frozen=True, kw_only=True):
    """Un courriel remis en attente."""

    id: UUID
    state: MailState


class MailsController(Controller):
    path = "/v1/hr-networks/mails"
    tags = ("Courriels",)

    @get("/", guards=[reads(*OFFICE)])
    async def list(
        self,
        *,
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        request: Request[Agent, None, State],
        wanted: InState = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response[Page[MailView]]:
        """Lister les courriels envoyés, en attente, refusés ou abandonnés."""
        (after,) = read_cursor(cursor, UUID) or (None,)
        async with db.transaction(agent) as tx:
            found = await store.mails(tx, offices_of(agent), wanted, after, limit)
        return paged(found, limit, lambda each: (each.id,), request)

    @post("/{mail:uuid}/sending", guards=[decides(*OFFICE)], status_code=200, responses={200: ResponseSpec(Sending)})
    async def send_again(
        self,
        mail: FromPath[UUID],
        data: JSONBody[SendingWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """Renvoyer un courriel refusé ou abandonné, à une autre adresse s’il le faut."""
        async with db.transaction(agent) as tx:
            academie, state = await store.lock_mail(tx, mail, offices_of(agent))
            refuse_to_send_twice(state)
            await store.send_again(tx, academie, mail, data.recipient)
            return tx.answer(Sending(id=mail, state=MailState.WAITING))


def offices_of(agent: Agent) -> frozenset[CodeAcademie]:
    return frozenset(mandate.academie for mandate in agent.mandates if mandate.role in OFFICE)
