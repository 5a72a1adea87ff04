"""A paper is read by the person, the head of his school and the office; listed, exported, and kept as long as due."""

import csv
import io
from typing import TYPE_CHECKING

from common import people
from common.identifiers import CodeAcademie
from training.personal import PERSONAL

if TYPE_CHECKING:
    from tests.service.training.papers.conftest import Intersession

LILLE = (CodeAcademie("09"),)


async def test_who_may_read_a_paper(inter: "Intersession") -> None:
    await inter.plan()
    sent = await inter.send()
    anna = next(each["id"] for each in sent["issued"] if each["person"] == str(inter.person("anna")))

    asked = {
        "anna": inter.play.login("anna"), "bruno": inter.play.login("bruno"), "head": inter.play.head("0590003H"),
        "other head": inter.play.head("0590001F"), "office": inter.office, "amiens": inter.play.office("20"),
    }  # fmt: skip
    answers = {name: await inter.play.ask(who, "GET", f"/papers/{anna}/pdf") for name, who in asked.items()}

    assert {name: answer.status_code for name, answer in answers.items()} == {
        "anna": 200, "bruno": 403, "head": 200, "other head": 403, "office": 200, "amiens": 404,
    }  # fmt: skip
    assert inter.play.refusal(answers["bruno"]) == "not-your-paper"


async def test_everybody_lists_what_he_may_read(inter: "Intersession") -> None:
    await inter.plan()
    await inter.send()
    await inter.convene()

    async def listed(who: str, query: str = "") -> int:
        asked = {"anna": inter.play.login("anna"), "head": inter.play.head("0590004J"), "office": inter.office,
                 "nobody": inter.play.login("farid")}[who]  # fmt: skip
        return len((await inter.play.get(asked, f"/papers{query}"))["items"])

    assert [await listed(who) for who in ("anna", "head", "office", "nobody")] == [2, 2, 8, 0]
    assert await listed("office", f"?kind=OM&person={inter.person('anna')}&status=in-force") == 1
    assert await listed("office", "?status=cancelled") == 0


async def test_the_list_is_read_page_by_page_to_its_end(inter: "Intersession") -> None:
    await inter.plan()
    await inter.send()
    await inter.convene()

    found, query = [], "?limit=3"
    while query:
        page = await inter.play.get(inter.office, f"/papers{query}")
        found += [each["number"] for each in page["items"]]
        query = f"?limit=3&cursor={page['next']}" if page.get("next") else ""

    assert (len(found), len(set(found))) == (8, 8)


async def test_the_office_exports_the_list_and_leaves_a_trace(inter: "Intersession") -> None:
    await inter.plan()
    await inter.send()

    async with inter.play.served.as_(inter.office) as client:
        answer = await client.get("/v1/training/papers/export.csv?profil=rfc4180")
    refused = await inter.play.ask(inter.play.head("0590003H"), "GET", "/papers/export.csv")

    header, *rows = csv.reader(io.StringIO(answer.text))
    assert (header[0], sorted(row[0][-1] for row in rows)) == ("Numéro", ["1", "2", "3"])
    assert refused.status_code == 403
    assert await inter.play.rows("SELECT count(*) FROM audit WHERE action = 'papers-exported'") == [(1,)]


