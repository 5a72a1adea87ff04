"""A convocation in an agenda: one identity for ever, a sequence that rises with each word, and an end."""

from typing import TYPE_CHECKING

import icalendar
import pytest

from common import people
from common.identifiers import CodeAcademie
from training.personal import PERSONAL

if TYPE_CHECKING:
    from tests.service.training.papers.conftest import Intersession

LILLE = (CodeAcademie("09"),)


async def said(inter: "Intersession", paper: str) -> tuple[str, int, str]:
    """Method, sequence and identity."""
    async with inter.play.served.as_(inter.office) as client:
        answer = await client.get(f"/v1/training/papers/{paper}/convocation.ics")
    calendar = icalendar.Calendar.from_ical(answer.content)
    assert isinstance(calendar, icalendar.Calendar)
    event = calendar.events[0]
    return str(calendar["METHOD"]), int(str(event["SEQUENCE"])), str(event["UID"])


@pytest.mark.item(135)
async def test_each_word_has_a_higher_sequence_under_one_identity(inter: "Intersession") -> None:
    await inter.plan()
    first = (await inter.convene())["issued"][0]["id"]
    words = [await said(inter, first)]
    await inter.post(inter.office, f"/papers/{first}/cancellation", {"reason": "Erreur."})
    words.append(await said(inter, first))
    second = (await inter.convene())["issued"][0]["id"]
    words.append(await said(inter, second))
    await inter.move()
    words.append(await said(inter, first))
    await inter.cancel()
    words.append(await said(inter, second))

    assert [method for method, _, _ in words] == ["REQUEST", "CANCEL", "REQUEST", "REQUEST", "CANCEL"]
    assert [sequence for _, sequence, _ in words] == [0, 1, 2, 3, 4]
    assert len({identity for _, _, identity in words}) == 1


async def test_the_same_convocation_is_the_same_file(inter: "Intersession") -> None:
    await inter.plan()
    path = f"/v1/training/papers/{(await inter.convene())['issued'][0]['id']}/convocation.ics"

    async with inter.play.served.as_(inter.office) as client:
        first = await client.get(path)
        inter.play.at(2008, 1, 20)
        second = await client.get(path)

    assert first.content == second.content


async def test_only_a_convocation_is_for_an_agenda(inter: "Intersession") -> None:
    await inter.plan()
    mission = (await inter.send())["issued"][0]["id"]

    refused = await inter.play.ask(inter.office, "GET", f"/papers/{mission}/convocation.ics")

    assert (refused.status_code, inter.play.refusal(refused)) == (404, "unknown-paper")


async def test_what_is_erased_is_for_no_agenda_any_more(inter: "Intersession") -> None:
    await inter.plan()
    issued = (await inter.convene())["issued"]
    paper = next(each["id"] for each in issued if each["person"] == str(inter.person("anna")))
    inter.play.at(2011, 1, 1)
    await people.erase(inter.play.served.db, LILLE, PERSONAL, inter.person("anna"), reason="demande")

    gone = await inter.play.ask(inter.office, "GET", f"/papers/{paper}/convocation.ics")

    assert (gone.status_code, inter.play.refusal(gone)) == (410, "paper-erased")


async def test_another_ones_convocation_is_not_read(inter: "Intersession") -> None:
    await inter.plan()
    issued = (await inter.convene())["issued"]
    paper = next(each["id"] for each in issued if each["person"] == str(inter.person("anna")))

    refused = await inter.play.ask(inter.play.login("bruno"), "GET", f"/papers/{paper}/convocation.ics")

    assert (refused.status_code, inter.play.refusal(refused)) == (403, "not-your-paper")
