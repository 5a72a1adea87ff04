"""Always a dry run first: a report of everything the file would change, and nothing changed."""

import gzip
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

DEMO = Path(__file__).parents[3] / "services" / "territory" / "demo" / "etablissements.csv"


async def rows(territory: Any, table: str) -> int:
    found: int
    async with territory.db.batch(["09", "20"]) as tx:
        found = await tx.fetchval(f"SELECT count(*) FROM {table}")
    return found


async def test_a_dry_run_changes_nothing_and_publishes_nothing(lille: Any, territory: Any) -> None:
    found = await lille.dry_run(DEMO.read_text("utf-8"))

    assert (found["status"], found["counts"], found["bassins"]) == ("analysed", {"opened": 28}, {"opened": 14})
    assert await rows(territory, "etablissement") == await rows(territory, "bassin") == 0
    assert await territory.told() == []


async def test_the_demo_data_are_two_schools_in_each_of_the_23_bassins(both: Any, territory: Any) -> None:
    await both.apply(DEMO.read_text("utf-8"))

    bassins = (await both.client.get("/v1/territory/bassins")).json()["items"]

    assert len(bassins) == 23
    assert {bassin["etablissements"] for bassin in bassins} == {2}


async def test_rows_of_academies_not_served_or_not_covered_are_counted_and_skipped(
    lille: Any, directory: Any, line: Any
) -> None:
    text = directory(line(), line("0440001A", academie="17"), line("0800001S", academie="20", departement="80"))

    found = await lille.dry_run(text)

    assert found["counts"] == {"opened": 1}
    assert found["skipped"] == {"not_served": {"17": 1}, "not_covered": {"20": 1}}


async def test_every_error_of_the_file_is_told_with_its_line_and_column(
    lille: Any, directory: Any, line: Any, uai: Any
) -> None:
    text = directory(
        line("0590318B"),
        line(nom="", nature="x"),
        "0590318A;trop court\n",
        line("0590001f", etat="A FERMER"),
        line("0590001F", nom="Autre"),
        line("0590001f", etat="A FERMER"),
        line(uai(620001), departement="62", commune="62041"),
    )

    found = await lille.dry_run(text)
    report = await lille.report(found["id"])

    told = [(x["line"], e["code"], e["column"].split(" ")[0]) for x in report for e in x["entries"] if e["code"]]
    assert told == [
        (2, "uai-checksum", "uai"),
        (3, "empty", "nom"),
        (3, "invalid-nature", "nature"),
        (4, "wrong-width", ""),
        (5, "mended", "uai"),
        (5, "closing-without-date", "etat"),
        (6, "duplicate-uai", "uai"),
        (7, "mended", "uai"),
        (7, "closing-without-date", "etat"),
        (7, "repeated-line", "uai"),
        (8, "bassin-in-another-departement", "bassin_code"),
    ]
    assert found["counts"] == {"opened": 1, "refused": 5, "warned": 2}


@pytest.mark.parametrize("text", ["0590\0318A", "0590\udce9318A", "x" * 10_000])
async def test_what_no_database_can_hold_is_one_refused_line_and_the_others_are_read(
    lille: Any, directory: Any, line: Any, text: str
) -> None:
    content = directory(line(text), line()).encode("utf-8", "surrogateescape")
    answer = await lille.client.post("/v1/territory/imports", content=content, headers={"Content-Type": "text/csv"})
    await lille.work()

    found = await lille.shown(answer.json()["id"])

    assert (found["status"], found["counts"]) == ("analysed", {"refused": 1, "opened": 1})
    assert [(x["line"], x["name"][:1]) for x in await lille.report(found["id"], kind="refused")] == [(2, text[0])]


async def test_what_a_file_says_is_counted_for_each_academie(both: Any, directory: Any, line: Any) -> None:
    amiens = line("0800001S", academie="20", departement="80", commune="80021", bassin="20907", bassin_nom="AMIENS")

    found = await both.dry_run(directory(line(), line("0590001F"), line("0590002Z"), amiens))

    assert found["by_academie"] == {"09": {"opened": 2, "refused": 1}, "20": {"opened": 1}}
    assert found["counts"] == {"opened": 3, "refused": 1}


