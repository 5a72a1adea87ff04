"""/calendrier: the one page of this service that anybody may read, without a token.

Row security stays the only gate, and nothing bypasses it: the reader has no académie, so the page opens those that
this installation serves, or the one asked for, reads named columns that speak of no one, and can write nothing.
"""

import hashlib
from collections.abc import Collection, Sequence
from typing import Annotated, Any

from litestar import Controller, MediaType, Request, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import Struct

from common import ical
from common.clock import PARIS, Clock
from common.db import Database
from common.health import PUBLIC
from common.identifiers import CodeAcademie
from common.refusal import UnknownAcademie
from hr_networks.calendar import views
from hr_networks.calendar.documents import POLICY, Choice, page
from hr_networks.calendar.domain import Bassin, Slot, parted, school_year
from hr_networks.calendar.feed import feed
from hr_networks.calendar.views import Filter

HEADERS = {"Cache-Control": "public, max-age=300"}
Asked = Annotated[str, QueryParameter(name="academie", max_length=2)]
InBassin = Annotated[str, QueryParameter(name="bassin", max_length=5)]


class Found(Struct, frozen=True):
    slots: Sequence[Slot]
    bassins: Sequence[Bassin]


class CalendarController(Controller):
    opt = PUBLIC
    include_in_schema = False

    @get("/calendrier", media_type=MediaType.HTML)
    async def calendar(
        self,
        *,
        db: NamedDependency[Database],
        clock: NamedDependency[Clock],
        academies: NamedDependency[Sequence[CodeAcademie]],
        request: Request[Any, Any, Any],
        academie: Asked = "",
        bassin: InBassin = "",
    ) -> Response[bytes]:
        """Lire les réunions de l’année scolaire."""
        year = school_year(clock.today(PARIS))
        found = await read(db, opened(academies, academie), Filter(year=year, bassin=bassin or None))
        choice = Choice(academies=sorted(academies), bassins=found.bassins, academie=academie, bassin=bassin)
        html = page(choice, parted(found.slots, at=clock.now()), year)
        return cached(html.encode(), request, MediaType.HTML, {"Content-Security-Policy": POLICY})

    @get("/calendrier.ics", media_type=ical.MEDIA_TYPE)
    async def feed(
        self,
        *,
        db: NamedDependency[Database],
        clock: NamedDependency[Clock],
        academies: NamedDependency[Sequence[CodeAcademie]],
        request: Request[Any, Any, Any],
        academie: Asked = "",
        bassin: InBassin = "",
    ) -> Response[bytes]:
        """Lire les mêmes réunions pour un agenda."""
        year = school_year(clock.today(PARIS))
        found = await read(db, opened(academies, academie), Filter(year=year, bassin=bassin or None))
        file = feed(found.slots, name=f"Réunions d’échange de pratiques {year.label}")
        return cached(file, request, ical.MEDIA_TYPE, {"Content-Disposition": 'inline; filename="calendrier.ics"'})


def opened(served: Collection[CodeAcademie], asked: str) -> list[CodeAcademie]:
    """All that are served, or the one asked for; an empty choice of the form is no choice."""
    chosen = [academie for academie in served if asked in ("", academie)]
    if not chosen:
        raise UnknownAcademie
    return chosen


async def read(db: Database, academies: Sequence[CodeAcademie], asked: Filter) -> Found:
    async with db.batch(academies) as tx:
        return Found(await views.slots(tx, asked), await views.bassins(tx))


def cached(body: bytes, request: Request[Any, Any, Any], media_type: str, more: dict[str, str]) -> Response[bytes]:
    """With what a cache needs to ask whether it is still true."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {**HEADERS, **more, "ETag": etag}
    if etag in (tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")):
        return Response(b"", status_code=304, media_type=media_type, headers=headers)
    return Response(body, media_type=media_type, headers=headers)
