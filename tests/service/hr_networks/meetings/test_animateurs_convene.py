"""The animateurs of a bassin plan, move and cancel its meetings between the modules, and everyone concerned is told."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from tests.service.hr_networks.meetings.networks import MEETINGS, OFFER, Networks, followed, missed

from common.identity import Role


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


@pytest.mark.item(131)
async def test_a_trained_secretary_plans_the_meeting_of_her_bassin(networks: Networks) -> None:
    await networks.link()

    answer = await networks.plan(networks.as_secretary())

    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    meeting = answer.json()["id"]
    assert answer.headers["location"] == f"{MEETINGS}/{meeting}"
    [(kind, told)] = await networks.facts("meeting")
    assert kind == "meeting_planned.v1"
    assert told == {
        "subject": meeting, "offer": str(OFFER), "function": "secrétariat de direction", "bassin": "09101",
        "starts_at": "2008-02-05T09:00:00+01:00", "ends_at": "2008-02-05T12:00:00+01:00",
        "half_days": [{"day": "2008-02-05", "half": "am"}], "place": "Lycée Faidherbe, salle 12", "commune": "59350",
        "animateurs": [str(networks.anna)],
    }  # fmt: skip
    read = await networks.get(f"/meetings/{meeting}", networks.as_secretary())
    assert (read["name_of_bassin"], read["status_label"], read["half_days"]) == ("LILLE CENTRE", "prévue", ["am"])
    assert read["animateurs"] == [{"person": str(networks.anna), "name": "Anna Martel", "trained": True}]


@pytest.mark.item(121)
async def test_who_was_not_trained_does_not_convene(networks: Networks) -> None:
    await networks.link("bruno.calmette@ac-test.example")
    untrained = await networks.plan(networks.as_secretary("bruno.calmette@ac-test.example"))
    unlinked = await networks.plan(networks.as_secretary())
    neighbour = await networks.plan(networks.as_animateur(networks.roubaix))
    await networks.link()
    await networks.served.hear(missed(networks.anna))
    corrected = await networks.plan(networks.as_secretary())

    for answer in (untrained, unlinked, neighbour, corrected):
        assert refusal(answer) == (403, "not-convener")
    assert await networks.facts("meeting") == []


@pytest.mark.item(121)
async def test_only_trained_people_of_the_bassin_animate(networks: Networks) -> None:
    await networks.served.hear(followed(networks.david, networks.roubaix))

    named = [str(person) for person in (networks.anna, networks.bruno, networks.david)]
    answer = await networks.plan(animateurs=named)

    assert refusal(answer) == (422, "animateur-not-trained")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/animateurs/1", "/animateurs/2"]


@pytest.mark.item(131)
async def test_a_meeting_lies_between_the_modules(networks: Networks) -> None:
    async def on(day: str) -> Any:
        return await networks.plan(starts_at=f"{day}T09:00:00+01:00", ends_at=f"{day}T12:00:00+01:00")

    networks.at(2008, 1, 16, 8)
    assert refusal(await on("2008-01-18")) == (409, "not-between-modules")
    assert (await on("2008-01-19")).status_code == 201
    assert (await on("2008-04-06")).status_code == 201
    assert refusal(await on("2008-04-07")) == (409, "not-between-modules")


async def test_a_meeting_needs_a_network_and_an_offer_that_is_published(networks: Networks) -> None:
    await networks.served.hear(followed(networks.david, networks.roubaix))
    where = {"bassin": networks.roubaix, "animateurs": [str(networks.david)]}

    without = await networks.plan(networks.as_animateur(networks.roubaix), **where)
    unknown = await networks.plan(offer=str(UUID(int=7)))

    assert refusal(without) == (409, "no-network")
    assert refusal(unknown) == (422, "offer-not-heard-of")


async def test_a_bassin_holds_one_meeting_a_half_day(networks: Networks) -> None:
    await networks.planned()
    same = await networks.plan(starts_at="2008-02-05T10:00:00+01:00", ends_at="2008-02-05T11:00:00+01:00")
    over = await networks.plan(starts_at="2008-02-05T11:00:00+01:00", ends_at="2008-02-05T16:00:00+01:00")
    after = await networks.plan(starts_at="2008-02-05T14:00:00+01:00", ends_at="2008-02-05T16:00:00+01:00")

    assert refusal(same) == refusal(over) == (409, "half-day-taken")
    assert after.status_code == 201


async def test_two_who_plan_the_same_morning_at_once_get_one_meeting(networks: Networks) -> None:
    await networks.planned()
    async with networks.served.db.batch(networks.served.settings.academies) as tx:
        await tx.execute(ANOTHER_DAY)
        starts_at, ends_at = "2008-02-06T09:00:00+01:00", "2008-02-06T12:00:00+01:00"
        second = asyncio.create_task(networks.plan(starts_at=starts_at, ends_at=ends_at))
        await asyncio.sleep(0.3)  # it has read that the morning is free, and waits for what the first one does

    assert refusal(await second) == (409, "half-day-taken")


ANOTHER_DAY = """
INSERT INTO meeting (academie, id, network, offer, function, bassin, starts_at, ends_at, day, morning, afternoon,
    place, commune, animateurs, planned_by, planned_at, changed_at)
