"""Gauges of the censuses: how many schools answered, and how many are silent within three days of the deadline."""

from typing import TYPE_CHECKING

from common import metrics

if TYPE_CHECKING:
    from tests.service.hr_networks.conftest import Census


async def test_answered_and_silent_schools_are_counted_by_academie(census: "Census") -> None:
    campaign = await census.open()
    await census.answer(campaign, census.college)

    counted = await census.served.counted(metrics.census_schools)

    assert counted["09", "open", "answered"] == 1
    assert counted["09", "open", "silent"] == 2
    assert counted["20", "open", "silent"] == 0


async def test_a_silent_school_counts_from_three_days_before_the_deadline(census: "Census") -> None:
    campaign = await census.open(deadline="2007-11-20")
    await census.answer(campaign, census.college)

    census.at(2007, 11, 16, 12)
    assert await census.served.counted(metrics.deadline_near) == {("09", "census"): 0, ("20", "census"): 0}
    census.at(2007, 11, 17, 12)
    assert await census.served.counted(metrics.deadline_near) == {("09", "census"): 2, ("20", "census"): 0}
    for silent in (census.lycee, census.college_roubaix):
        await census.answer(campaign, silent)
    assert await census.served.counted(metrics.deadline_near) == {("09", "census"): 0, ("20", "census"): 0}
