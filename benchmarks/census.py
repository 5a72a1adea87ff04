"""Commands that another service hears: heads of schools answer a census, and training keeps what they answered."""

import asyncio
import csv
import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from benchmarks.http import Answer, Client, request
from benchmarks.platform import Platform, bearer
from common.identifiers import Uai
from common.local.journey import CAMPAIGNS, IMPORTS, School, named
from common.local.visitor import Visitor, Visitors, until

SCHOOLS = 400  # in each académie
PLACES = (("09", "lille", "059", "59350", "Lille"), ("20", "amiens", "002", "02408", "Laon"))
FIELDS = (
    *("uai", "nom", "nature", "secteur", "siret", "commune_insee", "commune", "departement", "code_academie", "mail"),
    *("etat", "date_ouverture", "bassin_code", "bassin", "bassin_depuis", "remarque"),
)


class Sent(NamedTuple):
    """One command, in seconds of the machine's clock."""

    uai: str
    due: float  # when it was to be sent
    answered: float
    answer: Answer

    @property
    def taken(self) -> bool:
        return self.answer.status in {200, 201}


class Head:
    """Of one school: who may answer for it, and which version of his answer he read last."""

    def __init__(self, school: School, token: str, census: str) -> None:
        self.uai, self.academie, self.token = school.uai, school.academie, token
        self.revision = 0
        self.path = f"{CAMPAIGNS}/{census}/answers/{school.uai}"
        lines = (named(school, 1), named(school, 2))
        self._bodies = [msgspec.json.encode({"persons": lines[:some]}) for some in (1, 2)]

    def next(self) -> bytes:
        """One person, then two, then one: each answer corrects the last."""
        corrects = {"If-Match": f'"{self.revision}"'} if self.revision else {}
        body = self._bodies[self.revision % 2]
        return request("PUT", self.path, {**bearer(self.token), **corrects}, body)


class Census:
    """Two censuses under way, one in each académie, whose schools answer as fast as they are told to."""

    def __init__(self, platform: Platform, heads: list[Head]) -> None:
        self.platform, self.heads = platform, heads
        self._client = Client(platform.at.gateway)
        self.turn = 0  # how many commands were sent

    async def answer(self, due: float) -> Sent:
        """The next school's turn; its last answer was long ago."""
        head = self.heads[self.turn % len(self.heads)]
        self.turn += 1
        sent = Sent(head.uai, due, *await self._asked(head))
        head.revision += sent.taken
        return sent

    async def _asked(self, head: Head) -> tuple[float, Answer]:
        answer = await self._client.ask(head.next())
        return time.time(), answer

    async def warm(self) -> None:
        """Every school is addressed, and has named its two people: what follows is about people who are known."""
        while await self.addressed() < len(self.heads):
            await asyncio.sleep(0.2)
        rest = iter(range(2 * len(self.heads)))
        await asyncio.gather(*(self._each(rest) for _ in range(16)))
        assert await self.settled() == 0

    async def _each(self, turns: Iterator[int]) -> None:
        for _ in turns:
            sent = await self.answer(time.time())
            assert sent.taken, sent

    async def addressed(self) -> int:
        rows = await self.platform.fetch("hr_networks", "SELECT count(*) AS n FROM addressed_school")
        return int(rows[0]["n"])

    async def known(self) -> int:
        """How many answers training knows of; an answer's revision counts from 1."""
        [row] = await self.platform.fetch("training", "SELECT coalesce(sum(revision), 0) AS known FROM census_school")
        return int(row["known"])

    def disconnect(self) -> None:
        self._client.close()

    async def settled(self, *, within: float = 20) -> int:
        """Answers that were given and are not known to training when it has had its time; 0 is nothing lost."""
        given = sum(head.revision for head in self.heads)
        deadline = time.monotonic() + within
        while (missing := given - await self.known()) and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        return missing

    async def committed(self) -> dict[str, float]:
        """Per school, when training committed its last answer, in seconds of the machine's clock."""
        rows = await self.platform.fetch("training", COMMITTED)
        return {row["uai"]: row["committed"].timestamp() for row in rows}


def begin(platform: Platform) -> Census:
    """Load the schools, open both censuses; nobody has a mail address, so no letters are sent meanwhile."""
    visitors = Visitors(gateway=platform.at.gateway, identity=platform.at.identity)
    heads = []
    for code, issuer, prefix, commune, town in PLACES:
        schools = [School(uai(prefix, n), code, f"{code}901", "Collège", commune) for n in range(SCHOOLS)]
        load(visitors(f"territoire@{issuer}"), schools, town)
        census = open_census(visitors(f"formation@{issuer}"), code)
        heads += [Head(s, visitors.token(f"chef-{s.uai.lower()}@{issuer}"), census) for s in schools]
    visitors.close()
    return Census(platform, heads)


def uai(prefix: str, number: int) -> Uai:
    digits = f"{prefix}{8000 + number}"
    return Uai(f"{digits}{Uai.LETTERS[int(digits) % 23]}")


def load(admin: Visitor, schools: list[School], town: str) -> None:
    received = admin.send_file(IMPORTS, directory(schools, town), name="bench.csv")
    path = f"{IMPORTS}/{received['id']}"
    until(lambda: admin.get(path), lambda seen: seen["status"] == "analysed", what="the dry run")
    admin.post(f"{path}/application", expect=202)
    until(lambda: admin.get(path), lambda seen: seen["status"] == "applied", what="the import")


def directory(schools: list[School], town: str) -> bytes:
    written = io.StringIO()
    lines = csv.DictWriter(written, FIELDS, delimiter=";", restval="")
    lines.writeheader()
    lines.writerows(line(school, town) for school in schools)
    return written.getvalue().encode()


def line(school: School, town: str) -> dict[str, str]:
    return SAME | {
        "uai": school.uai,
        "nom": f"Collège fictif {school.uai}",
        "commune_insee": school.commune,
        "commune": town,
        "departement": school.uai[1:3],
        "code_academie": school.academie,
        "bassin_code": school.bassin,
    }


def open_census(office: Visitor, academie: str) -> str:
    wish = {
        "academie": academie,
        "object": "Identification des personnels de secrétariat de direction",
        "function": "Secrétariat de direction",
        "letter": "Je vous remercie de me faire connaître ces noms.",
        "signatory": "La directrice des ressources humaines",
        "contact": "formation@ac-demo.example",
        "deadline": (datetime.now(UTC).date() + timedelta(days=60)).isoformat(),
    }
    opened = office.post_once_known(CAMPAIGNS, wish, unknown="no-school-to-address", expect=201)
    return str(opened["id"])


SAME = {
    "nature": "340",
    "secteur": "public",
    "etat": "ouvert",
    "date_ouverture": "2017-09-01",
    "bassin": "MESURES",
    "bassin_depuis": "2017-09-01",
}
COMMITTED = "SELECT uai, pg_xact_commit_timestamp(xmin) AS committed FROM census_school"
