"""A quota is changed by whoever has read it; once a selection is decided, by whoever has read what it entails."""

from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.service.training.conftest import Training

COLLEGE_ROUBAIX, ROUBAIX = "0590003H", "09104"
NAMES = ("anna", "bruno", "chloe", "david", "emma")


def quotas(minimum: int, maximum: int) -> dict[str, Any]:
    return {"default": {"minimum": minimum, "maximum": maximum}}


async def put(
    play: "Training", offer: str, wish: dict[str, Any], etag: str | None = None, *, dry_run: bool = False
) -> httpx.Response:
    headers = None if etag is None else {"If-Match": etag}
    query = "?dry_run=true" if dry_run else ""
    return await play.ask(play.office(), "PUT", f"/offers/{offer}/quotas{query}", json=wish, headers=headers)


@pytest.fixture
async def selected(play: "Training") -> tuple[str, list[str]]:
    """Three of Roubaix go, two wait."""
    await play.identify(COLLEGE_ROUBAIX, *NAMES)
    published = await play.publish()
    candidatures = await play.supported(published, COLLEGE_ROUBAIX, *NAMES)
    play.at(2007, 12, 5)
    await play.selected(published, ROUBAIX)
    return published, candidatures


@pytest.mark.item(123)
async def test_before_any_selection_a_quota_is_changed_by_whoever_read_it(play: "Training") -> None:
    published = await play.publish()
    path = f"/offers/{published}/quotas"

    unread = await put(play, published, quotas(1, 2))
    changed = await put(play, published, quotas(1, 2), '"1"')
    late = await put(play, published, quotas(3, 4), '"1"')

    assert [answer.status_code for answer in (unread, changed, late)] == [428, 200, 412]
    assert changed.headers["ETag"] == '"2"'
    read = await play.ask(play.office(), "GET", path)
    assert (read.headers["ETag"], read.json()["quotas"]["default"]) == ('"2"', {"minimum": 1, "maximum": 2})


@pytest.mark.item(124)
async def test_an_impossible_quota_is_refused(play: "Training") -> None:
    published = await play.publish()
    twice = [{"bassin": "09101", "minimum": 4, "maximum": 6}] * 2
    elsewhere = [{"bassin": "20907", "minimum": 4, "maximum": 6}]

    for wish, pointer in (
        (quotas(3, 2), "/default"),
        ({**quotas(2, 3), "exceptions": twice}, "/exceptions/1/bassin"),
        ({**quotas(2, 3), "exceptions": elsewhere}, "/exceptions/0/bassin"),
    ):
        answer = await put(play, published, wish, '"1"')
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_after_a_selection_what_a_change_entails_is_read_first(
    play: "Training", selected: tuple[str, list[str]]
) -> None:
    published, candidatures = selected

    unseen = await put(play, published, quotas(4, 4), '"1"')
    dry = await put(play, published, quotas(4, 4), dry_run=True)

    assert play.refusal(unseen) == "quota-consequences-not-seen"
    [entailed] = dry.json()["consequences"]
    assert (entailed["bassin"], entailed["before"], entailed["after"], entailed["promoted"]) == (
        ROUBAIX, {"minimum": 2, "maximum": 3}, {"minimum": 4, "maximum": 4}, [candidatures[3]],
    )  # fmt: skip
    assert (dry.json()["applied"], (await play.read(candidatures[3]))["status"]) == (False, "waitlisted")
    other = await put(play, published, quotas(4, 5), dry.headers["ETag"])
    assert play.refusal(other) == "quota-consequences-not-seen"
    applied = await put(play, published, quotas(4, 4), dry.headers["ETag"])
    assert (applied.status_code, applied.json()["applied"]) == (200, True)
    assert (await play.read(candidatures[3]))["status"] == "promoted"
    assert len(await play.told("candidature_promoted")) == 1


async def test_what_entails_something_else_meanwhile_is_read_again(
    play: "Training", selected: tuple[str, list[str]]
) -> None:
    published, candidatures = selected
    dry = await put(play, published, quotas(2, 4), dry_run=True)
    path = f"/candidatures/{candidatures[3]}/withdrawal"
    await play.done(play.login("david"), "POST", path, json={})

    assert play.refusal(await put(play, published, quotas(2, 4), dry.headers["ETag"])) == "quota-consequences-not-seen"


async def test_a_quota_takes_his_place_from_nobody(play: "Training", selected: tuple[str, list[str]]) -> None:
    answer = await put(play, selected[0], quotas(1, 2), dry_run=True)

    assert (answer.status_code, play.refusal(answer)) == (409, "quota-below-retained")
    assert "09104 (3 retenues)" in answer.json()["detail"]
