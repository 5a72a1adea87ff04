"""An application does what its dry run announced: once, in chunks, whatever dies meanwhile."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest

from common.identity import Role
from territory.imports import application, store
from territory.imports.application import Application
from territory.imports.importer import Importer
from territory.imports.store import LeaseLost

DEMO = Path(__file__).parents[3] / "services" / "territory" / "demo" / "etablissements.csv"


async def schools(importing: Any, **filters: str) -> list[dict[str, Any]]:
    answer = await importing.client.get("/v1/territory/etablissements", params={"limit": "200", **filters})
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def histories(importing: Any, uai: str) -> list[tuple[str, str, str | None]]:
    found = (await importing.client.get(f"/v1/territory/etablissements/{uai}")).json()
    return [(m["bassin"], m["since"], m["until"]) for m in found["memberships"]]


async def versions(territory: Any) -> list[int]:
    rows = await territory.db.pool.fetch("SELECT version FROM infra.outbox ORDER BY id")
    return [row["version"] for row in rows]


async def test_what_was_announced_becomes_true_and_is_told(lille: Any, territory: Any) -> None:
    found = await lille.apply(DEMO.read_text("utf-8"))

    told = await territory.told()
    assert (found["status"], found["done"], found["total"]) == ("applied", 42, 42)
    assert len(await schools(lille)) == 28
    assert {(kind.split(".")[3], academie) for kind, academie, _ in told} == {("bassin", "09"), ("etablissement", "09")}
    assert len(told) == 42


@pytest.mark.item(9)
async def test_the_published_state_holds_the_dated_history(
    lille: Any, territory: Any, directory: Any, line: Any
) -> None:
    both = directory(line(), line("0590001F", bassin="09102", bassin_nom="LILLE OUEST"))
    await lille.apply(both, effective_on="2020-09-01")
    await lille.apply(directory(line(bassin="09102", bassin_nom="LILLE OUEST")), effective_on="2026-09-01")

    _, _, state = (await territory.told())[-1]

    assert (state["uai"], state["sector"], state["level"]) == ("0590318A", "public", "second-degre")
    assert state["memberships"] == [
        {"bassin": "09101", "since": "2020-09-01", "until": "2026-09-01"},
        {"bassin": "09102", "since": "2026-09-01", "until": None},
    ]


async def test_the_same_file_again_changes_nothing_and_publishes_nothing(lille: Any, territory: Any) -> None:
    await lille.apply(DEMO.read_text("utf-8"))
    before = await versions(territory)

    again = await lille.apply(DEMO.read_text("utf-8"))

    assert (again["counts"], again["bassins"], again["total"]) == ({"unchanged": 28}, {}, 0)
    assert await versions(territory) == before


async def test_each_kind_of_difference_is_reported_and_applied(
    lille: Any, territory: Any, directory: Any, line: Any, uai: Any
) -> None:
    names = [uai(590001 + n) for n in range(6)]
    await lille.apply(directory(*(line(name) for name in names), line(uai(590100), bassin="09102", bassin_nom="OUEST")))
    told = len(await territory.told())

    found = await lille.apply(
        directory(
            line(names[0]),
            line(names[1], nom="Collège Neuf"),
            line(names[2], bassin="09102"),
            line(names[3], etat="FERME"),
            line(names[4], nature="352"),
            line(uai(590200)),
            line(uai(590100), bassin="09102", bassin_nom="LILLE OUEST"),
        )
    )

    expected = {"opened": 1, "closed": 1, "renamed": 1, "moved": 1, "amended": 1, "unchanged": 2, "absent": 1}
    assert found["counts"] == expected
    assert found["bassins"] == {"renamed": 1}
    assert len(await territory.told()) == told + 6
    assert {s["uai"] for s in await schools(lille, open_on=found["effective_on"])} == {
        *names[:3], names[4], names[5], uai(590100), uai(590200)
    }  # fmt: skip


async def test_absent_schools_are_closed_only_if_the_importer_says_so(
    lille: Any, directory: Any, line: Any, uai: Any
) -> None:
    kept, left = uai(590001), uai(590002)
    await lille.apply(directory(line(kept), line(left)), effective_on="2020-09-01")

    reported = await lille.apply(directory(line(kept)), effective_on="2026-09-01")
    assert await histories(lille, left) == [("09101", "2020-09-01", None)]
    closed = await lille.apply(directory(line(kept)), effective_on="2026-09-01", close_absent="true")

    assert reported["counts"] == {"unchanged": 1, "absent": 1}
    assert closed["counts"] == {"unchanged": 1, "absent": 1, "closed": 1}
    assert await histories(lille, left) == [("09101", "2020-09-01", "2026-09-01")]


async def test_a_file_of_one_academie_says_nothing_about_the_other(both: Any, directory: Any, line: Any) -> None:
    amiens = line("0800001S", academie="20", departement="80", commune="80021", bassin="20907", bassin_nom="AMIENS")
    await both.apply(directory(line(), amiens))

    found = await both.apply(directory(amiens), close_absent="true")

    assert found["counts"] == {"unchanged": 1}


async def test_no_absent_school_is_closed_while_a_line_may_be_its_own(
    lille: Any, directory: Any, line: Any, uai: Any
) -> None:
    await lille.apply(directory(line(uai(590001)), line(uai(590002))))

    found = await lille.dry_run(directory(line(uai(590001)), line("0590002Z")), close_absent="true")
    (absent,) = await lille.report(found["id"], kind="absent")

    assert found["counts"] == {"unchanged": 1, "refused": 1, "absent": 1, "warned": 1}
    assert [entry["code"] for entry in absent["entries"]] == ["", "closing-withheld"]


async def test_what_was_not_tried_is_not_applied(lille: Any, directory: Any, line: Any) -> None:
    sent = await lille.send(directory(line()))

    refusal = await lille.decide(sent["id"])

    assert (refusal.status_code, refusal.json()["type"]) == (409, "/problems/import-not-analysed")


async def test_a_report_that_another_import_outdated_is_not_applied(lille: Any, directory: Any, line: Any) -> None:
    old = await lille.dry_run(directory(line(nom="Ancien")))
    await lille.apply(directory(line(nom="Nouveau")))

    refusal = await lille.decide(old["id"])

    assert (refusal.status_code, refusal.json()["type"]) == (409, "/problems/import-outdated")


async def test_two_decisions_of_one_import_are_one(lille: Any, territory: Any, directory: Any, line: Any) -> None:
    found = await lille.dry_run(directory(line()))

    answers = await asyncio.gather(*(lille.decide(found["id"]) for _ in range(3)))
    await lille.work()

    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert not await lille.work()
    assert await versions(territory) == [1, 1]


async def test_only_who_covers_every_academie_of_the_dry_run_decides(
    both: Any, lille: Any, directory: Any, line: Any
) -> None:
    found = await both.dry_run(directory(line()))

    refusal = await lille.decide(found["id"])

    assert (refusal.status_code, refusal.json()["type"]) == (403, "/problems/not-yours")


async def test_a_decision_is_audited_in_each_academie_it_concerns(
    both: Any, territory: Any, directory: Any, line: Any
) -> None:
    found = await both.apply(directory(line()))

    async with territory.db.batch(["09", "20"]) as tx:
        lines = await tx.fetch("SELECT academie, action, subject, agent FROM audit ORDER BY academie")

    assert [(row["academie"], row["action"], str(row["subject"])) for row in lines] == [
        ("09", "import-decided", found["id"]),
        ("20", "import-decided", found["id"]),
    ]
    assert all(row["agent"] is not None for row in lines)


async def test_an_application_that_died_goes_on_behind_its_last_chunk(
    lille: Any, territory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application, "CHUNK", 10)
    found = await lille.dry_run(DEMO.read_text("utf-8"))
    await lille.decide(found["id"])
    dead = uuid4()
    async with territory.db.batch(territory.settings.academies) as tx:
        run = await store.claim(tx, dead)
    assert run is not None
    half_done = Application(territory.db, run, territory.settings.academies, dead)
    assert await half_done.apply_chunk()
    assert await half_done.apply_chunk()
    async with territory.db.batch(["09"]) as tx:
        await tx.execute("UPDATE import_run SET alive_at = alive_at - interval '11 seconds'")

    assert (await lille.shown(found["id"]))["done"] == 20
    assert await lille.work()

    assert (await lille.shown(found["id"]))["status"] == "applied"
    assert await versions(territory) == [1] * 42
    with pytest.raises(LeaseLost):
        await half_done.apply_chunk()


async def test_a_run_at_work_is_nobody_elses(lille: Any, territory: Any, directory: Any, line: Any) -> None:
    await lille.send(directory(line()))

    async with territory.db.batch(territory.settings.academies) as tx:
        first, second = await store.claim(tx, uuid4()), await store.claim(tx, uuid4())

    assert first is not None
    assert second is None


async def test_an_import_that_keeps_dying_is_given_up_and_says_so(
    lille: Any, territory: Any, directory: Any, line: Any
) -> None:
    sent = await lille.send(directory(line()))
    for _ in range(4):
        async with territory.db.batch(territory.settings.academies) as tx:
            await store.claim(tx, worker := uuid4())
            await tx.execute("UPDATE import_run SET alive_at = NULL WHERE worker = $1", worker)

    assert (await lille.shown(sent["id"]))["status"] == "failed"
    assert not await lille.work()


async def test_the_work_is_done_in_a_child_process_that_may_be_killed(
    lille: Any, territory: Any, directory: Any, line: Any, uai: Any
) -> None:
    text = directory(*(line(uai(590000 + n)) for n in range(3000)))
    importer = Importer(territory.settings)
    found = await lille.send(text)
    assert await importer.once(territory.db)
    await lille.decide(found["id"])

    working = asyncio.create_task(importer.once(territory.db))
    while (await lille.shown(found["id"]))["done"] < 1000:  # noqa: ASYNC110 - another process sets no event of ours
        await asyncio.sleep(0.01)
    for child in psutil.Process().children():
        if "territory.imports.worker" in child.cmdline():
            child.kill()
    await working
    interrupted = await lille.shown(found["id"])
    await importer.once(territory.db)

    assert interrupted["status"] == "applying"
    assert (await lille.shown(found["id"]))["status"] == "applied"
    assert await versions(territory) == [1] * 3001


async def test_without_a_mandate_for_the_territory_nothing_is_imported(territory: Any, agent: Any) -> None:
    for role in (Role.RESPONSABLE_FORMATION, Role.AGENT, Role.EXPLOITATION):
        client = territory.as_(agent(role, "09"))
        answer = await client.post("/v1/territory/imports", content=b"x", headers={"Content-Type": "text/csv"})
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-yours")


async def test_the_effective_day_is_the_business_clocks_today(
    serve: Any, agent: Any, directory: Any, line: Any
) -> None:
    served = await serve("territory", at=datetime(2007, 10, 25, 22, 30, tzinfo=UTC))  # half past midnight in Paris
    client = served.as_(agent(Role.ADMINISTRATEUR_TERRITOIRE, "09"))

    answer = await client.post(
        "/v1/territory/imports", content=directory(line()).encode(), headers={"Content-Type": "text/csv"}
    )

    assert answer.json()["effective_on"] == "2007-10-26"
    assert datetime.fromisoformat(answer.json()["received_at"]) - served.app.state.clock.at < timedelta(seconds=1)
