"""Completeness lives by today's memberships while a census is open, and does not move once it is closed."""

import asyncio
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.service.hr_networks.conftest import Census

PATH = "/v1/hr-networks/campaigns"
Named = Callable[..., dict[str, str]]


def figures(completeness: Any) -> list[tuple[str | None, int, int, int]]:
    return [(b["bassin"], b["addressed"], b["answered"], b["identified"]) for b in completeness["bassins"]]


@pytest.mark.item(141)
async def test_each_bassin_shows_its_share(census: "Census", named: Named) -> None:
    opened = await census.open()
    await census.answer(opened, census.college, named("Anna", "Martel"), named("Bruno", "Calmette"))

    live = await census.completeness(opened)

    assert figures(live) == [(census.lille_centre, 2, 1, 2), (census.roubaix, 1, 0, 0)]
    assert [(b["name"], b["rate"]) for b in live["bassins"]] == [("LILLE CENTRE", 0.5), ("ROUBAIX TOURCOING", 0.0)]
    assert live["total"] == {"addressed": 3, "answered": 1, "identified": 2, "rate": 0.3333}
    assert (live["frozen"], live["on"]) == (False, "2007-10-26")


async def test_a_school_that_moves_takes_its_answer_to_its_new_bassin(census: "Census", named: Named) -> None:
    opened = await census.open()
    await census.answer(opened, census.college, named())
    await census.hear_school(census.college, census.roubaix)

    assert figures(await census.completeness(opened)) == [(census.lille_centre, 1, 0, 0), (census.roubaix, 2, 1, 1)]


async def test_a_move_counts_from_its_day(census: "Census") -> None:
    opened = await census.open()
    await census.hear_school(census.college, census.roubaix, since=date(2007, 11, 1))

    assert figures(await census.completeness(opened))[-1] == (None, 1, 0, 0)  # in no bassin until then
    census.at(2007, 11, 1, 9)
    assert figures(await census.completeness(opened)) == [(census.lille_centre, 1, 0, 0), (census.roubaix, 2, 0, 0)]


async def test_a_closed_school_leaves_the_denominator(census: "Census", named: Named) -> None:
    opened = await census.open()
    await census.answer(opened, census.college, named())
    await census.hear_school(census.lycee, census.lille_centre, nature="300", closed_on=date(2007, 11, 1))

    assert (await census.completeness(opened))["total"]["addressed"] == 3
    census.at(2007, 11, 1, 9)
    assert (await census.completeness(opened))["total"] == {
        "addressed": 2, "answered": 1, "identified": 1, "rate": 0.5,
    }  # fmt: skip


async def test_closing_by_hand_keeps_the_figures_whatever_happens_next(census: "Census", named: Named) -> None:
    opened = await census.open()
    await census.answer(opened, census.college, named())
    async with census.as_office() as office:
        closing = await office.post(f"{PATH}/{opened}/closing", json={"reason": "Le projet est abandonné."})
    before = await census.completeness(opened)

    await census.hear_school(census.college, census.roubaix)
    await census.hear_school(census.lycee, census.lille_centre, nature="300", closed_on=date(2007, 10, 27))
    census.at(2007, 10, 30, 9)
    after = await census.completeness(opened)

    assert (closing.status_code, closing.json()) == (
        200, {"id": str(opened), "addressed": 3, "answered": 1, "identified": 1},
    )  # fmt: skip
    assert after == before
    assert (after["frozen"], after["on"]) == (True, "2007-10-26")
    [told] = [body for kind, _, body in await census.served.told() if kind.endswith("census_closed.v1")]
    assert told == {"subject": str(opened), "addressed": 3, "answered": 1, "identified": 1}


async def test_closing_by_hand_needs_a_reason_and_keeps_it(census: "Census") -> None:
    opened = await census.open()
    async with census.as_office() as office:
        without = await office.post(f"{PATH}/{opened}/closing", json={"reason": " "})
        assert without.status_code == 422
        await office.post(f"{PATH}/{opened}/closing", json={"reason": "Le projet est abandonné."})

    shown = await census.get(f"/campaigns/{opened}", census.as_office())
    assert (shown["status"], shown["status_label"], shown["closing_reason"]) == (
        "closed", "clos", "Le projet est abandonné.",
    )  # fmt: skip
    assert await census.rows("SELECT reason FROM audit_reason") == [("Le projet est abandonné.",)]


async def test_a_closed_census_changes_no_more(census: "Census", named: Named) -> None:
    opened = await census.open()
    async with census.as_office() as office:
        await office.post(f"{PATH}/{opened}/closing", json={"reason": "Fini."})
        again = await office.post(f"{PATH}/{opened}/closing", json={"reason": "Fini."})
        moved = await office.patch(f"{PATH}/{opened}", json={"deadline": "2007-12-01"}, headers={"If-Match": '"2"'})
    answer = await census.answer(opened, census.college, named())
    await census.hear_school(census.later, census.roubaix)
    await census.served.run_job("address_new_schools")

    for refused in (again, moved, answer):
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/census-closed")
    assert (await census.completeness(opened))["total"]["addressed"] == 3


