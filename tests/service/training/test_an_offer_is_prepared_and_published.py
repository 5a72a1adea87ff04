"""The training office prepares an offer, publishes it, and renews it another year."""

from typing import TYPE_CHECKING

import pytest

from common.identity import Role

if TYPE_CHECKING:
    from tests.service.training.conftest import Training


@pytest.mark.item(122)
@pytest.mark.item(138)
async def test_a_draft_is_seen_by_the_training_office_alone(play: "Training") -> None:
    drafted = await play.draft()

    assert (await play.get(play.office(), f"/offers/{drafted}"))["status_label"] == "brouillon"
    for other in (play.agent(Role.AGENT), play.head("0590001F"), play.office("20")):
        assert (await play.ask(other, "GET", f"/offers/{drafted}")).status_code == 404
        assert (await play.get(other, "/offers"))["items"] == []


@pytest.mark.parametrize("role", [Role.AGENT, Role.ANIMATEUR_BASSIN, Role.CHEF_ETABLISSEMENT])
async def test_nobody_else_finds_a_draft_by_any_other_address(play: "Training", role: Role) -> None:
    drafted = await play.draft()
    of = {Role.ANIMATEUR_BASSIN: {"bassin": "09104"}, Role.CHEF_ETABLISSEMENT: {"uai": "0590001F"}}
    other = play.agent(role, **of.get(role, {}))
    paths = ("", "/quotas", "/bassins", "/bassins/09104/selection", "/candidatures")

    found = [(await play.ask(other, "GET", f"/offers/{drafted}{path}")).status_code for path in paths]
    applied = await play.ask(other, "POST", f"/offers/{drafted}/candidatures", json={})
    own = await play.ask(play.office(), "POST", f"/offers/{drafted}/candidatures", json={})

    assert set(found) <= {403, 404}
    assert found[0] == 404
    assert [play.refusal(answer) for answer in (applied, own)] == ["unknown-offer"] * 2
    assert (await play.get(other, "/offers?status=draft"))["items"] == []
    assert await play.told("offer_published") == []


@pytest.mark.item(125)
@pytest.mark.item(130)
@pytest.mark.item(137)
async def test_a_published_offer_is_seen_by_its_academie_and_told_to_the_others(play: "Training") -> None:
    published = await play.publish()

    seen = await play.get(play.agent(Role.AGENT), f"/offers/{published}")
    assert (seen["window"], seen["first_day"], seen["published_at"]) == ("open", "2008-01-14", "2007-11-20T09:00:00Z")
    assert seen["backing"] == "Mission de la formation du ministère"
    assert [[g["name"] for g in part["groups"]] for part in seen["modules"]] == [["groupe 1", "groupe 2"]] * 2
    assert (await play.ask(play.office("20"), "GET", f"/offers/{published}")).status_code == 404
    [(_, told)] = await play.told("offer_published")
    assert (told["subject"], told["function"]) == (published, "secrétariat de direction")
    assert [(m["rank"], m["first_day"], m["last_day"]) for m in told["modules"]] == [
        (1, "2008-01-14", "2008-01-18"), (2, "2008-04-07", "2008-04-08"),
    ]  # fmt: skip
    assert await play.rows("SELECT count(*) FROM session") == [(4,)]
    assert await play.rows("SELECT count(*) FROM session_half_day") == [(12,)]


async def test_a_draft_is_corrected_by_whoever_has_read_it(play: "Training") -> None:
    drafted = await play.draft()
    path, wish = f"/offers/{drafted}", {"title": "Animer un réseau"}

    unread = await play.ask(play.office(), "PATCH", path, json=wish)
    changed = await play.ask(play.office(), "PATCH", path, json=wish, headers={"If-Match": '"1"'})
    late = await play.ask(play.office(), "PATCH", path, json=wish, headers={"If-Match": '"1"'})

    assert (unread.status_code, changed.status_code, late.status_code) == (428, 200, 412)
    assert (await play.get(play.office(), path))["title"] == "Animer un réseau"


async def test_a_published_offer_does_not_change(play: "Training") -> None:
    published = await play.publish()
    wish = {"title": "Animer un réseau"}

    changed = await play.ask(play.office(), "PATCH", f"/offers/{published}", json=wish, headers={"If-Match": '"2"'})
    again = await play.ask(play.office(), "POST", f"/offers/{published}/publication")

    assert [answer.json()["type"] for answer in (changed, again)] == ["/problems/offer-published"] * 2


async def test_an_incoherent_offer_is_not_published_and_all_is_told(play: "Training") -> None:
    drafted = await play.draft(closes_on="2007-11-19", avis_deadline="2008-01-14")

    refused = await play.ask(play.office(), "POST", f"/offers/{drafted}/publication")

    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/offer-incoherent")
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/closes_on", "/closes_on", "/avis_deadline"]


@pytest.mark.item(140)
async def test_a_new_edition_keeps_the_days_of_the_week(play: "Training") -> None:
    published = await play.publish()

    made = await play.done(play.office(), "POST", f"/offers/{published}/editions", json={"year": "2008-2009"})

    edition = await play.get(play.office(), f"/offers/{made['id']}")
    assert (edition["edition_of"], edition["status"], edition["opens_on"]) == (published, "draft", "2008-11-18")
    assert edition["modules"][0]["groups"][0]["half_days"][0] == {"day": "2009-01-12", "half": "am"}
    same = await play.ask(play.office(), "POST", f"/offers/{published}/editions", json={"year": "2007-2008"})
    draft = await play.ask(play.office(), "POST", f"/offers/{made['id']}/editions", json={"year": "2009-2010"})
    assert [play.refusal(answer) for answer in (same, draft)] == ["same-edition", "offer-not-published"]


async def test_an_offer_is_prepared_by_the_office_of_its_own_academie(play: "Training") -> None:
    assert (await play.ask(play.office("20"), "POST", "/offers", json=play.offer())).status_code == 403
