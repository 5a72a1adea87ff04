"""Numbers follow each other for each académie, kind and local year, whatever fails and whoever issues at once."""

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from common.identifiers import CodeAcademie
from training.meetings import store
from training.missions import api as missions
from training.missions.documents import drafts
from training.missions.domain import issue
from training.papers.domain import Kind
from training.papers.store import new_ids, record

if TYPE_CHECKING:
    from tests.service.training.papers.conftest import Intersession

MEETING = UUID(int=0x500)
PATH = f"/meetings/{MEETING}/ordres-de-mission"


async def numbers(inter: "Intersession", kind: str) -> list[str]:
    rows = await inter.play.rows(f"SELECT number FROM paper WHERE kind = '{kind}' ORDER BY year, ordinal")
    return [number for (number,) in rows]


@pytest.mark.item(134)
async def test_a_command_that_fails_after_it_took_numbers_gives_them_back(
    inter: "Intersession", monkeypatch: pytest.MonkeyPatch
) -> None:
    await inter.plan()

    async def fail(*given: Any, **more: Any) -> None:
        await record(*given, **more)
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(missions, "record", fail)
        failed = await inter.play.ask(inter.office, "POST", PATH)
    assert (failed.status_code, await numbers(inter, "OM")) == (500, [])

    await inter.send()

    assert await numbers(inter, "OM") == [f"09-OM-2008-00000{n}" for n in (1, 2, 3)]


@pytest.mark.item(134)
async def test_the_same_key_is_answered_with_the_same_papers(inter: "Intersession") -> None:
    await inter.plan()

    async with inter.play.served.as_(inter.office) as client:
        asked = [client.post(f"/v1/training{PATH}", headers={"Idempotency-Key": "retry"}) for _ in range(3)]
        answers = await asyncio.gather(*asked)

    assert {each.status_code for each in answers} == {200}
    assert len({each.content for each in answers}) == 1
    assert len(answers[0].json()["issued"]) == 3
    assert len(await numbers(inter, "OM")) == 3


@pytest.mark.item(135)
async def test_two_who_issue_at_once_share_one_sequence(inter: "Intersession") -> None:
    """One convenes the bassin to its meeting, the other the group to its session."""
    await inter.plan()

    await asyncio.gather(inter.convene(), inter.convene_group(1), inter.send())

    assert await numbers(inter, "CV") == [f"09-CV-2008-00000{n}" for n in range(1, 9)]
    assert await numbers(inter, "OM") == [f"09-OM-2008-00000{n}" for n in range(1, 4)]


@pytest.mark.item(134)
async def test_who_issues_after_midnight_waits_for_who_still_issues_in_the_old_year(inter: "Intersession") -> None:
    await inter.plan()
    inter.play.at(2007, 12, 31, 22, 59)  # a minute before 2008 in Lille

    async with inter.play.served.db.batch([CodeAcademie("09")]) as tx:
        sheet = await store.hold(tx, MEETING, Kind.ORDRE_DE_MISSION)
        issued = issue(sheet, new_ids(), at=tx.at)
        await record(tx, sheet.counter, drafts(sheet, issued), issued)
        await tx.fetchval("SELECT 1")  # written, and not committed yet
        inter.play.at(2007, 12, 31, 23)
        second = asyncio.create_task(inter.send())
        await asyncio.sleep(0.3)
        assert not second.done()

    answer = await second
    assert (answer["issued"], len(answer["already"])) == ([], 3)
    assert await numbers(inter, "OM") == [f"09-OM-2007-00000{n}" for n in (1, 2, 3)]


async def test_each_academie_and_each_kind_count_for_themselves(inter: "Intersession") -> None:
    await inter.plan()
    await inter.send()
    await inter.convene()
    inter.play.at(2008, 12, 31, 22, 59)
    await inter.hold()
    old = (await inter.papers(kind="OM"))[0]["id"]
    await inter.post(inter.office, f"/papers/{old}/cancellation", {"reason": "Erreur."})
    inter.play.at(2008, 12, 31, 23)
    new = (await inter.papers(kind="OM", status="in-force"))[0]["id"]
    await inter.post(inter.office, f"/papers/{new}/cancellation", {"reason": "Erreur."})

    assert await numbers(inter, "OM") == [*(f"09-OM-2008-00000{n}" for n in range(1, 5)), "09-OM-2009-000001"]
    assert await inter.play.rows("SELECT kind, year, last FROM paper_counter ORDER BY kind, year") == [
        ("CV", 2008, 5), ("OM", 2008, 4), ("OM", 2009, 1),
    ]  # fmt: skip
