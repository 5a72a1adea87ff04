"""To which bassin did this UAI belong on that date? Asked by people, decided by an administrateur."""

import asyncio
from typing import Any

import asyncpg
import pytest

from common.identity import Role

SCHOOL = "/v1/territory/etablissements/0590318A"


@pytest.fixture
async def two_bassins(lille: Any, directory: Any, line: Any, uai: Any) -> None:
    other = line("0590001F", bassin="09102", bassin_nom="LILLE OUEST")
    pas_de_calais = line(uai(620001), departement="62", commune="62041", bassin="09111", bassin_nom="LENS")
    await lille.apply(directory(line(), other, pas_de_calais), effective_on="2020-09-01")


def attachment(bassin: str, since: str) -> dict[str, str]:
    return {"bassin": bassin, "since": since, "reason": "Carte scolaire"}


@pytest.mark.item(9)
@pytest.mark.usefixtures("two_bassins")
async def test_the_answer_depends_on_the_day(lille: Any) -> None:
    await lille.client.post(f"{SCHOOL}/memberships", json=attachment("09102", "2026-09-01"))

    async def on(day: str) -> str | None:
        answer = (await lille.client.get(f"{SCHOOL}/bassin?on={day}")).json()
        return None if answer["bassin"] is None else answer["bassin"]["name"]

    assert await on("2020-08-31") is None
    assert await on("2020-09-01") == "LILLE CENTRE"
    assert await on("2026-08-31") == "LILLE CENTRE"
    assert await on("2026-09-01") == "LILLE OUEST"


@pytest.mark.usefixtures("two_bassins")
async def test_attaching_a_school_answers_tells_and_audits(lille: Any, territory: Any) -> None:
    answer = await lille.client.post(f"{SCHOOL}/memberships", json=attachment("09102", "2026-09-01"))

    assert answer.status_code == 201
    assert [m["bassin"] for m in answer.json()["memberships"]] == ["09101", "09102"]
    kind, academie, state = (await territory.told())[-1]
    assert (kind, academie, state["uai"]) == ("fr.bassin.territory.etablissement.v1", "09", "0590318A")
    async with territory.db.batch(["09"]) as tx:
        row = await tx.fetchrow("SELECT * FROM audit JOIN audit_reason ON audit = id WHERE action LIKE 'etab%'")
    assert (row["detail"], row["reason"]) == ('{"since": "2026-09-01", "bassin": "09102"}', "Carte scolaire")


@pytest.mark.usefixtures("two_bassins")
async def test_attaching_a_school_where_it_is_publishes_nothing(lille: Any, territory: Any) -> None:
    before = len(await territory.told())

    answer = await lille.client.post(f"{SCHOOL}/memberships", json=attachment("09101", "2026-09-01"))

    assert answer.status_code == 201
    assert len(await territory.told()) == before


@pytest.mark.item(8)
@pytest.mark.usefixtures("two_bassins")
async def test_a_rule_that_says_no_changes_nothing(lille: Any, territory: Any) -> None:
    before = len(await territory.told())

    for wish, status, problem in [
        (attachment("09111", "2026-09-01"), 409, "bassin-in-another-departement"),
        (attachment("09102", "2019-09-01"), 409, "history-is-newer"),
        (attachment("09199", "2026-09-01"), 404, "unknown-bassin"),
        (attachment("9101", "2026-09-01"), 422, "malformed"),
        (attachment("09102", "demain"), 422, "malformed"),
        ({**attachment("09102", "2026-09-01"), "until": "2027-01-01"}, 422, "malformed"),
    ]:
        answer = await lille.client.post(f"{SCHOOL}/memberships", json=wish)
        assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{problem}")
    assert len(await territory.told()) == before


@pytest.mark.usefixtures("two_bassins")
async def test_a_school_of_another_academie_does_not_exist(amiens: Any) -> None:
    for answer in (
        await amiens.client.get(SCHOOL),
        await amiens.client.get(f"{SCHOOL}/bassin"),
        await amiens.client.post(f"{SCHOOL}/memberships", json=attachment("09102", "2026-09-01")),
    ):
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-etablissement")
    assert (await amiens.client.get("/v1/territory/bassins/09101")).status_code == 404


