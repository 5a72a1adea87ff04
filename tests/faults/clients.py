"""Heads of schools who answer and correct through the gateway; what each was told is written down at once."""

import asyncio
import contextlib
import random
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
from msgspec import Struct
from tests.faults.checker import Command, Outcome

from common.local.journey import CAMPAIGNS, School, named, read_academies
from common.local.visitor import Visitors

CENSUSES = 3  # in each académie; a school has one answer, hence one subject, in each
TIMEOUT = 15.0  # seconds; afterwards nobody knows
WISH = {"function": "Secrétariat de direction", "letter": "Merci de répondre.", "signatory": "La directrice"}


class Desk(Struct):
    """One school's answer to one census: a subject, and the revision that its head knows of."""

    school: School
    census: str
    token: str
    revision: int = 0
    doubtful: bool = False  # the last command may or may not have taken place

    @property
    def subject(self) -> str:
        return f"{self.census}/{self.school.uai}"

    @property
    def path(self) -> str:
        return f"{CAMPAIGNS}/{self.census}/answers/{self.school.uai}"


class Clients:
    """All who write. `commands` is what they were told; the file holds the same, a line each, flushed."""

    def __init__(self, gateway: str, identity: str, file: Path) -> None:
        self._gateway, self._identity = gateway, identity
        self._file = file.open("ab", buffering=0)
        self._http = httpx.AsyncClient(base_url=gateway, timeout=TIMEOUT, limits=httpx.Limits(max_connections=64))
        self.commands: list[Command] = []
        self.answers = Counter[tuple[int, bool]]()  # of commands: status, with Retry-After
        self.latencies: list[float] = []  # seconds, of what was acknowledged
        self.last_failure = 0.0  # by the monotonic clock: when a command last got no 2xx
        self.desks: list[Desk] = []
        self._busy: set[str] = set()

    async def open(self) -> None:
        self.desks = await asyncio.to_thread(lambda: list(self._censuses()))

    async def close(self) -> None:
        await self._http.aclose()
        self._file.close()

    def through(self, gateway: str) -> None:
        """From now on commands go there."""
        self._http.base_url = httpx.URL(gateway)

    def _censuses(self) -> Iterator[Desk]:
        people = Visitors(gateway=self._gateway, identity=self._identity)
        deadline = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
        for academie in read_academies():
            office = people(f"formation@{academie.issuer}")
            heads = {s.uai: people(f"chef-{s.uai.lower()}@{academie.issuer}") for s in academie.schools}
            wish = {**WISH, "academie": academie.code, "contact": f"x@ac-{academie.issuer}.example"}
            for number in range(CENSUSES):
                opened = office.post_once_known(
                    CAMPAIGNS,
                    {**wish, "object": f"Recensement {number}", "deadline": deadline},
                    unknown="no-school-to-address",
                    expect=201,
                )
                asked = {line["uai"] for line in office.all(f"{CAMPAIGNS}/{opened['id']}/answers")}
                for school in (s for s in academie.schools if s.uai in asked):
                    yield Desk(school, opened["id"], heads[school.uai].token)
        people.close()

    @asynccontextmanager
    async def writing(self, rng: random.Random, *, clients: int = 4, pause: float = 0.0) -> AsyncIterator[None]:
        """So many clients, one command after the other each, until the block ends."""
        stop = asyncio.Event()
        tasks = [asyncio.create_task(self._write(random.Random(rng.random()), stop, pause)) for _ in range(clients)]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*tasks)

    async def write(
        self, rng: random.Random, number: int, *, clients: int = 8, desks: Sequence[Desk] | None = None
    ) -> None:
        """So many commands, then done; `desks` has more than there are clients."""
        left = iter(range(number))

        async def some() -> None:
            for _ in left:
                await self.command(self._take(rng, desks), rng)

        await asyncio.gather(*(some() for _ in range(clients)))

    async def _write(self, rng: random.Random, stop: asyncio.Event, pause: float) -> None:
        while not stop.is_set():
            told = await self.command(self._take(rng), rng)
            await asyncio.sleep(pause if told is Outcome.ACKNOWLEDGED else max(pause, 0.05))

    def _take(self, rng: random.Random, desks: Sequence[Desk] | None = None) -> Desk:
        """Of a school that nobody answers for: two who name its person at once are told to come again (503)."""
        free = [desk for desk in desks or self.desks if desk.subject not in self._busy]
        schools = {desk.school.uai for desk in self.desks if desk.subject in self._busy}
        return rng.choice([desk for desk in free if desk.school.uai not in schools] or free)

    async def command(self, desk: Desk, rng: random.Random) -> Outcome | None:
        """A correction of the answer; None when it is not known what to correct."""
        self._busy.add(desk.subject)
        try:
            if desk.doubtful and not await self._look(desk):
                return None
            person = {**named(desk.school, 1), "given_names": f"Claire {rng.getrandbits(40):x}"}
            begun = asyncio.get_running_loop().time()
            outcome = await self._put(desk, {"persons": [person]})
            self._note(desk, outcome)
            if outcome is Outcome.ACKNOWLEDGED:
                self.latencies.append(asyncio.get_running_loop().time() - begun)
            return outcome
        finally:
            self._busy.discard(desk.subject)

    async def _put(self, desk: Desk, body: dict[str, Any]) -> Outcome:
        match = {"If-Match": f'"{desk.revision}"'} if desk.revision else {}
        try:
            answer = await self._http.put(desk.path, json=body, headers=_as(desk) | match)
        except httpx.HTTPError:
            return Outcome.INDETERMINATE
        self.answers[answer.status_code, "retry-after" in answer.headers] += 1
        if answer.is_success:
            said = answer.json()
            assert (said["uai"], said["revision"]) == (desk.school.uai, desk.revision + 1), said
            return Outcome.ACKNOWLEDGED
        return Outcome.INDETERMINATE if answer.is_server_error else Outcome.REFUSED

    def _note(self, desk: Desk, outcome: Outcome) -> None:
        command = Command(desk.school.academie, desk.subject, desk.revision + 1, outcome)
        self._file.write(msgspec.json.encode(command) + b"\n")
        self.commands.append(command)
        desk.revision += outcome is Outcome.ACKNOWLEDGED
        desk.doubtful = outcome is not Outcome.ACKNOWLEDGED
        if desk.doubtful:
            self.last_failure = time.monotonic()

    async def _look(self, desk: Desk) -> bool:
        """Where the answer is; what may still be under way will then fail on its If-Match, or make ours fail."""
        with contextlib.suppress(httpx.HTTPError):
            answer = await self._http.get(desk.path, headers=_as(desk))
            if answer.status_code in {200, 404}:
                desk.revision = answer.json()["revision"] if answer.status_code == 200 else 0
                desk.doubtful = False
        return not desk.doubtful


def _as(desk: Desk) -> dict[str, str]:
    return {"Authorization": f"Bearer {desk.token}", "X-Request-Id": str(uuid.uuid4())}
