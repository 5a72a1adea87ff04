"""« La DIFOR délivrera un ordre de mission aux animateurs »: once each, numbered without gap, cancelled by a paper."""

import asyncio
import hashlib
from typing import TYPE_CHECKING

import msgspec
import pytest

from common.identity import Role
from training.papers.documents import Content, pdf_of

if TYPE_CHECKING:
    from tests.service.training.papers.conftest import Intersession

MEETING = "00000000-0000-0000-0000-000000000500"
PATH = f"/meetings/{MEETING}/ordres-de-mission"


@pytest.mark.item(134)
async def test_all_animateurs_are_sent_in_one_go_and_told(inter: "Intersession") -> None:
    await inter.plan()

    sent = await inter.send()
    await inter.play.served.run_job("tell_papers")
    await inter.play.served.run_job("tell_papers")

    assert [each["number"] for each in sent["issued"]] == [f"09-OM-2008-00000{n}" for n in (1, 2, 3)]
    told = [body for _, body in await inter.play.told("ordre_de_mission_issued")]
    assert {each["person"] for each in told} == {str(inter.person(name)) for name in ("anna", "bruno", "chloe")}
    [anna] = [each for each in told if each["person"] == str(inter.person("anna"))]
    avis = (await inter.play.get(inter.office, f"/candidatures/{inter.candidatures['anna']}/avis"))["id"]
    assert (anna["candidature"], anna["avis"]) == (inter.candidatures["anna"], avis)
    assert (anna["uai"], anna["commune"], anna["half_days"]) == (
        "0590003H", "59512", [{"day": "2008-02-05", "half": "am"}],
    )  # fmt: skip
    mails = await inter.play.rows("SELECT recipient, subject, body FROM mail WHERE kind = 'paper' ORDER BY recipient")
    assert [to for to, _, _ in mails] == [f"{name}@ac-test.example" for name in ("anna", "bruno", "chloe")]
    assert mails[0][1] == f"Ordre de mission n° {anna['number']}"
    assert f"/v1/training/papers/{anna['subject']}/pdf" in mails[0][2]


@pytest.mark.item(134)
async def test_a_double_click_issues_once(inter: "Intersession") -> None:
    """Two requests at the same moment, each with a key of its own; and one more afterwards."""
    await inter.plan()

    first, second = await asyncio.gather(inter.send(), inter.send())
    third = await inter.send()

    assert sorted(len(each["issued"]) for each in (first, second)) == [0, 3]
    assert sorted(len(each["already"]) for each in (first, second)) == [0, 3]
    assert (third["issued"], len(third["already"])) == ([], 3)
    assert len(await inter.play.told("ordre_de_mission_issued")) == 3
    assert await inter.play.rows("SELECT kind, last FROM paper_counter") == [("OM", 3)]


