"""Who may come is shown to those who convene; who came becomes a fact, and a correction a further one."""

from typing import Any
from uuid import UUID

from tests.service.hr_networks.meetings.networks import MEETINGS, Networks, missed

from common import people
from common.contracts.training import AutorisationGranted, AutorisationRefused
from hr_networks.people.personal import PERSONAL


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def autorisation(kind: Any, meeting: UUID, person: UUID, uai: str, paper: int) -> Any:
    return kind(subject=UUID(int=paper), meeting=meeting, person=person, uai=uai)


async def room(networks: Networks, meeting: UUID) -> Any:
    return await networks.get(f"/meetings/{meeting}/convened", networks.as_animateur(networks.lille_centre))


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(each["pointer"], each["code"]) for each in answer.json()["errors"]]


async def test_all_who_hold_the_function_in_the_bassin_are_convened(networks: Networks) -> None:
    meeting = await networks.planned()

    seen = await room(networks, meeting)

    assert (seen["convened"], seen["granted"], seen["refused"], seen["not_answered"]) == (3, 0, 0, 3)
    assert [(each["uai"], [one["name"] for one in each["people"]]) for each in seen["schools"]] == [
        (networks.college, ["Bruno Calmette", "Anna Martel"]), (networks.lycee, ["Chloé Arnould"]),
    ]  # fmt: skip


async def test_a_school_that_left_the_bassin_by_that_day_is_not_convened(networks: Networks) -> None:
    meeting = await networks.planned()
    await networks.hear_school(networks.lycee, networks.roubaix, nature="300")

    assert [each["uai"] for each in (await room(networks, meeting))["schools"]] == [networks.college]


async def test_the_animateur_sees_who_may_come_and_silence_is_neither_yes_nor_no(networks: Networks) -> None:
    meeting = await networks.planned()
    await networks.served.hear(
        autorisation(AutorisationRefused, meeting, networks.anna, networks.college, 1),
        autorisation(AutorisationRefused, meeting, networks.bruno, networks.college, 2),
    )
    await networks.served.hear(autorisation(AutorisationGranted, meeting, networks.anna, networks.college, 3))

    seen = await room(networks, meeting)

    assert (seen["granted"], seen["refused"], seen["not_answered"]) == (1, 1, 1)
    [college, lycee] = seen["schools"]
    assert (college["granted"], college["refused"], college["not_answered"]) == (1, 1, 0)
    assert {one["name"]: one["autorisation_label"] for one in (*college["people"], *lycee["people"])} == {
        "Anna Martel": "autorisé", "Bruno Calmette": "refusé", "Chloé Arnould": "sans réponse",
    }  # fmt: skip


async def test_a_meeting_held_is_a_fact_with_who_came(networks: Networks) -> None:
    meeting = await networks.planned()
    early = await networks.hold(meeting, networks.came())
    networks.at(2008, 2, 5, 8)
    presences = networks.came(networks.bruno)
    presences[1]["justified"] = True

    answer = await networks.hold(meeting, presences)

    assert refusal(early) == (409, "meeting-not-begun")
    assert (answer.status_code, answer.headers["etag"]) == (201, '"2"')
    [_, (kind, told)] = await networks.facts("meeting")
    assert (kind, told["subject"], told["animateurs"]) == ("meeting_held.v1", str(meeting), [str(networks.anna)])
    assert told["presences"] == [
        {"person": str(person), "day": "2008-02-05", "half": "am", "present": came, "justified": not came}
        for person, came in ((networks.anna, True), (networks.bruno, False), (networks.chloe, True))
    ]
    read = await networks.get(f"/meetings/{meeting}/attendance", networks.as_office())
    assert (read["version"], [each["name"] for each in read["presences"]]) == (
        1, ["Chloé Arnould", "Bruno Calmette", "Anna Martel"],
    )  # fmt: skip


async def test_a_held_meeting_is_corrected_with_a_reason_by_whoever_has_read_it(networks: Networks) -> None:
    meeting = await networks.planned()
    networks.at(2008, 2, 6, 8)
    await networks.hold(meeting, networks.came(networks.bruno))

    without = await networks.hold(meeting, networks.came(), '"2"')
    stale = await networks.hold(meeting, networks.came(), reason="Bruno est venu.")
    same = await networks.hold(meeting, networks.came(networks.bruno), '"2"', reason="Relu.")
    corrected = await networks.hold(meeting, networks.came(), '"2"', reason="Bruno est venu.")

    assert refusal(without) == (422, "correction-reason-required")
    assert refusal(stale) == (412, "precondition-failed")
    assert refusal(same) == (409, "attendance-unchanged")
    assert (corrected.status_code, corrected.json()["version"]) == (200, 2)
    [_, (first, _), (second, told)] = await networks.facts("meeting")
    assert first == second == "meeting_held.v1"
    assert "reason" not in told
    assert await networks.rows("SELECT version, count(*) FROM presence GROUP BY 1 ORDER BY 1") == [(1, 3), (2, 3)]
    assert await networks.rows("SELECT reason FROM audit_reason") == [("Bruno est venu.",)]


