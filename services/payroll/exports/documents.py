"""The pay file: the same elements and columns give the same bytes, whenever it is made."""

import hashlib
from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from common.exports import Cell, csv_bytes
from payroll.exports.domain import AMOUNTS, QUANTITIES, Column, Payable, Source


class PayFile(Struct, frozen=True, kw_only=True):
    content: bytes
    sha256: bytes
    lines: int
    total: int  # cents: the control total


def pay_file(columns: Sequence[Column], lines: Sequence[Payable]) -> PayFile:
    content = csv_bytes([heading(each) for each in columns], [[cell(c, each) for c in columns] for each in lines])
    digest = hashlib.sha256(content).digest()
    return PayFile(content=content, sha256=digest, lines=len(lines), total=sum(each.amount for each in lines))


def heading(column: Column) -> str:
    """The pay code stands with the amount it is the code of."""
    return column.heading if column.pay_code is None else f"{column.heading} [{column.pay_code}]"


def cell(column: Column, line: Payable) -> Cell:
    source = column.source
    if source in AMOUNTS:
        return euros(sum(each.amount for each in line.lines if each.kind is AMOUNTS[source]))
    if source in QUANTITIES:
        return sum(each.quantity for each in line.lines if each.kind is QUANTITIES[source])
    if source is Source.TOTAL:
        return euros(line.amount)
    said: dict[Source, Cell] = {
        Source.CIVILITY: line.civility.capitalize(),
        Source.FAMILY_NAME: line.family_name,
        Source.GIVEN_NAMES: line.given_names,
        Source.PERSON: str(line.person),
        Source.UAI: line.uai,
        Source.NUMBER: line.number,
        Source.COMMUNE: line.commune,
        Source.DAY: line.day,
        Source.MONTH: line.month,
        Source.LATE_FROM: line.late_from,
        Source.ELEMENT: str(line.element),
    }
    return said[source]


def euros(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)
