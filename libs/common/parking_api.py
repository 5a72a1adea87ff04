"""What waits or is parked in a service, over HTTP: operators look and decide without reaching its database."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Annotated, TypeAlias
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET, Struct, UnsetType

from common import held, roster
from common.contracts.catalogue import STREAMS
from common.db import Database
from common.decided import Decision, UnknownRecord
from common.held import HeldDetail, HeldRecord, Scope, Wanted
from common.identifiers import CodeAcademie
from common.identity import Agent, Role, decides, reads
from common.inbox import Inbox
from common.marks import HeldState
from common.openapi import refuses
from common.pagination import Cursor, Limit, Page, paged, read_cursor
from common.parking import Desk
from common.refusal import FieldError, Forbidden, Malformed, Unavailable
from common.texts import Line

AT_ONCE = 100  # records replayed by one demand, hence in one transaction
Asked: TypeAlias = Request[Agent, None, State]
# Litestar keeps the name `state` for itself.
InState = Annotated[HeldState | None, QueryParameter(name="state", description="En attente, mis de côté, abandonné.")]
Since = Annotated[date | None, QueryParameter(name="since", description="Mis de côté depuis ce jour (UTC).")]
Text = Annotated[str | None, QueryParameter(name="error", max_length=200, description="Une partie de l’erreur.")]
Type = Annotated[str | None, QueryParameter(name="type", max_length=200, description="Le type de l’événement.")]
OPERATORS = (Role.EXPLOITATION,)


class OtherRelease(Unavailable):
    code = "other-release"
    title = "Version du service en cours de changement"
    explanation = "Cette version du service n’a pas les traitements que sa base connaît : rien ne doit être appliqué."


class ReasonWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pourquoi on y renonce ; le motif est conservé."""

    reason: Line


class GapWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """L’objet dont des versions ne viendront jamais, le flux, et pourquoi on y renonce."""

    stream: str
    subject: UUID
    reason: Line


class ReplayWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Les enregistrements d’un objet, ou tous avec `everything` ; `after` : au-delà de celui-là."""

    subject: UUID | UnsetType = UNSET
    stream: str | UnsetType = UNSET
    everything: bool = False
    after: int = 0


class Replayed(Struct, frozen=True, kw_only=True):
    """Ce qu’il est advenu de chacun ; `next`, s’il en reste, se donne comme `after` à la demande suivante."""

    decisions: Sequence[Decision]
    next: int | None


async def sight(agent: NamedDependency[Agent], inbox: NamedDependency[Inbox]) -> Scope:
    """Records of his académies; whose académie nobody can say, only who runs all that are served here."""
    own = frozenset(a for a in inbox.served if any(agent.holds(role, academie=a) for role in OPERATORS))
    if not own:
        raise Forbidden("Aucun de vos mandats ne porte sur une académie desservie ici.")
    return Scope(academies=own, everything=own == inbox.served)


async def ready(inbox: NamedDependency[Inbox]) -> Inbox:
    """The inbox, where this process may apply a record."""
    if why := await roster.unfit(inbox):
        raise OtherRelease(f"Rien n’a été fait : {why}.", retry_after=60)
    return inbox


async def wanted(
    *,
    in_state: InState = None,
    stream: FromQuery[str | None] = None,
    subject: FromQuery[UUID | None] = None,
    kind: Type = None,
    academie: FromQuery[CodeAcademie | None] = None,
    since: Since = None,
    error: Text = None,
) -> Wanted:
    return Wanted(
        state=None if in_state is None else in_state.value,
        stream=stream,
        subject=subject,
        type=kind,
        academie=academie,
        since=None if since is None else datetime.combine(since, time.min, UTC),
        error=error,
    )


class ParkingController(Controller):
    path = "/parking"
    tags = ("Exploitation",)

    @get("/", guards=[reads(*OPERATORS)])
    async def list(
        self,
        request: Asked,
        inbox: NamedDependency[Inbox],
        sight: NamedDependency[Scope],
        wanted: NamedDependency[Wanted],
        *,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response[Page[HeldRecord]]:
        """Lister les enregistrements en attente ou mis de côté, du plus ancien au plus récent."""
        (after,) = read_cursor(cursor, int) or (0,)
        found = await held.held(inbox, wanted, scope=sight, after=after, limit=limit + 1)
        return paged(found, limit, lambda each: (each.id,), request)

    @get("/{record:int}", guards=[reads(*OPERATORS)])
    async def one(
        self, record: FromPath[int], inbox: NamedDependency[Inbox], sight: NamedDependency[Scope]
    ) -> HeldDetail:
        """Lire un enregistrement : en-têtes, contenu, erreur, et ce qui attend derrière lui."""
        found = await held.show(inbox, record, scope=sight)
        if found is None:
            raise UnknownRecord
        return found

    @post(
        "/{record:int}/replay", guards=[decides(*OPERATORS)], status_code=200, responses={200: ResponseSpec(Decision)}
    )
    async def replay(
        self,
        record: FromPath[int],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        ready: NamedDependency[Inbox],
        sight: NamedDependency[Scope],
    ) -> Response[bytes]:
        """Appliquer de nouveau un enregistrement, puis dans l’ordre ce qui attend derrière lui."""
        async with db.transaction(agent) as tx:
            return tx.answer(await Desk(ready, tx, scope=sight).replay(record))

    @post("/replay", guards=[decides(*OPERATORS)], status_code=200, responses={200: ResponseSpec(Replayed)})
    async def replay_all(
        self,
        data: JSONBody[ReplayWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        ready: NamedDependency[Inbox],
        sight: NamedDependency[Scope],
    ) -> Response[bytes]:
        """Appliquer de nouveau, dans l’ordre, les enregistrements d’un objet ou tous ; cent au plus à la fois."""
        subject, stream = data.subject or None, data.stream or None
        refuse_unbounded(data)
        async with db.transaction(agent) as tx:
            desk = Desk(ready, tx, scope=sight)
            done, further = await desk.replay_all(stream=stream, subject=subject, after=data.after, limit=AT_ONCE)
            return tx.answer(Replayed(decisions=done, next=further))

    @post(
        "/{record:int}/discard", guards=[decides(*OPERATORS)], status_code=200, responses={200: ResponseSpec(Decision)}
    )
    async def discard(
        self,
        *,
        record: FromPath[int],
        data: JSONBody[ReasonWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        ready: NamedDependency[Inbox],
        sight: NamedDependency[Scope],
    ) -> Response[bytes]:
        """Abandonner un enregistrement, avec un motif : il sera passé quand viendra son tour."""
        async with db.transaction(agent) as tx:
            return tx.answer(await Desk(ready, tx, scope=sight).discard(record, data.reason))

    @post(
        "/gaps",
        guards=[decides(*OPERATORS)],
        status_code=200,
        responses={200: ResponseSpec(Decision), **refuses(404)},
    )
    async def give_up(
        self,
        data: JSONBody[GapWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        ready: NamedDependency[Inbox],
        sight: NamedDependency[Scope],
    ) -> Response[bytes]:
        """Renoncer aux versions qui ne viendront jamais, avec un motif : ce qui les attend reprend."""
        refuse_unknown_stream(data.stream, ready)
        async with db.transaction(agent) as tx:
            return tx.answer(await Desk(ready, tx, scope=sight).give_up(data.stream, data.subject, data.reason))


def refuse_unbounded(wish: ReplayWish) -> None:
    """One subject, or all: which is meant must be said."""
    if wish.everything == (wish.subject is not UNSET):
        wrong = FieldError(pointer="", detail="Donnez soit « subject », soit « everything »", code="ambiguous")
        raise Malformed("Dites quels enregistrements appliquer de nouveau.", errors=[wrong])
    if not 0 <= wish.after < 2**63:
        raise Malformed(errors=[FieldError(pointer="/after", detail="Ce n’est pas le numéro d’un enregistrement")])


def refuse_unknown_stream(stream: str, inbox: Inbox) -> None:
    if stream not in STREAMS or stream not in inbox.table.streams:
        known = ", ".join(inbox.table.streams)
        wrong = FieldError(pointer="/stream", detail=f"Ce service n’écoute pas ce flux : {known}", code="enum")
        raise Malformed("Ce flux n’existe pas ici.", errors=[wrong])