async def test_a_correction_speaks_of_those_who_were_called_and_not_of_who_came_since(networks: Networks) -> None:
    meeting = await networks.planned()
    networks.at(2008, 2, 6, 8)
    await networks.hold(meeting, networks.came(networks.bruno))
    await networks.hear_school(networks.college_roubaix, networks.lille_centre)

    corrected = await networks.hold(meeting, networks.came(), '"2"', reason="Bruno est venu.")

    assert corrected.status_code == 200


async def test_everyone_convened_figures_once_a_half_day_and_nobody_else(networks: Networks) -> None:
    meeting = await networks.planned(ends_at="2008-02-05T16:00:00+01:00")
    networks.at(2008, 2, 6, 8)
    both = [*networks.came(), *networks.came(half="pm")]
    stranger = {"person": str(networks.david), "half": "am", "present": True}
    excused = {**both[0], "justified": True}

    incomplete = await networks.hold(meeting, both[:-1])
    wrong = await networks.hold(meeting, [excused, *both[1:], both[1], stranger])

    assert refusal(incomplete) == refusal(wrong) == (422, "attendance-incoherent")
    assert codes(incomplete) == [("/presences", "presence-missing")]
    assert codes(wrong) == [
        ("/presences/0/justified", "justified"),
        ("/presences/6", "duplicate-presence"),
        ("/presences/7/person", "not-convened"),
    ]
    assert (await networks.hold(meeting, both)).status_code == 201


async def test_without_an_animateur_no_meeting_was_held(networks: Networks) -> None:
    meeting = await networks.planned()
    networks.at(2008, 2, 6, 8)

    nobody = await networks.hold(meeting, networks.came(networks.anna, networks.chloe))
    stand_in = await networks.hold(meeting, networks.came(networks.anna))

    assert refusal(nobody) == (409, "no-animateur-present")
    assert stand_in.status_code == 201


async def test_a_held_meeting_is_neither_moved_nor_cancelled_and_a_cancelled_one_not_held(networks: Networks) -> None:
    held = await networks.planned()
    cancelled = await networks.planned(starts_at="2008-02-05T14:00:00+01:00", ends_at="2008-02-05T16:00:00+01:00")
    await networks.cancel(cancelled)
    networks.at(2008, 2, 6, 8)
    await networks.hold(held, networks.came())

    assert refusal(await networks.move(held, '"2"', place="Collège")) == (409, "meeting-held")
    assert refusal(await networks.cancel(held)) == (409, "meeting-held")
    assert refusal(await networks.hold(cancelled, networks.came(half="pm"), '"2"')) == (409, "meeting-cancelled")


async def test_the_room_and_the_attendance_are_for_those_who_convene_and_the_office(networks: Networks) -> None:
    meeting = await networks.planned()
    async with networks.as_secretary() as unlinked:
        for place in ("convened", "attendance"):
            assert refusal(await unlinked.get(f"{MEETINGS}/{meeting}/{place}")) == (403, "not-convener")
    await networks.link()

    assert (await networks.get(f"/meetings/{meeting}/convened", networks.as_secretary()))["convened"] == 3
    assert (await networks.get(f"/meetings/{meeting}/attendance", networks.as_office()))["presences"] == []


async def test_an_animateur_whom_training_corrects_is_shown_as_no_longer_trained(networks: Networks) -> None:
    meeting = await networks.planned()
    await networks.served.hear(missed(networks.anna))

    read = await networks.get(f"/meetings/{meeting}", networks.as_office())

    assert [(each["name"], each["trained"]) for each in read["animateurs"]] == [("Anna Martel", False)]


async def test_a_person_is_told_all_that_meetings_hold_of_her_and_erased_keeps_only_her_key(networks: Networks) -> None:
    meeting = await networks.planned()
    await networks.served.hear(autorisation(AutorisationGranted, meeting, networks.anna, networks.college, 1))
    networks.at(2008, 2, 6, 8)
    await networks.hold(meeting, networks.came())
    academies = networks.served.settings.academies

    held = (await people.export(networks.served.db, academies, PERSONAL, networks.anna, reason="demande"))["09"]  # type: ignore[index]
    await people.erase(networks.served.db, academies, PERSONAL, networks.anna, reason="demande")

    assert {"identity", "declared", "trained", "animated", "autorisations", "presences"} == set(held)
    read = await networks.get(f"/meetings/{meeting}/attendance", networks.as_office())
    assert sorted(each["name"] for each in read["presences"]) == ["Bruno Calmette", "Chloé Arnould", "nom effacé"]
    assert (await room(networks, meeting))["convened"] == 2