@pytest.mark.usefixtures("two_bassins")
async def test_an_administrateur_of_another_academie_who_sees_it_does_not_decide(territory: Any, agent: Any) -> None:
    colleague = agent(Role.ADMINISTRATEUR_TERRITOIRE, "20")
    reader = agent(Role.AGENT, "09")
    both = type(colleague)(
        id=colleague.id, academie=colleague.academie, mandates=(*colleague.mandates, *reader.mandates)
    )

    answer = await territory.as_(both).post(f"{SCHOOL}/memberships", json=attachment("09102", "2026-09-01"))

    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-yours")


@pytest.mark.usefixtures("two_bassins")
async def test_two_people_who_attach_at_once_leave_one_history(lille: Any) -> None:
    answers = await asyncio.gather(
        *(
            lille.client.post(f"{SCHOOL}/memberships", json=attachment(bassin, since))
            for bassin, since in [("09102", "2026-09-01"), ("09101", "2026-10-01"), ("09102", "2026-11-01")]
        )
    )

    history = (await lille.client.get(SCHOOL)).json()["memberships"]

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert [m["until"] for m in history[:-1]] == [m["since"] for m in history[1:]]
    assert history[-1]["until"] is None


@pytest.mark.usefixtures("two_bassins")
async def test_an_unchanged_school_has_the_same_etag_and_a_changed_one_another(lille: Any) -> None:
    first, same = [(await lille.client.get(SCHOOL)).headers["etag"] for _ in range(2)]
    await lille.client.post(f"{SCHOOL}/memberships", json=attachment("09102", "2026-09-01"))

    assert first == same != (await lille.client.get(SCHOOL)).headers["etag"]


@pytest.mark.item(6)
@pytest.mark.usefixtures("two_bassins")
async def test_a_bassin_is_closed_once_its_schools_have_left(lille: Any, territory: Any) -> None:
    closing = {"on": "2026-09-01", "reason": "Regroupement"}
    refused = await lille.client.post("/v1/territory/bassins/09101/closing", json=closing)
    await lille.client.post(f"{SCHOOL}/memberships", json=attachment("09102", "2026-09-01"))
    closed = await lille.client.post("/v1/territory/bassins/09101/closing", json=closing)
    back = await lille.client.post(f"{SCHOOL}/memberships", json=attachment("09101", "2026-10-01"))

    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/bassin-not-empty")
    assert (closed.status_code, closed.json()["closed_on"]) == (200, "2026-09-01")
    assert (await territory.told())[-1][2]["closed_on"] == "2026-09-01"
    assert back.json()["type"] == "/problems/bassin-closed"


@pytest.mark.usefixtures("two_bassins")
async def test_a_bassin_does_not_close_over_a_school_that_joins_it_meanwhile(lille: Any) -> None:
    await lille.client.post(f"{SCHOOL}/memberships", json=attachment("09102", "2026-09-01"))

    joined, closed = await asyncio.gather(
        lille.client.post(f"{SCHOOL}/memberships", json=attachment("09101", "2026-10-01")),
        lille.client.post("/v1/territory/bassins/09101/closing", json={"on": "2026-09-15"}),
    )

    assert sorted([joined.status_code, closed.status_code]) in ([200, 409], [201, 409])


@pytest.mark.item(9)
@pytest.mark.usefixtures("two_bassins")
async def test_the_database_itself_keeps_memberships_apart(territory: Any) -> None:
    for since, until, previous, constraint in [
        ("2026-01-01", None, None, "one_bassin_at_a_time"),
        ("2026-01-01", None, "2026-01-01", "one_membership_ends_at_a_time"),
        ("2019-01-01", "2019-01-01", None, "a_membership_lasts"),
        ("2019-01-01", "2019-06-01", "2020-06-01", "memberships_do_not_overlap"),
        ("2030-01-01", "2031-01-01", "2029-01-01", "a_membership_follows_another"),
    ]:
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
            async with territory.db.batch(["09"]) as tx:
                await tx.execute(INSERT, since, until, previous)
        assert refused.value.constraint_name == constraint


INSERT = """
INSERT INTO membership (academie, uai, since, until, bassin, previous_until)
VALUES ('09', '0590318A', $1::text::date, $2::text::date, '09102', $3::text::date)
"""
