"""The whole country in one file: 65,000 lines through the real child process, with wide margins for a slow machine."""

import asyncio
import io
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import psutil

from territory.imports import worker
from territory.imports.importer import Importer

LINES, OURS = 65_000, 1_300
SECONDS = 40.0  # 4 on an idle machine
LARGEST = 300 * 2**20  # bytes of the child
HEADER = (
    "Identifiant_de_l_etablissement;Nom_etablissement;Statut_public_prive;Adresse_1;Code_commune;Nom_commune;"
    "Code_departement;Code_academie;Mail;SIREN_SIRET;date_ouverture;etat;code_nature;libelle_nature;"
    "code_bassin_formation;libelle_bassin_formation\n"
)


def national(uai: Any) -> str:
    """Every fiftieth line is of Lille, the others of 29 académies that are not served here."""
    text = io.StringIO()
    text.write(HEADER)
    for n in range(LINES):
        ours = n % (LINES // OURS) == 0
        place = "59350;Lille;059;09" if ours else f"13055;Ailleurs;013;{(n % 8) + 1:02}"
        text.write(
            f"{uai(100000 + n)};École d’essai {n};Public;{n} rue de l’Église;{place};ce.{n}@ac-demo.example;;"
            f"1967-05-01;OUVERT;151;ECOLE DE NIVEAU ELEMENTAIRE;{'09101;LILLE CENTRE' if ours else ';'}\n"
        )
    return text.getvalue()


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if worker.__name__ in child.cmdline()]


async def largest_while(working: asyncio.Task[bool]) -> int:
    """The most memory the child held, as we looked."""
    largest = 0
    while not working.done():
        for child in children():
            try:
                largest = max(largest, child.memory_info().rss)
            except psutil.NoSuchProcess:
                continue
        await asyncio.sleep(0.1)
    assert await working
    return largest


async def test_it_is_tried_and_applied_in_seconds_and_in_little_memory(lille: Any, territory: Any, uai: Any) -> None:
    importer = Importer(territory.settings)
    sent = await lille.send(national(uai))
    began = time.monotonic()

    tried = await largest_while(asyncio.create_task(importer.once(territory.db)))
    found = await lille.shown(sent["id"])
    await lille.decide(sent["id"])
    applied = await largest_while(asyncio.create_task(importer.once(territory.db)))

    assert found["counts"] == {"opened": OURS}
    assert found["by_academie"] == {"09": {"opened": OURS}}
    assert sum(found["skipped"]["not_served"].values()) == LINES - OURS
    assert (await lille.shown(sent["id"]))["status"] == "applied"
    assert time.monotonic() - began < SECONDS
    assert 0 < max(tried, applied) < LARGEST


SERVICE = """
import asyncio, sys, msgspec
from common.clock import Clock
from common.db import Database, connect
from common.identifiers import dec_hook
from common.settings import Settings
from territory.imports.importer import Importer

async def main():
    settings = msgspec.json.decode(sys.stdin.readline(), type=Settings, dec_hook=lambda kind, value: kind(value))
    db = Database("territory", await connect(settings.database_url, size=2), Clock())
    await Importer(settings).run(db)

asyncio.run(main())
"""


async def test_a_service_that_is_killed_takes_its_child_along_and_the_next_one_goes_on(
    lille: Any, territory: Any, directory: Any, line: Any, uai: Any
) -> None:
    found = await lille.dry_run(directory(*(line(uai(590000 + n)) for n in range(3000))))
    await lille.decide(found["id"])
    service = await asyncio.create_subprocess_exec(sys.executable, "-c", SERVICE, stdin=asyncio.subprocess.PIPE)
    assert service.stdin is not None
    service.stdin.write(msgspec.json.encode(territory.settings, enc_hook=plain) + b"\n")
    while (await lille.shown(found["id"]))["done"] < 1000:  # noqa: ASYNC110 - another process sets no event of ours
        await asyncio.sleep(0.01)

    (child,) = psutil.Process(service.pid).children()
    service.kill()
    await service.wait()
    child.wait(timeout=5)
    halfway = await lille.shown(found["id"])
    async with territory.db.batch(["09"]) as tx:
        await tx.execute("UPDATE import_run SET alive_at = alive_at - interval '11 seconds'")
    await Importer(territory.settings).once(territory.db)

    versions = await territory.db.pool.fetch("SELECT version, count(*) AS n FROM infra.outbox GROUP BY version")
    assert halfway["status"] == "applying"
    assert 0 < halfway["done"] < 3000
    assert (await lille.shown(found["id"]))["status"] == "applied"
    assert [(row["version"], row["n"]) for row in versions] == [(1, 3001)]


def plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else str.__str__(value)
