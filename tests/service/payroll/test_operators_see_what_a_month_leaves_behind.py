"""Gauges of the pay: elements by campaign and state, and what a cut-off within three days will leave behind."""

from typing import TYPE_CHECKING

from common import metrics

if TYPE_CHECKING:
    from tests.service.payroll.conftest import Office


async def test_a_held_element_counts_from_three_days_before_the_cut_off(office: "Office") -> None:
    await office.send(person=office.bruno)  # nobody entered his residence: his element is held back
    await office.hold(at=office.at(2027, 2, 3, 9), person=office.bruno)
    await office.compute()
    held = await office.elements()
    assert [each["status"] for each in held] == ["held"]

    office.at(2027, 2, 6, 12)
    assert await office.served.counted(metrics.deadline_near) == {("09", "pay"): 0, ("20", "pay"): 0}
    office.at(2027, 2, 8, 12)
    assert await office.served.counted(metrics.deadline_near) == {("09", "pay"): 1, ("20", "pay"): 0}
    assert (await office.served.counted(metrics.pay_elements))["09", "none", "held"] == 1


async def test_an_element_counts_under_the_month_of_its_campaign_until_a_year_is_over(office: "Office") -> None:
    await office.set_codes()
    await office.send()
    await office.hold(at=office.at(2027, 2, 3, 9))
    await office.compute()

    assert (await office.served.counted(metrics.pay_elements))["09", "2027-02", "ready"] == 1
    assert (await office.served.counted(metrics.deadline_near))["09", "pay"] == 0
    office.at(2027, 2, 9, 12)
    assert (await office.served.counted(metrics.deadline_near))["09", "pay"] == 1
    await office.export(office.campaign)
    assert (await office.served.counted(metrics.deadline_near))["09", "pay"] == 0
    assert (await office.served.counted(metrics.pay_elements))["09", "2027-02", "exported"] == 1

    office.at(2028, 6, 1, 12)
    metrics.pay_elements.clear()  # as a process that begins on that day
    assert {month for _, month, _ in await office.served.counted(metrics.pay_elements)} == {"none"}
