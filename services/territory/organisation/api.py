"""Académies, régions académiques and départements over HTTP, and the texts and missions that bassins rest on."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, TypeAlias
from uuid import uuid5

from litestar import Controller, Response, get, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from common import audit
from common.clock import Clock
from common.db import Database
from common.identifiers import BASSIN, CodeAcademie
from common.identity import Agent, Role, decides, reads
from common.protocol import IfMatch, require_match
from common.refusal import NotFound, UnknownAcademie
from territory.etags import etag
from territory.organisation import domain, store
from territory.organisation.domain import ORIENTATIONS_BASSINS, MissionBassin, Profil, Rectorat, TexteDeReference
from territory.organisation.reference import nationwide

EVERYONE = tuple(Role)
Line: TypeAlias = Annotated[str, Meta(max_length=300)]
On: TypeAlias = Annotated[
    date | None, QueryParameter(name="on", description="À cette date ; aujourd’hui si elle n’est pas donnée.")
]


class UnknownRegion(NotFound):
    code = "unknown-region"
    title = "Région académique inconnue"


class AcademieDetail(Struct, frozen=True, kw_only=True):
    """Une académie : sa région, ses départements, le nom qu’elle donne à ses bassins, l’adresse de son rectorat."""

    code: str
    name: str
    region: str | None
    region_label: str | None
    departements: list[str]
    local_name: str
    rectorat: Rectorat | None


class RegionDetail(Struct, frozen=True, kw_only=True):
    """Une région académique, sous le nom qu’elle portait à la date demandée."""

    code: str
    label: str
    academies: list[str]


class RectoratWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Line
    address: Line
    phone: Line = ""
    mail: Line = ""


class ProfilWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ce qu’une académie dit d’elle-même."""

    local_name: Annotated[str, Meta(min_length=1, max_length=60)] = "bassin"
    rectorat: RectoratWish | None = None

    def profil(self) -> Profil:
        asked = self.rectorat
        if asked is None:
            return Profil(local_name=self.local_name)
        rectorat = Rectorat(name=asked.name, address=asked.address, phone=asked.phone, mail=asked.mail)
        return Profil(local_name=self.local_name, rectorat=rectorat)


class MissionDetail(Struct, frozen=True, kw_only=True):
    """Un des trois pôles de missions d’un bassin."""

    code: MissionBassin
    label: str


class OrganisationController(Controller):
    path = "/v1/territory"
    tags = ("Organisation",)

    @get("/academies", guards=[reads(*EVERYONE)])
    async def academies(
        self, agent: NamedDependency[Agent], db: NamedDependency[Database], clock: NamedDependency[Clock], on: On = None
    ) -> list[AcademieDetail]:
        """Lister ses académies."""
        day = on or clock.today()
        async with db.transaction(agent) as tx:
            profils = await store.profils(tx)
        return [detail(code, profils.get(code, Profil()), day) for code in sorted(agent.academies)]

    @get("/academies/{code:str}", guards=[reads(*EVERYONE)])
    async def academie(
        self,
        code: FromPath[CodeAcademie],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        clock: NamedDependency[Clock],
        on: On = None,
    ) -> AcademieDetail:
        """Lire une académie."""
        visible(agent, code)
        async with db.transaction(agent) as tx:
            profils = await store.profils(tx)
        return detail(code, profils.get(code, Profil()), on or clock.today())

    @get("/academies/{code:str}/profil", guards=[reads(*EVERYONE)])
    async def profil(
        self, code: FromPath[CodeAcademie], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[Profil]:
        """Lire ce qu’une académie dit d’elle-même, avec l’ETag à rendre pour le modifier."""
        visible(agent, code)
        async with db.transaction(agent) as tx:
            found = (await store.profils(tx)).get(code, Profil())
        return Response(found, headers={"ETag": etag(found)})

    @put(
        "/academies/{code:str}/profil",
        guards=[decides(Role.ADMINISTRATEUR_TERRITOIRE)],
        responses={200: ResponseSpec(Profil)},
    )
    async def change_profil(
        self,
        code: FromPath[CodeAcademie],
        data: JSONBody[ProfilWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        if_match: IfMatch = None,
    ) -> Response[bytes]:
        """Changer le nom que l’académie donne à ses bassins, ou l’adresse de son rectorat."""
        visible(agent, code)
        agent.require(Role.ADMINISTRATEUR_TERRITOIRE, academie=code)
        async with db.transaction(agent) as tx:
            present, bassins = await store.lock_profil(tx, code)
            require_match(if_match, etag(present))
            wished = data.profil()
            await store.record_profil(tx, code, wished, bassins if wished.local_name != present.local_name else [])
            audit.record(tx, code, "profil-changed", uuid5(BASSIN, f"academie:{code}"))
            return tx.answer(wished, etag=etag(wished))

    @get("/regions", guards=[reads(*EVERYONE)])
    async def regions(
        self, agent: NamedDependency[Agent], clock: NamedDependency[Clock], on: On = None
    ) -> list[RegionDetail]:
        """Lister les régions académiques de ses académies."""
        day = on or clock.today()
        codes = {nationwide().academies[code].region for code in agent.academies if code in nationwide().academies}
        return [found for code in sorted(filter(None, codes)) if (found := region_detail(code, day)) is not None]

    @get("/regions/{code:str}", guards=[reads(*EVERYONE)])
    async def region(self, code: FromPath[str], clock: NamedDependency[Clock], on: On = None) -> RegionDetail:
        """Lire une région académique sous le nom qu’elle portait à une date."""
        found = region_detail(code, on or clock.today())
        if found is None:
            raise UnknownRegion("Aucune région académique n’avait ce code à cette date.")
        return found

    @get("/departements", guards=[reads(*EVERYONE)])
    async def departements(
        self, agent: NamedDependency[Agent], clock: NamedDependency[Clock], on: On = None
    ) -> list[domain.Departement]:
        """Lister les départements de ses académies."""
        day = on or clock.today()
        return [d for code in sorted(agent.academies) for d in nationwide().departements_of(code, day)]

    @get("/missions", guards=[reads(*EVERYONE)], sync_to_thread=False)
    def missions(self) -> list[MissionDetail]:
        """Lister les trois pôles de missions d’un bassin."""
        return [MissionDetail(code=mission, label=mission.label) for mission in MissionBassin]

    @get("/reference-texts", guards=[reads(*EVERYONE)])
    async def reference_texts(self, clock: NamedDependency[Clock], on: On = None) -> list[TexteDeReference]:
        """Lister les textes sur lesquels reposent les bassins, en vigueur à une date."""
        return in_force([ORIENTATIONS_BASSINS], on or clock.today())


def visible(agent: Agent, code: CodeAcademie) -> None:
    if code not in agent.academies or code not in nationwide().academies:
        raise UnknownAcademie


def in_force(texts: Iterable[TexteDeReference], day: date) -> list[TexteDeReference]:
    return [text for text in texts if text.holds(day)]


def detail(code: CodeAcademie, profil: Profil, day: date) -> AcademieDetail:
    carte = nationwide()
    academie = carte.academies[code]
    return AcademieDetail(
        code=code,
        name=academie.name,
        region=academie.region,
        region_label=carte.region_label(academie.region, day),
        departements=[d.code for d in carte.departements_of(code, day)],
        local_name=profil.local_name,
        rectorat=profil.rectorat,
    )


def region_detail(code: str, day: date) -> RegionDetail | None:
    label = nationwide().region_label(code, day)
    if label is None:
        return None
    return RegionDetail(code=code, label=label, academies=[a.code for a in nationwide().academies_of(code, day)])
