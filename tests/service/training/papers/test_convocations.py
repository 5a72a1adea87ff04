"""All secretaries of the bassin are convened to the meeting, those retained to their group, with their agendas."""

from typing import TYPE_CHECKING
from uuid import UUID

import icalendar
import pytest

if TYPE_CHECKING:
    from tests.service.training.papers.conftest import Intersession

MEETING = "00000000-0000-0000-0000-000000000500"
EVERYBODY = ("anna", "bruno", "chloe", "david", "emma")


async def in_agenda(inter: "Intersession", paper: str) -> icalendar.Calendar:
    async with inter.play.served.as_(inter.office) as client:
        answer = await client.get(f"/v1/training/papers/{paper}/convocation.ics")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    calendar = icalendar.Calendar.from_ical(answer.content)
    assert isinstance(calendar, icalendar.Calendar)
    return calendar


def paper_of(issued: list[dict[str, str]], person: UUID) -> str:
    return next(each["id"] for each in issued if each["person"] == str(person))


@pytest.mark.item(135)
async def test_all_secretaries_of_the_bassin_are_convened_once(inter: "Intersession") -> None:
    await inter.play.identify("0590001F", "farid")  # of another bassin
    await inter.plan()

    convened = await inter.convene()
    again = await inter.convene()
    await inter.play.served.run_job("tell_papers")

    assert {each["person"] for each in convened["issued"]} == {str(inter.person(name)) for name in EVERYBODY}
    assert [each["number"][-1] for each in convened["issued"]] == list("12345")
    assert (again["issued"], len(again["already"])) == ([], 5)
    told = await inter.play.told("convocation_issued")
    assert {(body["meeting"], body["session"]) for _, body in told} == {(MEETING, None)}
    mails = await inter.play.rows("SELECT recipient, body FROM mail WHERE kind = 'paper' ORDER BY recipient")
    assert [to for to, _ in mails] == [f"{name}@ac-test.example" for name in EVERYBODY]
    assert all("/convocation.ics" in body for _, body in mails)


async def test_somebody_whose_name_is_erased_is_not_convened(inter: "Intersession") -> None:
    await inter.plan()
    await inter.play.erase("emma")

    convened = await inter.convene()

    assert len(convened["issued"]) == 4
    assert [(each["person"], each["reason"]) for each in convened["withheld"]] == [
        (str(inter.person("emma")), "name-unknown")
    ]


async def test_somebody_whom_two_schools_name_is_convened_once(inter: "Intersession") -> None:
    await inter.play.identify("0590004J", "anna")
    await inter.plan()

    assert len((await inter.convene())["issued"]) == 5


async def test_an_invitation_is_for_an_agenda(inter: "Intersession") -> None:
    await inter.plan()
    paper = paper_of((await inter.convene())["issued"], inter.person("anna"))

    calendar = await in_agenda(inter, paper)

    (event,) = calendar.events
    assert (calendar["METHOD"], event["SEQUENCE"], event["STATUS"]) == ("REQUEST", 0, "CONFIRMED")
    assert event["UID"] == f"{MEETING}-{inter.person('anna')}@bassin"
    assert event["DTSTART"].params["TZID"] == "Europe/Paris"
    assert (event.start.isoformat(), event.end.isoformat()) == (
        "2008-02-05T09:00:00+01:00", "2008-02-05T12:00:00+01:00",
    )  # fmt: skip
    assert [zone["TZID"] for zone in calendar.timezones] == ["Europe/Paris"]
    assert event["ATTENDEE"] == "mailto:anna@ac-test.example"
    assert str(event["ORGANIZER"]).startswith("mailto:")


@pytest.mark.item(135)
async def test_a_moved_meeting_replaces_its_papers_and_tells_everybody(inter: "Intersession") -> None:
    await inter.plan()
    sent, convened = await inter.send(), await inter.convene()
    await inter.play.served.run_job("tell_papers")
    old = paper_of(convened["issued"], inter.person("anna"))

    await inter.move("anna", "bruno")
    await inter.play.served.run_job("tell_papers")

    cancelled = [body for _, body in await inter.play.told("convocation_cancelled")]
    assert {each["subject"] for each in cancelled} == {each["id"] for each in convened["issued"]}
    missions = [body for _, body in await inter.play.told("ordre_de_mission_cancelled")]
    assert {each["subject"] for each in missions} == {each["id"] for each in sent["issued"]}
    issued = [body for name, body in await inter.play.told("ordre_de_mission_issued")][3:]
    assert {each["person"] for each in issued} == {str(inter.person(name)) for name in ("anna", "bruno")}
    assert {each["starts_at"] for each in issued} == {"2008-02-12T13:00:00Z"}
    calendar = await in_agenda(inter, old)
    (event,) = calendar.events
    assert (calendar["METHOD"], event["SEQUENCE"], event["UID"]) == (
        "REQUEST", 1, f"{MEETING}-{inter.person('anna')}@bassin",
    )  # fmt: skip
    assert event.start.isoformat() == "2008-02-12T14:00:00+01:00"
    mails = await inter.play.rows("SELECT recipient, body FROM mail WHERE kind = 'paper' ORDER BY id")
    replaced = [to for to, body in mails if "remplace celui" in body]
    assert sorted(replaced) == sorted(f"{name}@ac-test.example" for name in (*EVERYBODY, "anna", "bruno"))
    assert [to for to, body in mails if "est annulé" in body] == ["chloe@ac-test.example"]
    numbers = await inter.play.rows(
        "SELECT kind, count(*), min(ordinal), max(ordinal) FROM paper GROUP BY kind ORDER BY kind"
    )
    assert numbers == [("CV", 15, 1, 15), ("OM", 8, 1, 8)]


