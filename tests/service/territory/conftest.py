"""An import from its file to its end, in this process: what the child does, without the child."""

from collections.abc import Callable
from typing import Any, Protocol
from uuid import uuid4

import httpx
import pytest

from common.identifiers import CodeAcademie, Uai
from common.identity import Agent, Mandate, Role
from territory.imports import store, worker
from territory.imports.worker import Task

HEADER = "uai;nom;nature;secteur;commune_insee;departement;code_academie;etat;date_ouverture;bassin_code;bassin\n"


def line(uai: str = "0590318A", **said: str) -> str:
    """A line of our plain file, of a collège of Lille but for what is said."""
    known = {
        "nom": "Collège",
        "nature": "340",
        "secteur": "PU",
        "commune": "59350",
        "departement": "59",
        "academie": "09",
        "etat": "OUVERT",
        "ouverture": "1965-05-01",
        "bassin": "09101",
        "bassin_nom": "LILLE CENTRE",
    }
    return f"{uai};{';'.join((known | said).values())}\n"


def uai(number: int) -> str:
    """The UAI of that number, with its letter."""
    return f"{number:07}{Uai.LETTERS[number % 23]}"


class Directory(Protocol):
    def __call__(self, *lines: str) -> str: ...


class Served(Protocol):
    """What these tests use of tests/service/conftest.py."""

    app: Any
    db: Any
    settings: Any

    def as_(self, who: Agent) -> httpx.AsyncClient: ...
    async def told(self) -> list[tuple[str, str, dict[str, Any]]]: ...


class Importing:
    """An administrateur of the territoire at work."""

    def __init__(self, served: Served, who: Agent) -> None:
        self.served = served
        self.client = served.as_(who)

    async def send(self, text: str, **options: object) -> dict[str, Any]:
        answer = await self.client.post(
            "/v1/territory/imports",
            content=text.encode(),
            headers={"Content-Type": "text/csv"},
            params={name: str(value) for name, value in options.items()},
        )
        assert answer.status_code == 202, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def work(self) -> bool:
        """What the child of the first waiting run would do."""
        process = uuid4()
        async with self.served.db.batch(self.served.settings.academies) as tx:
            run = await store.claim(tx, process)
        if run is None:
            return False
        settings = self.served.settings
        task = Task(
            database_url=settings.database_url, clock_file=None, served=settings.academies, run=run, worker=process
        )
        await worker.work(self.served.db, task)
        return True

    async def dry_run(self, text: str, **options: object) -> dict[str, Any]:
        sent = await self.send(text, **options)
        assert await self.work()
        return await self.shown(sent["id"])

    async def shown(self, identifier: str) -> dict[str, Any]:
        answer = await self.client.get(f"/v1/territory/imports/{identifier}")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def decide(self, identifier: str) -> httpx.Response:
        return await self.client.post(f"/v1/territory/imports/{identifier}/application")

    async def apply(self, text: str, **options: object) -> dict[str, Any]:
        found = await self.dry_run(text, **options)
        assert found["status"] == "analysed", found
        assert (await self.decide(found["id"])).status_code == 202
        assert await self.work()
        return await self.shown(found["id"])

    async def report(self, identifier: str, **options: object) -> list[dict[str, Any]]:
        params = {name: str(value) for name, value in options.items()}
        answer = await self.client.get(f"/v1/territory/imports/{identifier}/report", params={"limit": "200", **params})
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


@pytest.fixture(name="line")
def line_of_a_file() -> Callable[..., str]:
    """`line("0590318A", nom="Collège Neuf")`: one line of our plain file."""
    return line


@pytest.fixture(name="uai")
def uai_of_a_number() -> Callable[[int], str]:
    return uai


@pytest.fixture
def directory() -> Directory:
    """`directory(line(), line("0590001F"))`: a whole plain file."""
    return lambda *lines: HEADER + "".join(lines)


@pytest.fixture
async def territory(serve: Callable[..., Any]) -> Any:
    return await serve("territory")


@pytest.fixture
def both(territory: Served) -> Importing:
    """Somebody whose mandates cover Lille and Amiens."""
    mandates = tuple(
        Mandate(role=Role.ADMINISTRATEUR_TERRITOIRE, academie=CodeAcademie(academie)) for academie in ("09", "20")
    )
    return Importing(territory, Agent(id=uuid4(), academie=CodeAcademie("09"), mandates=mandates, name="Camille Test"))


@pytest.fixture
def lille(territory: Served, agent: Callable[..., Agent]) -> Importing:
    return Importing(territory, agent(Role.ADMINISTRATEUR_TERRITOIRE, "09"))


@pytest.fixture
def amiens(territory: Served, agent: Callable[..., Agent]) -> Importing:
    return Importing(territory, agent(Role.ADMINISTRATEUR_TERRITOIRE, "20"))