@pytest.mark.item(141)
async def test_the_midnight_that_ends_the_deadline_closes_it(census: "Census", named: Named) -> None:
    opened = await census.open()
    await census.answer(opened, census.college, named())

    census.at(2007, 11, 20, 22, 59)  # 23:59 in Lille
    await census.served.run_job("close_at_the_deadline")
    assert not (await census.completeness(opened))["frozen"]

    census.at(2007, 11, 20, 23, 0)
    await census.served.run_job("close_at_the_deadline")
    await census.served.run_job("close_at_the_deadline")
    assert (await census.completeness(opened))["frozen"]
    told = [body for kind, _, body in await census.served.told() if kind.endswith("census_closed.v1")]
    assert told == [{"subject": str(opened), "addressed": 3, "answered": 1, "identified": 1}]
    assert await census.rows("SELECT agent FROM audit WHERE action = 'census-closed'") == [(None,)]


async def test_a_late_job_freezes_the_figures_of_the_last_day(census: "Census") -> None:
    opened = await census.open()
    await census.hear_school(census.lycee, census.lille_centre, nature="300", closed_on=date(2007, 11, 22))

    census.at(2007, 11, 25, 8)  # five days later
    await census.served.run_job("close_at_the_deadline")

    frozen = await census.completeness(opened)
    assert (frozen["total"]["addressed"], frozen["on"]) == (3, "2007-11-20")


async def test_closing_by_hand_after_the_deadline_freezes_its_last_day(census: "Census") -> None:
    opened = await census.open()
    await census.hear_school(census.lycee, census.lille_centre, nature="300", closed_on=date(2007, 11, 22))

    census.at(2007, 11, 25, 8)  # the job has not run
    assert (await census.completeness(opened))["on"] == "2007-11-20"
    async with census.as_office() as office:
        closing = await office.post(f"{PATH}/{opened}/closing", json={"reason": "Fini."})

    assert closing.json()["addressed"] == 3
    frozen = await census.completeness(opened)
    assert (frozen["total"]["addressed"], frozen["on"]) == (3, "2007-11-20")


async def test_the_lists_of_a_closed_census_show_the_bassins_of_its_last_day(census: "Census", named: Named) -> None:
    opened = await census.open()
    await census.answer(opened, census.college, named())
    census.at(2007, 11, 20, 23, 0)
    await census.served.run_job("close_at_the_deadline")
    await census.hear_school(census.college, census.roubaix, since=date(2007, 12, 1), before=census.lille_centre)
    census.at(2007, 12, 2, 9)

    listed = (await census.get(f"/campaigns/{opened}/answers?answered=true", census.as_office()))["items"]
    async with census.as_office() as office:
        names = (await office.get(f"{PATH}/{opened}/names.csv")).text
    assert [each["bassin"] for each in listed] == [census.lille_centre]
    assert ";LILLE CENTRE;" in names


async def test_an_answer_and_a_closing_at_once_agree_on_the_figures(census: "Census", named: Named) -> None:
    opened = await census.open()
    async with census.as_office() as office:
        answer, closing = await asyncio.gather(
            census.answer(opened, census.college, named()),
            office.post(f"{PATH}/{opened}/closing", json={"reason": "Fini."}),
        )

    assert closing.status_code == 200
    assert closing.json()["answered"] == (1 if answer.status_code == 201 else 0)


async def test_the_deadline_is_moved_by_who_has_read_it(census: "Census") -> None:
    opened = await census.open()
    async with census.as_office() as office:
        read = await office.get(f"{PATH}/{opened}")
        blind = await office.patch(f"{PATH}/{opened}", json={"deadline": "2007-11-30"})
        moved = await office.patch(
            f"{PATH}/{opened}", json={"deadline": "2007-11-30"}, headers={"If-Match": read.headers["etag"]}
        )
        stale = await office.patch(
            f"{PATH}/{opened}", json={"deadline": "2007-12-01"}, headers={"If-Match": read.headers["etag"]}
        )

    assert (blind.status_code, moved.status_code, stale.status_code) == (428, 200, 412)
    assert moved.headers["etag"] == '"2"'
    shown = await census.get(f"/campaigns/{opened}", census.as_office())
    assert (shown["deadline"], shown["revision"]) == ("2007-11-30", 2)
    [told] = [body for kind, _, body in await census.served.told() if kind.endswith("deadline_moved.v1")]
    assert told == {"subject": str(opened), "deadline": "2007-11-30"}


async def test_a_moved_deadline_is_the_one_that_counts(census: "Census", named: Named) -> None:
    opened = await census.open()
    async with census.as_office() as office:
        await office.patch(f"{PATH}/{opened}", json={"deadline": "2007-11-30"}, headers={"If-Match": '"1"'})

    census.at(2007, 11, 25, 9)
    await census.served.run_job("close_at_the_deadline")

    assert (await census.answer(opened, census.college, named())).status_code == 201


async def test_the_animateur_of_a_bassin_reads_his_own(census: "Census", named: Named) -> None:
    opened = await census.open()
    await census.answer(opened, census.college, named())

    seen = await census.get(f"/campaigns/{opened}/completeness", census.as_animateur(census.lille_centre))
    assert figures(seen) == [(census.lille_centre, 2, 1, 1)]
    assert seen["total"]["addressed"] == 2
    async with census.as_animateur(census.amiens) as elsewhere:
        assert (await elsewhere.get(f"{PATH}/{opened}/completeness")).status_code == 404
    async with census.as_head(census.college) as head:
        assert (await head.get(f"{PATH}/{opened}/completeness")).status_code == 403
