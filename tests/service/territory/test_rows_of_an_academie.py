"""What is Lille's is seen by Lille, in the database itself; and every state can be published again."""

from typing import Any

from common import outbox
from common.contracts.territory import STATE
from common.identifiers import CodeBassin, Uai, bassin_id, school_id
from territory.main import SERVICE

TABLES = ("etablissement", "membership", "bassin", "academie_profil", "import_file", "import_run", "import_line")


async def test_with_another_academie_or_none_there_are_no_rows(
    lille: Any, territory: Any, directory: Any, line: Any
) -> None:
    await lille.apply(directory(line()))
    etag = (await lille.client.get("/v1/territory/academies/09/profil")).headers["etag"]
    profil = "/v1/territory/academies/09/profil"
    await lille.client.put(profil, json={"local_name": "BEC"}, headers={"If-Match": etag})

    async with territory.db.batch(["09"]) as tx:
        assert all([await tx.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES])
    for academies in (["20"], []):
        async with territory.db.batch(academies) as tx:
            assert not any([await tx.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES])


async def test_lines_of_both_academies_are_seen_by_each_as_far_as_they_are_its_own(
    both: Any, lille: Any, directory: Any, line: Any
) -> None:
    amiens = line("0800001S", academie="20", departement="80", commune="80021", bassin="20907", bassin_nom="AMIENS")
    found = await both.dry_run(directory(line(), amiens))

    assert [x["name"] for x in await both.report(found["id"])] == ["09101", "20907", "0590318A", "0800001S"]
    assert [x["name"] for x in await lille.report(found["id"])] == ["09101", "0590318A"]


async def test_every_state_can_be_published_again_as_it_is(
    lille: Any, territory: Any, directory: Any, line: Any
) -> None:
    await lille.apply(directory(line()), effective_on="2020-09-01")
    told = await territory.told()
    subjects = {
        "BassinState": bassin_id(CodeBassin("09101")),
        "EtablissementState": school_id(Uai("0590318A")),
    }

    for kind, read in SERVICE.states.items():
        async with territory.db.batch(["09"]) as tx:
            assert await outbox.republish(tx, STATE, [subjects[kind.__name__]], read) == 1

    again = (await territory.told())[len(told) :]
    assert sorted(again, key=str) == sorted(told, key=str)
    rows = await territory.db.pool.fetch("SELECT version FROM infra.outbox ORDER BY id")
    assert [row["version"] for row in rows] == [1, 1, 2, 2]