async def test_the_report_is_a_file_that_a_french_spreadsheet_opens(lille: Any, directory: Any, line: Any) -> None:
    found = await lille.dry_run(directory(line(), line("=1+1")))

    people = await lille.client.get(f"/v1/territory/imports/{found['id']}/report.csv")
    machine = await lille.client.get(f"/v1/territory/imports/{found['id']}/report.csv?profil=rfc4180&kind=refused")

    assert people.headers["content-type"].startswith("text/csv")
    assert people.content.startswith("\ufeffLigne;Objet;Identifiant;Académie;Résultat;".encode())
    assert "\r\n2;etablissement;0590318A;09;ouvert;uai;;0590318A;Nouvel établissement.;\r\n" in people.text
    assert ";'=1+1;" in people.text
    assert machine.text.splitlines()[1].startswith("3,etablissement,=1+1,09,refusé,uai (colonne A),=1+1,,")


async def test_the_report_can_be_paged_and_filtered(lille: Any) -> None:
    found = await lille.dry_run(DEMO.read_text("utf-8"))
    url = f"/v1/territory/imports/{found['id']}/report?limit=20"

    first = (await lille.client.get(url)).json()
    second = (await lille.client.get(f"{url}&cursor={first['next']}")).json()

    places = [x["place"] for page in (first, second) for x in page["items"]]
    assert places == sorted(places)
    assert len(set(places)) == 40
    assert await lille.report(found["id"], kind="refused") == []


async def test_a_file_that_cannot_be_read_says_why(lille: Any) -> None:
    for text, codes in [
        ("", ["empty-file"]),
        ("a;b\n1;2\n", ["missing-column"] * 4),
        ("uai;nom;nature\n", ["missing-column"]),
    ]:
        found = await lille.dry_run(text)
        assert found["status"] == "unreadable"
        assert [finding["code"] for finding in found["findings"]] == codes
        assert (await lille.decide(found["id"])).json()["type"] == "/problems/import-unreadable"


async def test_a_file_may_travel_compressed(lille: Any, directory: Any, line: Any) -> None:
    text = directory(line()).encode()
    headers = {"Content-Type": "text/csv", "Content-Encoding": "gzip"}

    answer = await lille.client.post("/v1/territory/imports", content=gzip.compress(text), headers=headers)
    await lille.work()

    assert (await lille.shown(answer.json()["id"]))["counts"] == {"opened": 1}


async def test_what_is_no_file_of_ours_is_refused(lille: Any) -> None:
    for content, kind, coding, problem in [
        (b"x", "application/json", "identity", (415, "unsupported-media-type")),
        (b"x", "text/csv", "br", (415, "unsupported-media-type")),
        (b"x", "text/csv", "gzip", (422, "bad-compression")),
        (gzip.compress(b"x" * 1000)[:-4], "text/csv", "gzip", (422, "bad-compression")),
        (gzip.compress(bytes(100_000_001), 1), "text/csv", "gzip", (413, "body-too-large")),
    ]:
        headers = {"Content-Type": kind, "Content-Encoding": coding}
        answer = await lille.client.post("/v1/territory/imports", content=content, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (problem[0], f"/problems/{problem[1]}")


async def test_the_same_file_is_the_same_import_while_it_is_at_work(lille: Any, directory: Any, line: Any) -> None:
    text = directory(line())

    first, second = await lille.send(text), await lille.send(text)
    other = await lille.send(text, close_absent="true")

    assert first["id"] == second["id"] != other["id"]


async def test_a_request_said_twice_is_one_import(lille: Any, directory: Any, line: Any) -> None:
    headers = {"Content-Type": "text/csv", "Idempotency-Key": "once"}
    text = directory(line()).encode()

    first, again = [await lille.client.post("/v1/territory/imports", content=text, headers=headers) for _ in range(2)]
    other = await lille.client.post("/v1/territory/imports", content=text + b"\n", headers=headers)

    assert first.json() == again.json()
    assert first.headers["location"] == f"/v1/territory/imports/{first.json()['id']}"
    assert other.json()["type"] == "/problems/idempotency-key-reused"


async def test_an_import_of_another_academie_does_not_exist(lille: Any, amiens: Any, directory: Any, line: Any) -> None:
    found = await lille.dry_run(directory(line()))

    for path in (found["id"], f"{found['id']}/report", f"{found['id']}/report.csv", str(UUID(int=1))):
        answer = await amiens.client.get(f"/v1/territory/imports/{path}")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-import")
    assert (await amiens.decide(found["id"])).status_code == 404
    assert (await amiens.client.get("/v1/territory/imports")).json()["items"] == []
