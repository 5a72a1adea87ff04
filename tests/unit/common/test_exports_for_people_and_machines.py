"""A French spreadsheet opens the file as it is meant and runs nothing of it; a machine reads exactly what was kept."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.exports import CHUNK, Profil, Row, csv_bytes, csv_chunks

FORMULAS = ["=1+1", "+33 1", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\u00a0=cmd|'/C calc'!A0", "＝1"]


def read(content: bytes, delimiter: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter, strict=True))


def test_the_french_file_has_a_bom_semicolons_and_crlf() -> None:
    content = csv_bytes(["UAI", "Nom"], [["0590318A", "Collège d’Été"]])

    assert content == "\ufeffUAI;Nom\r\n0590318A;Collège d’Été\r\n".encode()


def test_the_machine_file_is_rfc_4180() -> None:
    content = csv_bytes(["uai", "name"], [["0590318A", 'a, "b"\r\nc']], Profil.RFC4180)

    assert content == b'uai,name\r\n0590318A,"a, ""b""\r\nc"\r\n'


def test_each_reader_gets_values_in_its_own_writing() -> None:
    at = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    row: Row = [Decimal("12.50"), 0.1, 3, True, None, date(2026, 11, 20), at, Decimal("1E+3")]

    people = read(csv_bytes(["x"] * 8, [row]), ";")[1]
    machine = read(csv_bytes(["x"] * 8, [row], Profil.RFC4180), ",")[1]

    assert people == ["12,50", "0,1", "3", "oui", "", "20/11/2026", "02/07/2026 00:30", "1000"]
    assert machine == ["12.50", "0.1", "3", "true", "", "2026-11-20", "2026-07-01T22:30:00+00:00", "1000"]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_run_is_made_text_for_people_only(text: str) -> None:
    assert read(csv_bytes(["x"], [[text]]), ";")[1] == [f"'{text}"]
    assert read(csv_bytes(["x"], [[text]], Profil.RFC4180), ",")[1] == [text]


def test_a_negative_number_stays_a_number() -> None:
    assert read(csv_bytes(["x"], [[-2]]), ";")[1] == ["-2"]


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2)))
def test_a_machine_reads_back_what_was_written(rows: list[list[str]]) -> None:
    assert read(csv_bytes(["a", "b"], rows, Profil.RFC4180), ",")[1:] == rows


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_cell_for_people_begins_like_a_formula(text: str) -> None:
    cell = read(csv_bytes(["a", "b"], [[text, "x"]]), ";")[1][0]

    assert not cell.lstrip(" \u00a0").startswith(("=", "+", "-", "@", "\t", "\r"))


def test_a_long_export_comes_in_pieces_with_one_bom() -> None:
    pieces = list(csv_chunks(["n"], ([n] for n in range(3 * CHUNK + 1))))

    assert len(pieces) == 4
    assert b"".join(pieces).count("\ufeff".encode()) == 1
    assert len(read(b"".join(pieces), ";")) == 3 * CHUNK + 2