async def test_what_is_printed_is_kept_and_printed_again_alike(inter: "Intersession") -> None:
    await inter.plan()
    sent = await inter.send()
    paper = sent["issued"][0]["id"]

    async with inter.play.served.as_(inter.office) as client:
        answer = await client.get(f"/v1/training/papers/{paper}/pdf")
    view = await inter.play.get(inter.office, f"/papers/{paper}")
    [(content,)] = await inter.play.rows(f"SELECT content::text FROM paper_print WHERE paper = '{paper}'")

    assert (answer.headers["content-type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    assert hashlib.sha256(answer.content).hexdigest() == view["sha256"]
    assert pdf_of(msgspec.json.decode(content, type=Content)) == answer.content
    assert (view["template"], view["typst"]) == ("paper/1", "0.15.2")


async def test_it_is_cancelled_by_a_new_paper_with_a_reason(inter: "Intersession") -> None:
    await inter.plan()
    paper = (await inter.send())["issued"][0]["id"]

    receipt = await inter.post(inter.office, f"/papers/{paper}/cancellation", {"reason": "Arrêt maladie."})

    assert receipt["number"] == "09-OM-2008-000004"
    [(_, told)] = await inter.play.told("ordre_de_mission_cancelled")
    assert (told["subject"], told["cancelling"], told["meeting"]) == (paper, receipt["paper"], MEETING)
    states = {each["id"]: each["state_label"] for each in await inter.papers(kind="OM")}
    assert (states[paper], states[receipt["paper"]]) == ("annulé", "annulation")
    cancelling = await inter.play.get(inter.office, f"/papers/{receipt['paper']}")
    assert ("Motif", "Arrêt maladie.") in [(each["label"], each["value"]) for each in cancelling["lines"]]
    assert "Arrêt maladie." not in str(await inter.play.told())
    again = await inter.send()
    assert ([each["number"] for each in again["issued"]], len(again["already"])) == (["09-OM-2008-000005"], 2)


async def test_a_cancellation_happens_once_and_is_final(inter: "Intersession") -> None:
    await inter.plan()
    paper = (await inter.send())["issued"][0]["id"]
    wish = {"reason": "Arrêt maladie."}
    receipt = await inter.post(inter.office, f"/papers/{paper}/cancellation", wish)

    twice = await inter.play.ask(inter.office, "POST", f"/papers/{paper}/cancellation", json=wish)
    of_it = await inter.play.ask(inter.office, "POST", f"/papers/{receipt['paper']}/cancellation", json=wish)
    unreasoned = await inter.play.ask(inter.office, "POST", f"/papers/{paper}/cancellation", json={})
    unknown = await inter.play.ask(inter.office, "POST", f"/papers/{MEETING}/cancellation", json=wish)

    assert (twice.status_code, inter.play.refusal(twice)) == (409, "paper-already-cancelled")
    assert inter.play.refusal(of_it) == "paper-is-a-cancellation"
    assert (unreasoned.status_code, inter.play.refusal(unknown)) == (422, "unknown-paper")
    assert await inter.play.rows("SELECT last FROM paper_counter") == [(4,)]


async def test_a_refused_command_leaves_no_gap(inter: "Intersession") -> None:
    await inter.plan("anna", "david")  # who never applied

    refused = await inter.play.ask(inter.office, "POST", PATH)

    assert (refused.status_code, inter.play.refusal(refused)) == (409, "animateur-not-ready")
    assert await inter.play.rows("SELECT * FROM paper_counter") == []
    assert await inter.play.told("ordre_de_mission_issued") == []


async def test_numbers_begin_anew_with_the_local_year(inter: "Intersession") -> None:
    await inter.plan()
    inter.play.at(2007, 12, 31, 23, 30)  # already 2008 in Lille

    sent = await inter.send()

    assert sent["issued"][0]["number"] == "09-OM-2008-000001"


async def test_only_the_office_of_the_academie_sends(inter: "Intersession") -> None:
    await inter.plan()

    animateur = await inter.play.ask(inter.play.agent(Role.ANIMATEUR_BASSIN, bassin="09104"), "POST", PATH)
    elsewhere = await inter.play.ask(inter.play.office("20"), "POST", PATH)
    head = await inter.play.ask(inter.play.head("0590003H"), "POST", PATH)

    assert inter.play.refusal(animateur) == "bassin-never-decides"
    assert (elsewhere.status_code, inter.play.refusal(elsewhere)) == (404, "unknown-meeting")
    assert head.status_code == 403


async def test_a_meeting_that_is_over_sends_nobody(inter: "Intersession") -> None:
    await inter.plan()
    inter.play.at(2008, 2, 5, 8)

    begun = await inter.play.ask(inter.office, "POST", PATH)
    inter.play.at(2008, 1, 20)
    await inter.cancel()
    cancelled = await inter.play.ask(inter.office, "POST", PATH)

    assert (inter.play.refusal(begun), inter.play.refusal(cancelled)) == ("meeting-over", "meeting-over")
