"""A whole directory comes into empty tables: who asks meanwhile is not made to wait by plans of the day before."""

import time
from collections.abc import Iterator
from datetime import date
from typing import Any

from common.contracts.territory import Membership
from common.identifiers import CodeAcademie, CodeBassin, CodeDepartement, CommuneInsee, Uai
from territory.directory import store
from territory.directory.domain import Bassin, Etablissement
from territory.imports.store import open_schools
from territory.imports.store import schools as load

SCHOOLS = 6000
LILLE, NORD = CodeAcademie("09"), CodeDepartement("59")
LONGEST = 1.5  # seconds; a plan that compares each school with each other one takes ten times as long
ROUTES = (
    "/v1/territory/bassins",
    "/v1/territory/bassins/09101",
    "/v1/territory/etablissements?bassin=09102&q=essai",
    "/v1/territory/etablissements",
    "/v1/territory/etablissements/0590001F/bassin",
)


def directory(uai: Any) -> Iterator[Etablissement]:
    for number in range(SCHOOLS):
        yield Etablissement(
            uai=Uai(uai(590001 + number)),
            name=f"Essai {number}",
            nature="340",
            sector="public",
            commune=CommuneInsee("59350"),
            departement=NORD,
            academie=LILLE,
            memberships=(Membership(bassin=f"0910{number % 9 + 1}", since=date(2020, 9, 1)),),
        )


async def test_no_answer_is_slow_after_it(lille: Any, territory: Any, uai: Any) -> None:
    for route in ROUTES * 8:  # a connection keeps the plan of what it was asked often
        await lille.client.get(route)

    bassins = [
        Bassin(code=CodeBassin(f"0910{n}"), name=f"B{n}", departement=NORD, academie=LILLE) for n in range(1, 10)
    ]
    schools = list(directory(uai))
    async with territory.db.batch([LILLE]) as tx:
        await store.record_bassins(tx, bassins, "bassin")
    for start in range(0, SCHOOLS, 1000):
        async with territory.db.batch([LILLE]) as tx:
            await store.record_schools(tx, schools[start : start + 1000])

    for route in ROUTES:
        began = time.monotonic()
        answer = await lille.client.get(route)
        assert answer.status_code == 200
        assert time.monotonic() - began < LONGEST, route


async def test_the_next_import_finds_what_it_compares_with_at_once(lille: Any, territory: Any, uai: Any) -> None:
    schools = list(directory(uai))
    async with territory.db.batch([LILLE]) as tx:
        await store.record_bassins(
            tx,
            [Bassin(code=CodeBassin(f"0910{n}"), name="B", departement=NORD, academie=LILLE) for n in range(1, 10)],
            "bassin",
        )
    for start in range(0, SCHOOLS, 1000):
        async with territory.db.batch([LILLE]) as tx:
            await store.record_schools(tx, schools[start : start + 1000])

    began = time.monotonic()
    async with territory.db.batch([LILLE]) as tx:
        found = await load(tx, [LILLE], [school.uai for school in schools[:1000]])
        locked = await store.lock_schools(tx, [LILLE], [school.uai for school in schools[:1000]])
        known = await open_schools(tx, [LILLE], date(2026, 9, 1))

    assert (len(found), len(locked), len(known[LILLE])) == (1000, 1000, SCHOOLS)
    assert found == {school.uai: school for school in schools[:1000]}
    assert time.monotonic() - began < LONGEST
