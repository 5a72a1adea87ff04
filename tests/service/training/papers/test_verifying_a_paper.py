"""/verification: whoever holds a paper sees whether it is ours and in force, and nothing that it does not say."""

from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import httpx
import pytest

if TYPE_CHECKING:
    from tests.service.training.papers.conftest import Intersession

EMPTY = ("meta", "input")  # tags that nothing closes


class Outline(HTMLParser):
    """Every tag closed where it was opened, and what a screen reader goes by."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()
        assert self.opened == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.seen.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    def all(self, tag: str, attribute: str) -> list[str | None]:
        return [attributes.get(attribute) for name, attributes in self.seen if name == tag]


async def ask(inter: "Intersession", **query: str) -> httpx.Response:
    async with inter.play.served.as_(inter.office) as client:
        client.headers.pop("Authorization")
        return await client.get(f"/verification?{urlencode(query)}")


@pytest.fixture
async def paper(inter: "Intersession") -> dict[str, str]:
    await inter.plan()
    view: dict[str, str] = await inter.play.get(inter.office, f"/papers/{(await inter.send())['issued'][0]['id']}")
    return view


async def test_anybody_sees_what_the_paper_says(inter: "Intersession", paper: dict[str, str]) -> None:
    shown = await ask(inter, numero=paper["number"], code=paper["code"])

    assert (shown.status_code, shown.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for said in ("Document authentique, en vigueur", "Ordre de mission", paper["number"], "7 janvier 2008",
                 "Académie de Lille", "Lycée Baudelaire"):  # fmt: skip
        assert said in shown.text
    assert "ac-test.example" not in shown.text
    assert shown.headers["cache-control"] == "no-store"
    policy = shown.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "<script" not in shown.text
    assert '<html lang="fr">' in shown.text


async def test_it_may_be_typed_as_people_type(inter: "Intersession", paper: dict[str, str]) -> None:
    typed = paper["code"].lower().replace("-", " ").replace("0", "O").replace("1", "l")

    assert "authentique" in (await ask(inter, numero=paper["number"].lower().replace("-", " "), code=typed)).text


async def test_a_wrong_code_is_answered_as_an_unknown_number(inter: "Intersession", paper: dict[str, str]) -> None:
    wrong = await ask(inter, numero=paper["number"], code="0000-0000-0000-0000")
    unknown = await ask(inter, numero="09-OM-2008-000099", code="0000-0000-0000-0000")
    elsewhere = await ask(inter, numero="33-OM-2008-000001", code="0000-0000-0000-0000")
    nonsense = await ask(inter, numero="<b>", code="0000-0000-0000-0000")

    answers = {
        each.text.replace(number, "")
        for each, number in ((wrong, paper["number"]), (unknown, "09-OM-2008-000099"), (elsewhere, "33-OM-2008-000001"),
                             (nonsense, "&lt;b&gt;"))
    }  # fmt: skip
    assert len(answers) == 1
    assert "Document non reconnu" in answers.pop()
    assert {each.status_code for each in (wrong, unknown, elsewhere, nonsense)} == {200}


async def test_a_cancelled_paper_says_so(inter: "Intersession", paper: dict[str, str]) -> None:
    inter.play.at(2008, 1, 10)
    await inter.post(inter.office, f"/papers/{paper['id']}/cancellation", {"reason": "Arrêt maladie."})

    shown = (await ask(inter, numero=paper["number"], code=paper["code"])).text

    assert "Document authentique, annulé le 10 janvier 2008" in shown
    assert "Arrêt maladie" not in shown


async def test_without_anything_typed_there_is_the_form_alone(inter: "Intersession") -> None:
    shown = await ask(inter)

    assert '<label for="numero">' in shown.text
    assert "Document" not in shown.text.split("<form")[0].split("<h1>")[1].replace("document</h1>", "")


async def test_every_answer_is_a_page_that_a_screen_reader_reads(inter: "Intersession", paper: dict[str, str]) -> None:
    for query in ({}, {"numero": paper["number"], "code": paper["code"]}, {"numero": "<b>\"'&", "code": "<i>"}):
        outline = Outline((await ask(inter, **query)).text)

        headings = [tag for tag, _ in outline.seen if tag in ("h1", "h2")]
        assert headings == (["h1", "h2"] if query else ["h1"])
        assert outline.all("html", "lang") == ["fr"]
        assert outline.all("label", "for") == outline.all("input", "id") == ["numero", "code"]
        assert outline.all("div", "role").count("status") == (1 if query else 0)


async def test_what_is_longer_than_any_number_is_refused(inter: "Intersession") -> None:
    too_long = await ask(inter, numero="0" * 41, code="0")

    assert (too_long.status_code, inter.play.refusal(too_long)) == (422, "malformed")


async def test_nothing_is_written_and_nothing_but_read(inter: "Intersession", paper: dict[str, str]) -> None:
    async with inter.play.served.as_(inter.office) as client:
        client.headers.pop("Authorization")
        posted = await client.post("/verification", json={})

    assert posted.status_code == 405


async def test_an_autorisation_says_what_its_paper_says(inter: "Intersession") -> None:
    await inter.plan()
    await inter.convene()
    answers = [{"person": str(inter.person("anna")), "granted": False, "reason": "Service en <tension>."}]
    given = await inter.post(
        inter.play.head("0590003H"), "/meetings/00000000-0000-0000-0000-000000000500/autorisations",
        {"uai": "0590003H", "answers": answers},
    )  # fmt: skip
    view = await inter.play.get(inter.office, f"/papers/{given['issued'][0]['id']}")

    shown = (await ask(inter, numero=view["number"], code=view["code"])).text

    assert "Refus d’autorisation de se rendre à une réunion" in shown
    assert "Service en &lt;tension&gt;." in shown
    assert "Le chef d’établissement – Collège 0590003H" in shown
