"""Reminders go to the silent schools alone, at the steps of their rhythm, and each leaves a trace."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.service.hr_networks.conftest import Census

Named = Callable[..., dict[str, str]]


async def reminders(census: "Census") -> list[str]:
    return [to for (to,) in await census.rows("SELECT recipient FROM mail WHERE kind = 'census-reminder' ORDER BY 1")]


async def they_leave(census: "Census") -> None:
    async with census.served.db.batch(census.served.settings.academies) as tx:
        await tx.execute("UPDATE mail SET state = 'sent'")


@pytest.mark.item(141)
async def test_only_silent_schools_are_reminded_and_once_a_step(census: "Census", named: Named) -> None:
    opened = await census.open()
    await census.served.run_job("announce_to_schools")
    await census.answer(opened, census.college, named())

    census.at(2007, 11, 12, 22)
    await census.served.run_job("remind_silent_schools")
    assert await reminders(census) == []

    census.at(2007, 11, 13, 8)
    await census.served.run_job("remind_silent_schools")
    await census.served.run_job("remind_silent_schools")
    silent = [f"ce.{uai.lower()}@ac-test.example" for uai in (census.lycee, census.college_roubaix)]
    assert await reminders(census) == silent
    await they_leave(census)

    await census.answer(opened, census.lycee, named("Bruno", "Calmette"))
    census.at(2007, 11, 18, 8)
    await census.served.run_job("remind_silent_schools")
    assert await reminders(census) == sorted([*silent, silent[1]])

    listed = (await census.get(f"/campaigns/{opened}/answers", census.as_office()))["items"]
    assert [each["reminded_on"] for each in listed] == [[], ["2007-11-13"], ["2007-11-13", "2007-11-18"]]


async def test_a_reminder_that_could_not_leave_before_the_answer_never_leaves(census: "Census", named: Named) -> None:
    opened = await census.open()
    await census.served.run_job("announce_to_schools")
    census.at(2007, 11, 13, 8)
    await census.served.run_job("remind_silent_schools")
    async with census.served.db.batch(census.served.settings.academies) as tx:  # one is under way already
        await tx.execute("UPDATE mail SET lease = gen_random_uuid() WHERE key LIKE $1", f"%/{census.lycee}/reminder/%")

    await census.answer(opened, census.college, named())
    await census.answer(opened, census.lycee, named("Bruno", "Calmette"))

    still = [f"ce.{uai.lower()}@ac-test.example" for uai in (census.lycee, census.college_roubaix)]
    assert await reminders(census) == still
    assert await census.rows("SELECT count(*) FROM mail WHERE kind = 'census-announcement'") == [(3,)]
    listed = (await census.get(f"/campaigns/{opened}/answers", census.as_office()))["items"]
    assert [each["reminded_on"] for each in listed] == [[], ["2007-11-13"], ["2007-11-13"]]


async def test_a_reminder_says_where_to_answer_and_until_when(census: "Census") -> None:
    opened = await census.open()
    await census.served.run_job("announce_to_schools")
    census.at(2007, 11, 13, 8)
    await census.served.run_job("remind_silent_schools")

    [(subject, body), *_] = await census.rows(
        "SELECT subject, body FROM mail WHERE kind = 'census-reminder' ORDER BY recipient"
    )
    assert subject.startswith("Rappel : ")
    assert f"{{api}}/v1/hr-networks/campaigns/{opened}/answers/{census.college}" in body
    assert "20 novembre 2007" in body


async def test_a_closed_school_or_census_is_not_reminded(census: "Census") -> None:
    await census.open()
    await census.served.run_job("announce_to_schools")
    await census.hear_school(census.college, census.lille_centre, closed_on=date(2007, 11, 10))
    closed = await census.open("20")
    await census.served.run_job("announce_to_schools")
    async with census.as_office("20") as office:
        await office.post(f"/v1/hr-networks/campaigns/{closed}/closing", json={"reason": "Fini."})

    census.at(2007, 11, 13, 8)
    await census.served.run_job("remind_silent_schools")

    assert await reminders(census) == [
        f"ce.{uai.lower()}@ac-test.example" for uai in (census.lycee, census.college_roubaix)
    ]


async def test_a_school_just_written_to_is_not_reminded_the_same_day(census: "Census") -> None:
    await census.open(deadline="2007-11-01")
    await census.served.run_job("announce_to_schools")
    await census.served.run_job("remind_silent_schools")  # six days before: the first step is already past

    assert await reminders(census) == []
