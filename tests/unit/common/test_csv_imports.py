"""A CSV file of unknown encoding, separator and header, and every error of it."""

import io

import pytest

from common.imports import Column, Layout, Row, Table, UnreadableFile, fold, letters, open_table

PEOPLE = Layout(
    "people",
    (Column("name", ("nom",)), Column("town", ("ville", "commune")), Column("age", ("age",))),
    (("name",), ("town",)),
)
TREES = Layout("trees", (Column("name", ("nom",)), Column("height", ("hauteur",))), (("height",),))


def table(content: bytes) -> Table:
    return open_table(io.BytesIO(content), [PEOPLE, TREES])


def rows(content: bytes) -> list[Row]:
    return list(table(content).rows())


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encoding_separator_and_line_ends_do_not_matter(delimiter: str, encoding: str, newline: str) -> None:
    lines = [["Nom", "VILLE "], ["Hélène", "Bœuf-sur-Lys"]]

    found = rows(newline.join(delimiter.join(line) for line in lines).encode(encoding))

    assert found == [Row(2, {"name": "Hélène", "town": "Bœuf-sur-Lys"})]


def test_headings_are_known_by_any_spelling_case_accent_and_order() -> None:
    assert rows("Âge;COMMUNE;Prénom;nom\n7;Lille;x;Ada\n".encode()) == [
        Row(2, {"name": "Ada", "town": "Lille", "age": "7"})
    ]


def test_the_layout_is_the_one_whose_required_columns_are_there() -> None:
    assert table(b"nom;hauteur\n").layout is TREES
    assert table(b"nom;ville\n").layout is PEOPLE


def test_every_missing_column_is_named() -> None:
    with pytest.raises(UnreadableFile) as failure:
        open_table(io.BytesIO(b"age;autre\n1;2\n"), [PEOPLE])

    assert [finding.detail for finding in failure.value.findings] == [
        "Colonne obligatoire absente : nom.",
        "Colonne obligatoire absente : ville.",
    ]


def test_a_column_that_is_there_twice_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="plusieurs fois"):
        table(b"nom;ville;Nom\na;b;c\n")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty-file"),
        (b"\n\n", "empty-file"),
        (b";;;\n", "empty-file"),
        (b"PK\x03\x04rest", "not-a-csv"),
        ("nom;ville".encode("utf-16"), "not-a-csv"),
        (b"\x00\x01\x02\x03", "missing-column"),
    ],
)
def test_what_is_no_csv_is_said_to_be_none(content: bytes, code: str) -> None:
    with pytest.raises(UnreadableFile) as failure:
        table(content)

    assert failure.value.findings[0].code == code


def test_lines_are_those_of_the_file_also_after_a_cell_of_two_lines() -> None:
    found = rows(b'nom;ville\n"Ada\nLovelace";Lille\n\nBob;Lens\n')

    assert [(row.line, row.cells["name"]) for row in found] == [(2, "Ada\nLovelace"), (5, "Bob")]


def test_a_line_of_another_width_is_named_and_the_next_ones_are_read() -> None:
    short, fine, long, padded = rows(b"nom;ville;age\na;b\nc;d;1\ne;f;2;3\ng;h;3;;\n")

    assert [(row.line, [f.code for f in row.damage]) for row in (short, fine, long, padded)] == [
        (2, ["wrong-width"]),
        (3, []),
        (4, ["wrong-width"]),
        (5, []),
    ]
    assert short.damage[0].detail == "La ligne a 2 cellules, l’en-tête en a 3."


def test_a_quote_that_is_never_closed_names_the_lines_it_swallowed() -> None:
    first, broken = rows(b'nom;ville\nAda;Lille\n"Bob;Lens\nEve;Arras\n')

    assert first.cells["name"] == "Ada"
    assert (broken.line, broken.damage[0].code) == (3, "unclosed-quote")
    assert "les lignes 3 à 4" in broken.damage[0].detail


def test_one_bad_byte_in_a_utf8_file_is_one_error_with_its_column() -> None:
    found = rows("nom;ville\nHélène;Lille\n".encode() + b"Ren\xe9;Lens\n")

    assert next(row.damage for row in found) == ()
    assert found[0].cells["name"] == "Hélène"
    assert [(f.code, f.column) for f in found[1].damage] == [("illegible-character", "nom (colonne A)")]


def test_a_nul_character_is_an_error_too_and_what_is_read_of_the_cell_can_be_kept() -> None:
    (nul,), (byte,) = rows(b"nom;ville\nRe\0n;Lens\n"), rows("nom;ville\né".encode() + b"\xe9;Lens\n")

    assert [(f.code, f.column) for f in nul.damage] == [("illegible-character", "nom (colonne A)")]
    assert (nul.cells["name"], byte.cells["name"]) == ("Re\ufffdn", "é\ufffd")


def test_a_bad_byte_in_a_heading_can_be_shown() -> None:
    heading = table("é;nom".encode() + b"\xe9;ville\n").heading("name")

    assert heading == "nom\ufffd (colonne B)"


def test_rows_can_be_read_again() -> None:
    again = table(b"nom;ville\nAda;Lille\n")

    assert list(again.rows()) == list(again.rows())


def test_a_heading_is_shown_as_a_spreadsheet_shows_it() -> None:
    assert table(b"x;Ville;nom\n").heading("town") == "Ville (colonne B)"
    assert [letters(n) for n in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


def test_folding_forgets_case_accents_and_punctuation() -> None:
    assert fold("Code état  établissement") == "code_etat_etablissement"
    assert fold("Secteur Public/Privé") == "secteur_public_prive"
    assert fold("SIREN_SIRET") == "siren_siret"