SELECT academie, gen_random_uuid(), network, offer, function, bassin, starts_at, ends_at, day + 1, morning, afternoon,
    place, commune, animateurs, planned_by, planned_at, changed_at FROM meeting
"""


async def test_a_meeting_is_moved_by_whoever_has_read_it(networks: Networks) -> None:
    meeting = await networks.planned()
    unread = await networks.move(meeting, None, place="Collège")
    moved = await networks.move(meeting, starts_at="2008-02-05T13:30:00+01:00", ends_at="2008-02-05T16:30:00+01:00")
    stale = await networks.move(meeting, place="Collège")
    unchanged = await networks.move(meeting, '"2"', place="Lycée Faidherbe, salle 12")

    assert refusal(unread) == (428, "precondition-required")
    assert (moved.status_code, moved.headers["etag"]) == (200, '"2"')
    assert refusal(stale) == (412, "precondition-failed")
    assert refusal(unchanged) == (409, "meeting-unchanged")
    [_, (kind, told)] = await networks.facts("meeting")
    assert (kind, told["place"], told["commune"]) == ("meeting_moved.v1", "Lycée Faidherbe, salle 12", "59350")
    assert told["half_days"] == [{"day": "2008-02-05", "half": "pm"}]


async def test_a_moved_meeting_frees_the_half_day_it_had(networks: Networks) -> None:
    meeting = await networks.planned()
    await networks.move(meeting, starts_at="2008-02-06T09:00:00+01:00", ends_at="2008-02-06T12:00:00+01:00")

    assert (await networks.plan()).status_code == 201


async def test_a_meeting_is_cancelled_with_a_reason_that_no_event_carries(networks: Networks) -> None:
    meeting = await networks.planned()
    cancelled = await networks.cancel(meeting, "Madame Martel est souffrante.")
    again = await networks.cancel(meeting)
    moved = await networks.move(meeting, '"2"', place="Collège")

    assert cancelled.status_code == 200
    assert refusal(again) == refusal(moved) == (409, "meeting-cancelled")
    [_, (kind, told)] = await networks.facts("meeting")
    assert (kind, told) == ("meeting_cancelled.v1", {"subject": str(meeting), "offer": str(OFFER), "bassin": "09101"})
    assert await networks.rows("SELECT reason FROM audit_reason") == [("Madame Martel est souffrante.",)]
    assert (await networks.plan()).status_code == 201  # the half-day is free again


async def test_the_meetings_of_another_academie_are_not_seen(networks: Networks) -> None:
    meeting = await networks.planned()

    assert (await networks.get("/meetings", networks.as_office("20")))["items"] == []
    async with networks.as_animateur(networks.amiens) as stranger:
        assert refusal(await stranger.get(f"{MEETINGS}/{meeting}")) == (404, "unknown-meeting")
        assert refusal(await stranger.get(f"{MEETINGS}/{meeting}/convened")) == (404, "unknown-meeting")
        headers = {"If-Match": '"1"'}
        patched = await stranger.patch(f"{MEETINGS}/{meeting}", json={}, headers=headers)
        assert refusal(patched) == (404, "unknown-meeting")
        wish = {"presences": networks.came()}
        put = await stranger.put(f"{MEETINGS}/{meeting}/attendance", json=wish, headers=headers)
        assert refusal(put) == (404, "unknown-meeting")


async def test_meetings_are_listed_by_date_and_page_by_page(networks: Networks) -> None:
    later = await networks.planned(starts_at="2008-03-04T09:00:00+01:00", ends_at="2008-03-04T12:00:00+01:00")
    sooner = await networks.planned()
    await networks.cancel(later)

    first = await networks.get("/meetings?limit=1&bassin=09101", networks.as_secretary())
    second = await networks.get(f"/meetings?limit=1&bassin=09101&cursor={first['next']}", networks.as_secretary())
    left = await networks.get(f"/meetings?status=planned&offer={OFFER}&academie=09", networks.as_office())

    assert [each["id"] for each in (*first["items"], *second["items"])] == [str(sooner), str(later)]
    assert second["next"] is None
    assert [each["id"] for each in left["items"]] == [str(sooner)]


@pytest.mark.item(131)
async def test_the_office_sees_which_bassins_have_no_meeting_yet(networks: Networks) -> None:
    async def seen(who: Any) -> list[tuple[object, ...]]:
        read = await networks.get(f"/offers/{OFFER}/bassins", who)
        fields = ("bassin", "network", "animateurs", "planned", "held", "cancelled", "missing")
        return [tuple(each[name] for name in fields) for each in read["bassins"]]

    assert await seen(networks.as_office()) == [
        ("09101", True, 2, 0, 0, 0, True), ("09104", False, 0, 0, 0, 0, True),
    ]  # fmt: skip
    meeting = await networks.planned()
    assert await seen(networks.as_animateur("09101")) == [("09101", True, 2, 1, 0, 0, False)]
    await networks.cancel(meeting)
    assert await seen(networks.as_animateur("09101")) == [("09101", True, 2, 0, 0, 1, True)]


@pytest.mark.item(132)
async def test_the_calendar_is_communicated_to_the_training_office(networks: Networks) -> None:
    async def mails() -> list[tuple[str, str]]:
        await networks.served.run_job("communicate_the_calendar")
        await networks.served.run_job("communicate_the_calendar")
        return [
            (to, subject)
            for to, subject in await networks.rows(
                "SELECT recipient, subject FROM mail WHERE kind = 'meeting-communicated' ORDER BY id"
            )
        ]

    meeting = await networks.planned()
    [(to, subject)] = await mails()
    assert to == "difor@ac-lille.example"
    assert subject == "Réunion d’échange de pratiques planifiée – LILLE CENTRE, 5 février 2008, de 9 h 00 à 12 h 00"

    await networks.move(meeting, place="Collège Matisse")
    await networks.cancel(meeting)
    [_, (_, subject)] = await mails()
    assert subject.startswith("Réunion d’échange de pratiques annulée – LILLE CENTRE")
    [(body,), *_] = await networks.rows("SELECT body FROM mail WHERE kind = 'meeting-communicated' ORDER BY id")
    assert "Lycée Faidherbe, salle 12" in body
    assert "Martel" not in body


async def test_the_office_plans_nothing_for_a_bassin(networks: Networks) -> None:
    async with networks.as_office() as office:
        answer = await office.post(MEETINGS, json=networks.meeting_wish())
    async with networks.served.as_(networks.agent(Role.CHEF_ETABLISSEMENT, uai=networks.college)) as head:
        other = await head.post(MEETINGS, json=networks.meeting_wish())

    assert refusal(answer) == refusal(other) == (403, "not-yours")
