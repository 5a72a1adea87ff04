"""CSV that a French spreadsheet opens as it is meant and a machine reads as it is; never a formula of a stranger."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, TypeAlias
from urllib.parse import quote
from zoneinfo import ZoneInfo

from litestar.params import QueryParameter
from litestar.response import Stream
from msgspec import Struct

from common.clock import PARIS

Cell: TypeAlias = str | int | float | Decimal | bool | date | datetime | None
Row: TypeAlias = Sequence[Cell]
CHUNK = 500  # rows encoded at once


class Profil(StrEnum):
    """`francais` pour un tableur (point-virgule, virgule décimale), `rfc4180` pour une machine."""

    FRANCAIS = "francais"
    RFC4180 = "rfc4180"


ProfilDemande: TypeAlias = Annotated[Profil, QueryParameter(name="profil", description="Forme du fichier CSV.")]


class Dialect(Struct, frozen=True):
    delimiter: str
    start: bytes
    cell: Callable[[Cell], str]


def for_people(cell: Cell) -> str:
    """As people of an académie write it; text that a spreadsheet would run is made harmless by an apostrophe."""
    match cell:
        case None:
            return ""
        case bool():
            return "oui" if cell else "non"
        case int():
            return str(cell)
        case float() | Decimal():
            return f"{Decimal(str(cell)):f}".replace(".", ",")
        case date():
            return dated(cell)
        case str():
            return harmless(cell)


def dated(day: date) -> str:
    if isinstance(day, datetime):
        return day.astimezone(ZoneInfo(PARIS)).strftime("%d/%m/%Y %H:%M")
    return day.strftime("%d/%m/%Y")


def for_machines(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case float() | Decimal():
            return f"{Decimal(str(cell)):f}"
        case date():
            return cell.isoformat()
        case _:
            return str(cell)


def harmless(text: str) -> str:
    """Spreadsheets take for a formula what begins with one of these, also after spaces."""
    return (
        f"'{text}"
        if text.lstrip(" \u00a0\u202f").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋"))
        else text
    )


DIALECTS = {
    Profil.FRANCAIS: Dialect(";", b"\xef\xbb\xbf", for_people),
    Profil.RFC4180: Dialect(",", b"", for_machines),
}


def csv_chunks(header: Sequence[str], rows: Iterable[Row], profil: Profil = Profil.FRANCAIS) -> Iterator[bytes]:
    """The file in pieces, so that an export of any size holds little memory."""
    dialect = DIALECTS[profil]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=dialect.delimiter, lineterminator="\r\n")
    writer.writerow(header)
    start = dialect.start
    for count, row in enumerate(rows, start=1):
        writer.writerow([dialect.cell(cell) for cell in row])
        if count % CHUNK == 0:
            yield start + _taken(buffer)
            start = b""
    yield start + _taken(buffer)


def csv_bytes(header: Sequence[str], rows: Iterable[Row], profil: Profil = Profil.FRANCAIS) -> bytes:
    return b"".join(csv_chunks(header, rows, profil))


def csv_answer(name: str, header: Sequence[str], rows: Iterable[Row], profil: Profil = Profil.FRANCAIS) -> Stream:
    """A download. Rows are read before the transaction ends: give a list, or rows that need no database."""
    return Stream(
        csv_chunks(header, rows, profil),
        media_type="text/csv",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"},
    )


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()
