"""The cells of one line: identifiers and dates out of what people and spreadsheets write, each mistake by column."""

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import TypeVar

from common.identifiers import Identifier, InvalidIdentifier
from common.imports import Finding, Row

T = TypeVar("T", bound=Identifier)


@lru_cache(maxsize=1000)
def _mend(kind: type[T], text: str) -> tuple[T, bool]:
    """A national file names the same thirty académies 65,000 times."""
    return kind.mend(text)


class Cells:
    """The cells of one line, and what was found in them."""

    def __init__(self, row: Row, heading: Callable[[str], str]) -> None:
        self.cells = row.cells
        self.findings = list(row.damage)
        self._heading = heading

    @property
    def refused(self) -> bool:
        return any(finding.refused for finding in self.findings)

    def text(self, field: str) -> str:
        return self.cells.get(field, "")

    def refuse(self, field: str, code: str, detail: str) -> None:
        self._find(Finding(code, detail, self._heading(field), self.text(field)))

    def warn(self, field: str, code: str, detail: str) -> None:
        self._find(Finding(code, detail, self._heading(field), self.text(field), refused=False))

    def _find(self, finding: Finding) -> None:
        """A cell may be looked at twice; what is wrong with it is said once."""
        if finding not in self.findings:
            self.findings.append(finding)

    def mended(self, field: str, kind: type[T]) -> T:
        """The identifier, also from lower case or without its first zeros, with a warning.

        Raises:
            InvalidIdentifier: there is nothing to mend.
        """
        text = self.text(field)
        try:
            found: tuple[T, bool] = _mend(kind, text)
            value, altered = found
        except InvalidIdentifier as wrong:
            if wrong.code != "spreadsheet-zeros":
                raise
            value = kind.mend(text.strip().zfill(kind.digits))[0]
            self.warn(field, wrong.code, f"{wrong} : lu {value}.")
            return value
        if altered:
            self.warn(field, "mended", f"Écriture corrigée : lu {value}.")
        return value

    def identifier(self, field: str, kind: type[T]) -> T | None:
        """None when the cell is empty or refused."""
        try:
            return self.mended(field, kind) if self.text(field) else None
        except InvalidIdentifier as wrong:
            self.refuse(field, wrong.code, f"{wrong}.")
            return None

    def required(self, field: str, kind: type[T]) -> T | None:
        if not self.text(field):
            self.refuse(field, "empty", f"{kind.label} manque.")
        return self.identifier(field, kind)

    def day(self, field: str) -> date | None:
        text = self.text(field)
        if not text:
            return None
        try:
            return parse_day(text)
        except ValueError:
            self.refuse(field, "invalid-date", "La date n’a pas la forme AAAA-MM-JJ ou JJ/MM/AAAA.")
            return None


def parse_day(text: str) -> date:
    if match := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text):
        return date(int(match[3]), int(match[2]), int(match[1]))
    return date.fromisoformat(text[:10]) if re.fullmatch(r".{10}(?:[T ].*)?", text) else date.fromisoformat(text)
