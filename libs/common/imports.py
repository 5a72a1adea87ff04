"""Reading the CSV files that people send: any encoding, separator and header, and each error by line and column."""

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO, Final, NamedTuple

from msgspec import Struct

DELIMITERS: Final = (";", ",", "\t")
PIECE: Final = 1 << 20
NO_CHARACTER: Final = re.compile("[\0\udc80-\udcff]")  # nothing, or a byte that the encoding does not know
UTF8_LETTER: Final = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}")
NOT_A_CSV: Final = {
    b"PK\x03\x04": "Le fichier est un classeur : l’enregistrer d’abord au format CSV (UTF-8).",
    codecs.BOM_UTF16_LE: "Le fichier est en UTF-16 : l’enregistrer d’abord au format CSV (UTF-8).",
    codecs.BOM_UTF16_BE: "Le fichier est en UTF-16 : l’enregistrer d’abord au format CSV (UTF-8).",
}


class Finding(Struct, frozen=True):
    """One thing to say of a line; `column` is its heading as the file writes it, "" for the whole line."""

    code: str
    detail: str
    column: str = ""
    value: str = ""
    refused: bool = True  # False: a warning


class UnreadableFile(Exception):
    """No line of the file can be read; every reason is given."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("\n".join(finding.detail for finding in findings))
        self.findings = findings


class Column(Struct, frozen=True):
    """A field, and how headings may spell it once folded, the best one first."""

    field: str
    spellings: tuple[str, ...]


class Layout(Struct, frozen=True):
    """One kind of file. Of each required group at least one column must be there."""

    name: str
    columns: tuple[Column, ...]
    required: tuple[tuple[str, ...], ...]

    def places(self, headings: Sequence[str]) -> dict[str, int]:
        folded = [fold(heading) for heading in headings]
        found = {
            c.field: next((folded.index(spelling) for spelling in c.spellings if spelling in folded), -1)
            for c in self.columns
        }
        return {field: place for field, place in found.items() if place >= 0}

    def missing(self, places: Mapping[str, int]) -> list[tuple[str, ...]]:
        return [group for group in self.required if not any(field in places for field in group)]

    def heading_of(self, field: str) -> str:
        return next(column.spellings[0] for column in self.columns if column.field == field)


class Row(NamedTuple):
    """One record: where it begins in the file, the cells of known columns without surrounding spaces."""

    line: int
    cells: Mapping[str, str]
    damage: tuple[Finding, ...] = ()


class Table:
    """An open file whose header was understood."""

    def __init__(self, text: io.TextIOWrapper, layout: Layout, delimiter: str, headings: Sequence[str]) -> None:
        self.layout = layout
        self.delimiter = delimiter
        self.encoding = text.encoding
        self.headings = tuple(headings)
        self.places = layout.places(headings)
        self._text = text

    def heading(self, field: str) -> str:
        """« Code_commune (colonne I) », as a spreadsheet shows it."""
        place = self.places.get(field)
        return "" if place is None else f"{self.headings[place].strip()} (colonne {letters(place)})"

    def rows(self) -> Iterator[Row]:
        """Every record, once; what cannot be cut into cells comes as a row of damage."""
        self._text.seek(0)
        reader = csv.reader(self._text, delimiter=self.delimiter, strict=True)
        header_seen = False
        while True:
            line = reader.line_num + 1
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield Row(line, {}, (unclosed_quote(line, reader.line_num),))
                continue
            if any(record):
                if header_seen:
                    yield self._row(line, record)
                header_seen = True

    def _row(self, line: int, record: Sequence[str]) -> Row:
        width = len(self.headings)
        if len(record) != width and (len(record) < width or any(cell.strip() for cell in record[width:])):
            detail = f"La ligne a {len(record)} cellules, l’en-tête en a {width}."
            return Row(line, {}, (Finding("wrong-width", detail),))
        known = map(str.strip, map(record.__getitem__, self.places.values()))
        cells = dict(zip(self.places, known, strict=True))
        damage = tuple(self._illegible(cells)) if NO_CHARACTER.search("".join(record)) else ()
        return Row(line, {field: legible(cell) for field, cell in cells.items()} if damage else cells, damage)

    def _illegible(self, cells: Mapping[str, str]) -> Iterator[Finding]:
        for field, cell in cells.items():
            if NO_CHARACTER.search(cell):
                detail = f"La cellule contient un octet qui n’est pas un caractère ({self.encoding})."
                yield Finding("illegible-character", detail, self.heading(field))


def unclosed_quote(line: int, last: int) -> Finding:
    lost = f" : les lignes {line} à {last} ne sont pas lues" if last > line else ""
    return Finding(
        "unclosed-quote", f"Un guillemet est mal placé ou n’est pas fermé, ou une cellule est trop longue{lost}."
    )


def legible(cell: str) -> str:
    """With a mark in the place of what no database and no report can hold."""
    return cell.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def open_table(source: BinaryIO, layouts: Iterable[Layout]) -> Table:
    """Understand encoding, separator and header of a seekable file.

    Raises:
        UnreadableFile: not a CSV, empty, or without the columns that any of the layouts requires.
    """
    text = io.TextIOWrapper(source, encoding=encoding_of(source), errors="surrogateescape", newline="")
    line = next((line for line in text if line.strip().strip("".join(DELIMITERS))), "")
    if not line:
        raise UnreadableFile(Finding("empty-file", "Le fichier est vide."))
    candidates = [(layout, d, cut(line, d)) for layout in layouts for d in DELIMITERS]
    layout, delimiter, headings = max(candidates, key=lambda c: fitness(c[0], c[2]))
    refuse_header(layout, headings)
    return Table(text, layout, delimiter, headings)


def cut(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([legible(line)], delimiter=delimiter))
    except csv.Error:
        return [legible(line)]


def fitness(layout: Layout, headings: Sequence[str]) -> tuple[int, int]:
    places = layout.places(headings)
    return -len(layout.missing(places)), len(places)


def refuse_header(layout: Layout, headings: Sequence[str]) -> None:
    places = layout.places(headings)
    absent = [
        Finding("missing-column", f"Colonne obligatoire absente : {' ou '.join(map(layout.heading_of, group))}.")
        for group in layout.missing(places)
    ]
    folded = [fold(heading) for heading in headings]
    double = [
        Finding("double-column", f"La colonne {headings[place].strip()} figure plusieurs fois.")
        for place in sorted(places.values())
        if folded.count(folded[place]) > 1
    ]
    if absent or double:
        raise UnreadableFile(*absent, *double)


def encoding_of(source: BinaryIO) -> str:
    """UTF-8, unless there are letters and none of them is UTF-8; then what French spreadsheets write, cp1252."""
    source.seek(0)
    head = source.read(4)
    for signature, detail in NOT_A_CSV.items():
        if head.startswith(signature):
            raise UnreadableFile(Finding("not-a-csv", detail))
    source.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    valid, seen = True, False
    while piece := source.read(PIECE):
        seen = seen or UTF8_LETTER.search(piece) is not None
        try:
            decoder.decode(piece)
        except UnicodeDecodeError:
            valid = False
            if seen:
                break
    source.seek(0)
    return "utf-8-sig" if valid or seen else "cp1252"


def fold(text: str) -> str:
    """« Code état établissement » -> code_etat_etablissement: only letters and digits tell headings apart."""
    plain = unicodedata.normalize("NFKD", text.lower().replace("œ", "oe")).encode("ascii", "ignore").decode()
    return "_".join(re.findall(r"[a-z0-9]+", plain))


def letters(place: int) -> str:
    """0 -> A, 26 -> AA: how a spreadsheet names its columns."""
    name = ""
    place += 1
    while place:
        place, digit = divmod(place - 1, 26)
        name = chr(ord("A") + digit) + name
    return name