async def test_another_animateur_changes_no_convocation(inter: "Intersession") -> None:
    await inter.plan()
    await inter.send()
    await inter.convene()

    when = await inter.play.rows("SELECT starts_at, ends_at FROM meeting")
    await inter.move("anna", "bruno", when=when[0], half="am")

    assert await inter.play.told("convocation_cancelled") == []
    assert len(await inter.play.told("ordre_de_mission_cancelled")) == 1
    assert len(await inter.play.told("ordre_de_mission_issued")) == 3


async def test_a_cancelled_meeting_cancels_all_its_papers(inter: "Intersession") -> None:
    await inter.plan()
    await inter.send()
    paper = paper_of((await inter.convene())["issued"], inter.person("anna"))
    await inter.post(
        inter.play.head("0590003H"), f"/meetings/{MEETING}/autorisations",
        {"uai": "0590003H", "answers": [{"person": str(inter.person("anna")), "granted": True}]},
    )  # fmt: skip

    await inter.cancel()
    await inter.play.served.run_job("tell_papers")

    assert await inter.play.rows("SELECT 1 FROM paper WHERE cancels IS NULL AND cancelled_by IS NULL") == []
    calendar = await in_agenda(inter, paper)
    (event,) = calendar.events
    assert (calendar["METHOD"], event["SEQUENCE"], event["STATUS"]) == ("CANCEL", 1, "CANCELLED")
    mails = await inter.play.rows("SELECT count(*) FROM mail WHERE body LIKE '%est annulé%'")
    assert mails == [(9,)]


async def test_what_a_reaction_issues_is_issued_once(inter: "Intersession") -> None:
    await inter.plan()
    await inter.convene()
    starts_at, ends_at = (await inter.play.rows("SELECT starts_at, ends_at FROM meeting"))[0]

    await inter.move()
    await inter.move(when=(starts_at, ends_at), half="am")
    await inter.move(when=(starts_at, ends_at), half="am")  # said again of a meeting that is there already

    assert len(await inter.play.told("convocation_issued")) == 15


@pytest.mark.item(130)
async def test_those_retained_are_convened_to_their_group(inter: "Intersession") -> None:
    convened = await inter.convene_group(1)
    again = await inter.convene_group(1)

    assert {each["person"] for each in convened["issued"]} == {
        str(inter.person(name)) for name in ("anna", "bruno", "chloe")
    }
    assert (again["issued"], len(again["already"])) == ([], 3)
    assert [(await inter.play.read(each))["status"] for each in inter.candidatures.values()] == ["convened"] * 3
    calendar = await in_agenda(inter, paper_of(convened["issued"], inter.person("anna")))
    assert [(event.start.isoformat(), event.end.isoformat()) for event in calendar.events] == [
        (f"2008-01-{day}T09:00:00+01:00", f"2008-01-{day}T17:00:00+01:00") for day in (14, 15)
    ]
    assert len({event["UID"] for event in calendar.events}) == 2


async def test_nobody_is_convened_to_a_group_without_people_or_once_it_has_begun(inter: "Intersession") -> None:
    path = f"/sessions/{await inter.group(1, 1)}/convocations"
    empty = await inter.play.ask(inter.office, "POST", path)
    unknown = await inter.play.ask(inter.office, "POST", f"/sessions/{MEETING}/convocations")
    inter.play.at(2008, 1, 14)
    begun = await inter.play.ask(inter.office, "POST", f"/sessions/{await inter.group(1)}/convocations")

    assert (inter.play.refusal(empty), inter.play.refusal(unknown)) == ("nobody-to-convene", "unknown-session")
    assert (begun.status_code, inter.play.refusal(begun)) == (409, "session-begun")


@pytest.mark.item(130)
async def test_whoever_withdraws_after_being_convened_is_expected_no_more(inter: "Intersession") -> None:
    convened = await inter.convene_group(1)
    path = f"/candidatures/{inter.candidatures['anna']}/withdrawal"
    await inter.play.done(inter.play.login("anna"), "POST", path, json={"reason": "Mutation."})

    await inter.play.served.run_job("release_withdrawn")
    await inter.play.served.run_job("release_withdrawn")

    [(_, told)] = await inter.play.told("convocation_cancelled")
    assert told["subject"] == paper_of(convened["issued"], inter.person("anna"))
    roll = await inter.play.get(inter.office, f"/sessions/{await inter.group(1)}/attendance")
    assert len(roll["convened"]) == 2


@pytest.mark.item(130)
async def test_a_group_that_clashes_with_a_convocation_to_a_meeting_is_refused(inter: "Intersession") -> None:
    await inter.plan()
    await inter.convene()
    modules = inter.play.offer()["modules"]
    for group, day in zip(modules[0]["groups"], ("2008-02-05", "2008-02-06"), strict=True):
        group["half_days"] = [{"day": day, "half": "am"}]
    other = await inter.play.publish(modules=modules, opens_on="2008-01-07", closes_on="2008-01-20",
                                     avis_deadline="2008-01-25", title="Autre")  # fmt: skip

    refused = await inter.play.apply(other, "emma")

    assert (refused.status_code, inter.play.refusal(refused)) == (409, "groups-clash")
    assert "réunion d’échange de pratiques" in refused.json()["detail"]
    assert (await inter.play.apply(other, "emma", 1, 0)).status_code == 201
