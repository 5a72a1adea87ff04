"""After both modules and the meeting the competence is recognised, shown by a signed link, and revoked."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import KeySet

from common.identity import Agent
from common.signing_keys import create_keys

if TYPE_CHECKING:
    from tests.service.training.papers.conftest import Intersession


@pytest.fixture
async def acquired(inter: "Intersession", tmp_path: Path) -> "Intersession":
    """Anna has all of it, Bruno missed the meeting, Chloé the first module; the installation has keys."""
    create_keys(tmp_path / "certificates.json")
    settings = inter.play.served.app.state.settings
    inter.play.served.app.state.settings = msgspec.structs.replace(
        settings, certificate_keys=tmp_path / "certificates.json"
    )
    await inter.followed(1, "chloe")
    await inter.plan()
    inter.play.at(2008, 2, 6)
    await inter.hold("bruno")
    await inter.followed(2)
    return inter


async def page(inter: "Intersession", query: str) -> str:
    async with inter.play.served.as_(inter.office) as client:
        client.headers.pop("Authorization")
        return (await client.get(f"/verification?{query}")).text


async def link(inter: "Intersession", who: Agent) -> str:
    found = await inter.play.get(who, f"/candidatures/{inter.candidatures['anna']}/recognition")
    return urlsplit(str(found["link"])).query


@pytest.mark.item(139)
async def test_an_offer_recognises_all_who_acquired_it_in_one_go(acquired: "Intersession") -> None:
    given = await acquired.post(acquired.office, f"/offers/{acquired.offer}/recognitions")
    again = await acquired.post(acquired.office, f"/offers/{acquired.offer}/recognitions")

    assert [(each["number"], each["person"]) for each in given["issued"]] == [
        ("09-AC-2008-000001", str(acquired.person("anna")))
    ]
    assert {each["person"]: each["reason"] for each in given["withheld"]} == {
        str(acquired.person("bruno")): "module-not-followed",
        str(acquired.person("chloe")): "module-not-followed",
    }
    assert again["issued"] == []
    [(_, told)] = await acquired.play.told("competence_recognised")
    assert (told["subject"], told["bassin"]) == (given["issued"][0]["id"], "09104")
    assert (await acquired.play.read(acquired.candidatures["anna"]))["status"] == "recognised"


@pytest.mark.item(139)
async def test_nobody_is_recognised_half_way(acquired: "Intersession") -> None:
    path = f"/candidatures/{acquired.candidatures['bruno']}/recognition"
    refused = await acquired.play.ask(acquired.office, "POST", path)
    unread = await acquired.play.ask(acquired.office, "GET", path)

    assert (refused.status_code, acquired.play.refusal(refused)) == (409, "competence-not-acquired")
    assert acquired.play.refusal(unread) == "not-recognised"
    assert await acquired.play.rows("SELECT 1 FROM paper WHERE kind = 'AC'") == []


@pytest.mark.item(139)
async def test_the_signed_link_verifies_with_the_published_keys(acquired: "Intersession") -> None:
    path = f"/candidatures/{acquired.candidatures['anna']}/recognition"
    await acquired.post(acquired.office, path)

    query = await link(acquired, acquired.play.login("anna"))
    async with acquired.play.served.as_(acquired.office) as client:
        client.headers.pop("Authorization")
        keys = (await client.get("/verification/cles")).json()
    signed = jws.deserialize_compact(parse_qs(query)["attestation"][0], KeySet.import_key_set(keys), ["ES256"])
    claims = msgspec.json.decode(signed.payload)

    assert signed.headers()["typ"] == "vc+jwt"
    assert "d" not in keys["keys"][0]
    assert claims["credentialSubject"]["paper"] == "09-AC-2008-000001"
    assert "anna" not in signed.payload.decode()
    shown = await page(acquired, query)
    assert "Document authentique, en vigueur" in shown
    assert "Animer des réunions d’échange de pratiques" in shown
    twice = await acquired.play.ask(acquired.office, "POST", path)
    assert acquired.play.refusal(twice) == "already-recognised"


@pytest.mark.item(139)
async def test_a_link_that_we_did_not_sign_shows_nothing(acquired: "Intersession", tmp_path: Path) -> None:
    await acquired.post(acquired.office, f"/candidatures/{acquired.candidatures['anna']}/recognition")
    query = await link(acquired, acquired.office)
    head, payload, signature = parse_qs(query)["attestation"][0].split(".")

    forged = await page(acquired, f"attestation={head}.{payload}.{signature[:-6]}AAAAAA")
    nonsense = await page(acquired, "attestation=a.b.c")

    assert "Document non reconnu" in forged
    assert "Document non reconnu" in nonsense


@pytest.mark.item(139)
async def test_a_recognition_is_revoked_and_may_be_given_anew(acquired: "Intersession") -> None:
    candidature = acquired.candidatures["anna"]
    await acquired.post(acquired.office, f"/candidatures/{candidature}/recognition")
    query, wish = await link(acquired, acquired.office), {"reason": "Présence contestée."}

    path = f"/candidatures/{candidature}/revocation"
    unreasoned = await acquired.play.ask(acquired.office, "POST", path, json={})
    receipt = await acquired.post(acquired.office, path, wish)
    again = await acquired.play.ask(acquired.office, "POST", path, json=wish)

    assert (unreasoned.status_code, receipt["number"]) == (422, "09-AC-2008-000002")
    [(_, told)] = await acquired.play.told("recognition_revoked")
    assert told == {"subject": receipt["revoked"], "person": str(acquired.person("anna"))}
    assert "Document authentique, révoquée le 8 avril 2008" in await page(acquired, query)
    assert (await acquired.play.get(acquired.office, f"/candidatures/{candidature}/recognition"))["state_label"] == (
        "révoquée"
    )
    assert (await acquired.play.read(candidature))["status"] == "present"
    assert acquired.play.refusal(again) == "not-recognised"
    anew = await acquired.post(acquired.office, f"/candidatures/{candidature}/recognition")
    assert anew["issued"][0]["number"] == "09-AC-2008-000003"


@pytest.mark.item(139)
async def test_two_officers_who_recognise_at_once_recognise_once(acquired: "Intersession") -> None:
    one = f"/candidatures/{acquired.candidatures['anna']}/recognition"
    asked = [acquired.play.ask(acquired.office, "POST", path) for path in (one, one)]

    answers = await asyncio.gather(*asked)

    assert sorted(each.status_code for each in answers) == [200, 409]
    assert len(await acquired.play.told("competence_recognised")) == 1


@pytest.mark.item(139)
async def test_each_step_missing_is_named(inter: "Intersession") -> None:
    """Module 1, then the meeting, then module 2, then the recognition: from each step on, the next one is missing."""
    path = f"/candidatures/{inter.candidatures['anna']}/recognition"

    async def missing() -> str:
        answer = await inter.play.ask(inter.office, "POST", path)
        return str(answer.json().get("detail", "")) if answer.status_code == 409 else ""

    steps = [await missing()]
    await inter.followed(1)
    await inter.plan()
    steps.append(await missing())
    inter.play.at(2008, 2, 6)
    assert (await inter.convene_group(2))["issued"] == []
    await inter.hold()
    steps.append(await missing())
    await inter.followed(2)
    steps.append(await missing())

    assert steps == ["Un module n’a pas été suivi."] * 3 + [""]


async def test_the_attendance_that_a_recognition_rests_on_is_not_corrected(acquired: "Intersession") -> None:
    await acquired.post(acquired.office, f"/candidatures/{acquired.candidatures['anna']}/recognition")

    refused = await acquired.note(2, "anna", reason="Feuille mal lue.")

    assert (refused.status_code, acquired.play.refusal(refused)) == (409, "recognition-rests-on-it")


async def test_only_the_office_recognises_and_only_who_may_reads(acquired: "Intersession") -> None:
    path = f"/candidatures/{acquired.candidatures['anna']}/recognition"
    await acquired.post(acquired.office, path)

    head = await acquired.play.ask(acquired.play.head("0590003H"), "POST", path)
    another = await acquired.play.ask(acquired.play.login("bruno"), "GET", path)
    paper = await acquired.play.ask(acquired.play.head("0590003H"), "GET", path)

    assert (head.status_code, another.status_code, paper.status_code) == (403, 403, 200)
