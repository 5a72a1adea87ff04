"""The list of names opens in a French spreadsheet as it is meant, and in a machine as it is."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.service.hr_networks.conftest import Census

PATH = "/v1/hr-networks/campaigns"
Named = Callable[..., dict[str, str]]


async def test_a_spreadsheet_reads_the_people_of_the_latest_answers(census: "Census", named: Named) -> None:
    opened = await census.open()
    await census.answer(opened, census.college, named("Anna", "Martel"))
    await census.answer(opened, census.college, named("Chloé", "=1+1", work_mail="c@ac-test.example"), if_match='"1"')
    await census.answer(opened, census.college_roubaix, named("Bruno", "Calmette", civility="monsieur"))

    async with census.as_office() as office:
        answer = await office.get(f"{PATH}/{opened}/names.csv")

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    lines = answer.content.decode("utf-8-sig").split("\r\n")
    assert lines[0] == "UAI;Établissement;Bassin;Civilité;Nom;Prénoms;Fonction;Corps;Mél professionnel;Réponse du"
    assert lines[1].split(";")[:6] == [
        census.college, f"Collège {census.college}", "LILLE CENTRE", "Madame", "'=1+1", "Chloé",
    ]  # fmt: skip
    assert lines[2].split(";")[3:5] == ["Monsieur", "Calmette"]
    assert lines[2].endswith(";26/10/2007 11:00")
    assert "Martel" not in answer.text


async def test_a_machine_reads_the_same_without_mark_or_apostrophe(census: "Census", named: Named) -> None:
    opened = await census.open()
    await census.answer(opened, census.college, named("Chloé", "=1+1", work_mail="c@ac-test.example"))

    async with census.as_office() as office:
        answer = await office.get(f"{PATH}/{opened}/names.csv?profil=rfc4180")

    lines = answer.content.decode().split("\r\n")
    assert lines[1].split(",")[4:6] == ["=1+1", "Chloé"]


async def test_each_download_leaves_a_trace(census: "Census", named: Named) -> None:
    opened = await census.open()
    await census.answer(opened, census.college, named())
    async with census.as_office() as office:
        await office.get(f"{PATH}/{opened}/names.csv")

    assert await census.rows("SELECT subject, detail->>'persons' FROM audit WHERE action = 'names-exported'") == [
        (opened, "1")
    ]
