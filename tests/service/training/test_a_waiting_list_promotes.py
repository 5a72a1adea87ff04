"""A place that becomes free goes to the first who waits in the same bassin, who is told and may refuse it."""

import asyncio
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.service.training.conftest import Training

COLLEGE, COLLEGE_ROUBAIX = "0590001F", "0590003H"
LILLE_CENTRE, ROUBAIX = "09101", "09104"
NAMES = ("anna", "bruno", "chloe", "david", "emma")  # the last two wait


@pytest.fixture
async def selected(play: "Training") -> tuple[str, list[str]]:
    """Three of Roubaix go, two wait."""
    await play.identify(COLLEGE_ROUBAIX, *NAMES)
    published = await play.publish()
    candidatures = await play.supported(published, COLLEGE_ROUBAIX, *NAMES)
    play.at(2007, 12, 5)
    await play.selected(published, ROUBAIX)
    return published, candidatures


async def withdraw(play: "Training", name: str, candidature: str) -> None:
    wish = {"reason": "Mutation."}
    await play.done(play.login(name), "POST", f"/candidatures/{candidature}/withdrawal", json=wish)


async def statuses(play: "Training", candidatures: list[str]) -> list[str]:
    return [(await play.read(each))["status"] for each in candidatures]


Selected = tuple[str, list[str]]


async def test_the_first_who_waits_is_called_told_and_accepts(play: "Training", selected: Selected) -> None:
    _, candidatures = selected
    await withdraw(play, "bruno", candidatures[1])
    await play.served.run_job("tell_promoted")
    await play.served.run_job("tell_promoted")

    assert await statuses(play, candidatures) == ["retained", "withdrawn", "retained", "promoted", "waitlisted"]
    [(_, told)] = await play.told("candidature_promoted")
    assert (told["subject"], told["accept_by"]) == (candidatures[3], "2007-12-12")
    mails = await play.rows("SELECT recipient, body FROM mail WHERE kind = 'promotion'")
    assert [to for to, _ in mails] == ["david@ac-test.example"]
    assert "12/12/2007" in mails[0][1]
    accepted = await play.done(play.login("david"), "POST", f"/candidatures/{candidatures[3]}/acceptance")
    assert accepted["status"] == "retained"
    again = await play.ask(play.login("david"), "POST", f"/candidatures/{candidatures[3]}/acceptance")
    assert play.refusal(again) == "wrong-candidature-state"


async def test_a_refused_promotion_goes_to_the_next(play: "Training", selected: Selected) -> None:
    _, candidatures = selected
    await withdraw(play, "anna", candidatures[0])

    await play.done(play.login("david"), "POST", f"/candidatures/{candidatures[3]}/refusal")

    assert await statuses(play, candidatures[3:]) == ["withdrawn", "promoted"]


async def test_a_promotion_not_accepted_in_time_goes_to_the_next(play: "Training", selected: Selected) -> None:
    _, candidatures = selected
    await withdraw(play, "anna", candidatures[0])
    play.at(2007, 12, 12, 22, 59)
    await play.served.run_job("expire_promotions")
    assert await statuses(play, candidatures[3:]) == ["promoted", "waitlisted"]

    play.at(2007, 12, 12, 23)
    late = await play.ask(play.login("david"), "POST", f"/candidatures/{candidatures[3]}/acceptance")
    await play.served.run_job("expire_promotions")
    await play.served.run_job("expire_promotions")

    assert play.refusal(late) == "promotion-expired"
    assert await statuses(play, candidatures[3:]) == ["not_retained", "promoted"]
    assert (await play.told("candidature_promoted"))[-1][1]["accept_by"] == "2007-12-20"


async def test_nobody_is_called_once_the_first_session_has_begun(play: "Training", selected: Selected) -> None:
    _, candidatures = selected
    play.at(2008, 1, 13, 23)  # the 14th in Paris

    await withdraw(play, "anna", candidatures[0])

    assert await statuses(play, candidatures[3:]) == ["waitlisted", "waitlisted"]


async def test_who_waits_elsewhere_is_not_called(play: "Training", selected: Selected) -> None:
    published, candidatures = selected
    play.at(2007, 11, 20)
    await play.identify(COLLEGE, "farid")
    [farid] = await play.supported(published, COLLEGE, "farid")
    play.at(2007, 12, 5)
    await play.selected(published, LILLE_CENTRE)

    await withdraw(play, "farid", farid)

    assert await statuses(play, candidatures[3:]) == ["waitlisted", "waitlisted"]


async def test_somebody_who_waits_leaves_without_calling_anybody(play: "Training", selected: Selected) -> None:
    _, candidatures = selected
    await withdraw(play, "david", candidatures[3])
    assert await statuses(play, candidatures) == ["retained", "retained", "retained", "withdrawn", "waitlisted"]

    await withdraw(play, "anna", candidatures[0])
    assert (await play.read(candidatures[4]))["status"] == "promoted"


async def test_two_who_leave_at_once_call_two(play: "Training", selected: Selected) -> None:
    _, candidatures = selected

    await asyncio.gather(withdraw(play, "anna", candidatures[0]), withdraw(play, "bruno", candidatures[1]))

    assert await statuses(play, candidatures) == ["withdrawn", "withdrawn", "retained", "promoted", "promoted"]


async def test_the_reason_of_whoever_leaves_stays_in_the_audit(play: "Training", selected: Selected) -> None:
    _, candidatures = selected
    await withdraw(play, "anna", candidatures[0])

    reasons = "SELECT a.subject::text, a.action, r.reason FROM audit_reason r JOIN audit a ON a.id = r.audit"
    assert await play.rows(reasons) == [(candidatures[0], "candidature-withdrawn", "Mutation.")]
    [(_, told)] = await play.told("candidature_withdrawn")
    assert set(told) == {"subject", "offer", "person", "bassin"}


async def test_a_draft_is_withdrawn_and_nobody_is_told(play: "Training") -> None:
    await play.identify(COLLEGE_ROUBAIX, "anna")
    drafted = (await play.apply(await play.publish(), "anna", submit=False)).json()["id"]

    await withdraw(play, "anna", drafted)

    assert await play.told("candidature_withdrawn") == []
    assert (await play.read(drafted))["status"] == "withdrawn"
