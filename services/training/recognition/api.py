"""Recognition over HTTP: one by one or a whole offer in one go; read and shown by whoever holds it; revoked."""

from collections.abc import Mapping
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.datastructures import State as AppState
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from common.db import Database
from common.identity import Agent, Role, decides, reads
from common.settings import Settings
from common.texts import Line
from common.tx import Tx
from common.uuid7 import uuid7
from training.papers.documents import cancellation
from training.papers.receipts import IssuedPapers
from training.papers.store import new_ids, record
from training.recognition import store, views
from training.recognition.documents import drafts, keys_of, link, signed
from training.recognition.domain import (
    Lacking,
    NotRecognised,
    Recognising,
    Sheet,
    recognise_all,
    recognise_one,
    revoke,
)
from training.recognition.views import Attested, RecognitionView
from training.roles import ANYBODY, OFFICE


class RevocationWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Line


class RevocationReceipt(Struct, frozen=True, kw_only=True):
    """L’attestation révoquée, et le document qui le dit."""

    revoked: UUID
    paper: UUID
    number: str


async def write(tx: Tx, sheet: Sheet, recognising: Recognising) -> IssuedPapers:
    events = recognising.events
    numbers = await record(tx, sheet.counter, drafts(sheet, events), events, passing=recognising.passing)
    return IssuedPapers.of(events, numbers, (), said(recognising.lacking))


def said(lacking: Mapping[UUID, Lacking]) -> dict[UUID, tuple[str, str]]:
    return {person: (why.value, why.label) for person, why in lacking.items()}


class OfferRecognitionsController(Controller):
    path = "/v1/training/offers/{offer:uuid}/recognitions"
    tags = ("Reconnaissance",)

    @post("/", guards=[decides(*OFFICE)], status_code=200, responses={200: ResponseSpec(IssuedPapers)})
    async def recognise(
        self, offer: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[bytes]:
        """Reconnaître la compétence de toutes les personnes d’une offre qui ont accompli le parcours."""
        async with db.transaction(agent) as tx:
            sheet = await store.hold_offer(tx, offer)
            agent.require(*OFFICE, academie=sheet.academie)
            return tx.answer(await write(tx, sheet, recognise_all(sheet, new_ids())))


class RecognitionController(Controller):
    path = "/v1/training/candidatures/{candidature:uuid}"
    tags = ("Reconnaissance",)

    @post("/recognition", guards=[decides(*OFFICE)], status_code=200, responses={200: ResponseSpec(IssuedPapers)})
    async def recognise(
        self, candidature: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[bytes]:
        """Reconnaître la compétence acquise par une personne qui a accompli le parcours."""
        async with db.transaction(agent) as tx:
            sheet = await store.hold_one(tx, candidature)
            agent.require(*OFFICE, academie=sheet.academie)
            return tx.answer(await write(tx, sheet, recognise_one(sheet, new_ids())))

    @get("/recognition", guards=[reads(*ANYBODY)])
    async def read(
        self,
        candidature: FromPath[UUID],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        state: AppState,
    ) -> RecognitionView:
        """Lire la reconnaissance d’une compétence, avec un lien signé que chacun peut vérifier."""
        async with db.transaction(agent) as tx:
            found = await views.attested(tx, candidature, agent.id)
        if not found.own and not agent.holds(Role.CHEF_ETABLISSEMENT, academie=found.academie, uai=found.uai):
            agent.require(*OFFICE, academie=found.academie)
        return found.view(link_of(found, state.settings))

    @post(
        "/revocation",
        guards=[decides(*OFFICE)],
        status_code=200,
        responses={200: ResponseSpec(RevocationReceipt)},
    )
    async def revoke(
        self,
        candidature: FromPath[UUID],
        data: JSONBody[RevocationWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """Révoquer la reconnaissance d’une compétence, avec un motif ; la page de vérification le dit aussitôt."""
        async with db.transaction(agent) as tx:
            sheet = await store.hold_attestation(tx, candidature)
            agent.require(*OFFICE, academie=sheet.counter.academie)
            if sheet.candidature is None:
                raise NotRecognised
            event, status = revoke(sheet.paper, sheet.candidature)
            kind, about, by = sheet.counter.kind, candidature, uuid7()
            draft = cancellation(sheet.paper, kind, subject=about, paper=by, reason=data.reason)
            passing = {candidature: status}
            (number,) = await record(tx, sheet.counter, [draft], [event], reason=data.reason, passing=passing)
            return tx.answer(RevocationReceipt(revoked=event.subject, paper=by, number=str(number)))


def link_of(found: Attested, settings: Settings) -> str | None:
    if settings.certificate_keys is None:
        return None
    issuer = settings.public_url
    token = signed(
        keys_of(settings.certificate_keys).current(),
        person=found.person,
        number=found.number,
        sha256=found.sha256,
        issued_at=found.issued_at,
        issuer=issuer,
    )
    return link(issuer, token)