async def test_an_erasure_keeps_what_a_law_keeps_until_it_does_no_more(inter: "Intersession") -> None:
    await inter.plan()
    sent, convened = await inter.send(), await inter.convene()
    anna = next(each["id"] for each in convened["issued"] if each["person"] == str(inter.person("anna")))
    await inter.post(inter.office, f"/papers/{anna}/cancellation", {"reason": "Anna est souffrante."})
    db, person = inter.play.served.db, inter.person("anna")

    first = await people.erase(db, LILLE, PERSONAL, person, reason="demande")
    second = await people.erase(db, LILLE, PERSONAL, person, reason="demande")
    exported = await people.export(db, LILLE, PERSONAL, person, reason="demande")

    assert first[LILLE[0]]["papers_kept_by_law"] == 3
    assert first[LILLE[0]]["paper_reasons"] == 1
    assert [name for name in second.get(LILLE[0], {}) if name.startswith("paper")] == []
    kept = exported[LILLE[0]]["papers"]
    assert isinstance(kept, list)
    assert sorted(str(each["kept_until"]) for each in kept) == ["2011-01-01", "2011-01-01", "2013-01-01"]

    inter.play.at(2011, 1, 1)
    await inter.play.served.run_job("erase_papers")

    gone = await inter.play.ask(inter.office, "GET", f"/papers/{anna}/pdf")
    view = await inter.play.get(inter.office, f"/papers/{anna}")
    mission = next(each["id"] for each in sent["issued"] if each["person"] == str(person))
    assert (gone.status_code, inter.play.refusal(gone)) == (410, "paper-erased")
    assert (view["name"], view["erased"], view["lines"]) == ("nom effacé", True, [])
    assert (view["number"], view["kind"]) == ("09-CV-2008-000001", "CV")
    assert (await inter.play.ask(inter.office, "GET", f"/papers/{mission}/pdf")).status_code == 200
    async with inter.play.served.as_(inter.office) as client:
        shown = await client.get(f"/verification?numero={view['number']}&code={view['code']}")
    assert "effacé au terme de sa conservation" in shown.text
    assert "anna" not in shown.text
    assert "convocation" in shown.text


async def test_after_the_legal_retention_an_erasure_takes_all_at_once(inter: "Intersession") -> None:
    await inter.plan()
    await inter.send()
    inter.play.at(2013, 1, 1)

    blanked = await people.erase(inter.play.served.db, LILLE, PERSONAL, inter.person("anna"), reason="demande")

    assert (blanked[LILLE[0]]["papers"], "papers_kept_by_law" in blanked[LILLE[0]]) == (1, False)
    assert await inter.play.rows("SELECT count(*) FROM paper") == [(3,)]


async def test_an_academie_sets_its_own_retention(inter: "Intersession") -> None:
    await inter.plan()
    await inter.send()
    path, wish = "/academies/09/paper-retentions", {"years": 9, "reason": "Charte d’archivage."}

    ours = await inter.play.get(inter.office, path)
    bare = await inter.play.ask(inter.office, "PUT", f"{path}/OM", json=wish)
    given = await inter.play.done(inter.office, "PUT", f"{path}/OM", json=wish, **{"If-Match": '"0"'})
    stale = await inter.play.ask(inter.office, "PUT", f"{path}/OM", json=wish, headers={"If-Match": '"0"'})
    unknown = await inter.play.ask(inter.office, "PUT", f"{path}/XX", json=wish, headers={"If-Match": '"0"'})
    elsewhere = await inter.play.ask(inter.office, "GET", "/academies/20/paper-retentions")
    await people.erase(inter.play.served.db, LILLE, PERSONAL, inter.person("anna"), reason="demande")

    assert {each["kind"]: each["years"] for each in ours} == {"OM": 4, "CV": 2, "AU": 2, "AC": 50}
    assert (bare.status_code, given["revision"], stale.status_code) == (428, 1, 412)
    assert (inter.play.refusal(unknown), elsewhere.status_code) == ("unknown-paper-kind", 403)
    assert await inter.play.rows("SELECT erase_on::text FROM paper_print WHERE erase_on IS NOT NULL") == [
        ("2018-01-01",)
    ]


async def test_a_paper_is_never_deleted_nor_changed(inter: "Intersession") -> None:
    grants = """SELECT privilege_type FROM information_schema.role_table_grants
        WHERE table_name = 'paper' AND grantee LIKE '%app' ORDER BY 1"""
    columns = """SELECT column_name FROM information_schema.column_privileges
        WHERE table_name = 'paper' AND grantee LIKE '%app' AND privilege_type = 'UPDATE' ORDER BY 1"""

    assert await inter.play.rows(grants) == [("INSERT",), ("SELECT",)]
    assert await inter.play.rows(columns) == [("cancelled_by",), ("told_at",)]
