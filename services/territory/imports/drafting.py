"""The report of a dry run, line by line: what a person reads, and what an application will have to do."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count

import msgspec
from msgspec import Struct

from common.identifiers import InvalidIdentifier, Uai
from common.imports import Finding
from territory.directory.domain import Bassin, Etablissement
from territory.imports.domain import Entry, Kind, State, Wish, absent, change, compare
from territory.imports.lifecycle import Run
from territory.imports.reading import Reading

WITHHELD = Entry(
    kind=Kind.WARNED,
    code="closing-withheld",
    message="Il n’est pas fermé : des lignes du fichier n’ont pas pu être attribuées à un établissement.",
)


class Line(Struct, frozen=True, kw_only=True):
    """One line of the report; without a wish an application has nothing to do for it."""

    academie: str
    place: int
    line: int | None  # of the file
    object: str  # "etablissement" or "bassin"
    name: str  # UAI or code, as far as it could be read
    kinds: Sequence[str]
    entries: Sequence[Entry]
    wish: Wish | Bassin | None = None


class Draft:
    """Numbers the lines in their order: bassins, then the file, then the schools it does not speak of."""

    def __init__(self, run: Run, heading: Callable[[str], str]) -> None:
        self.run = run
        self._heading = heading
        self.named: dict[str | None, set[str]] = {}  # what the file holds a line of, by académie; None: any académie's
        self.blind: set[str | None] = set()  # académies where a line may be any school's; None: any académie's
        self._places = count(1)
        self._seen: dict[str, Reading] = {}

    def bassins(self, known: Mapping[str, Bassin], settled: Mapping[str, Bassin]) -> list[Line]:
        return [
            self._line(bassin.academie, bassin.code, [bassin_entry(known.get(code), bassin)], bassin, object="bassin")
            for code, bassin in sorted(settled.items())
            if known.get(code) != bassin
        ]

    def schools(
        self, readings: Iterable[Reading], present: Mapping[str, Etablissement], bassins: Mapping[str, Bassin]
    ) -> list[Line]:
        return [self._school(reading, present, bassins) for reading in readings]

    @property
    def spoken_of(self) -> list[str]:
        """Académies the file holds a line of."""
        return sorted(academie for academie in self.named if academie is not None)

    def unnamed(self, academie: str, uais: Iterable[str]) -> list[str]:
        named = self.named.get(academie, set()) | self.named.get(None, set())
        return [uai for uai in uais if uai not in named]

    def absents(self, schools: Iterable[Etablissement]) -> list[Line]:
        return [self._absent(school) for school in schools]

    def _school(self, reading: Reading, present: Mapping[str, Etablissement], bassins: Mapping[str, Bassin]) -> Line:
        found = [entry_of(finding) for finding in reading.findings]
        self._note(reading)
        if reading.wish is None:
            return self._line(reading.academie, reading.uai, found, line=reading.line)
        if (twin := self._seen.setdefault(reading.uai, reading)) is not reading:
            again = self._placed(repeated(twin, reading))
            return self._line(reading.academie, reading.uai, [*found, again], line=reading.line)
        school = present.get(reading.uai)
        comparison = compare(school, reading.wish, bassins, on=self.run.effective_on)
        wish = reading.wish if comparison.after != school else None
        entries = [*map(self._placed, comparison.entries), *found]
        return self._line(reading.academie, reading.uai, entries, wish, line=reading.line)

    def _absent(self, school: Etablissement) -> Line:
        withheld = self.run.close_absent and bool(self.blind & {school.academie, None})
        close_it = self.run.close_absent and not withheld
        comparison = absent(school, on=self.run.effective_on, close_it=close_it)
        entries = [*comparison.entries, *([WITHHELD] if withheld else [])]
        wish = closing(school) if comparison.after != school else None
        return self._line(school.academie, school.uai, entries, wish)

    def _placed(self, entry: Entry) -> Entry:
        """What is wrong is said of a column of the file."""
        heading = self._heading(entry.column) if entry.kind in (Kind.REFUSED, Kind.WARNED) else ""
        return msgspec.structs.replace(entry, column=heading) if heading else entry

    def _note(self, reading: Reading) -> None:
        self.named.setdefault(reading.academie, set()).add(reading.uai)
        if not is_uai(reading.uai):
            self.blind.add(reading.academie)

    def _line(
        self,
        academie: str | None,
        name: str,
        entries: Sequence[Entry],
        wish: Wish | Bassin | None = None,
        *,
        line: int | None = None,
        object: str = "etablissement",  # noqa: A002 - the word of the report
    ) -> Line:
        return Line(
            academie=academie or self.run.academie,
            place=next(self._places),
            line=line,
            object=object,
            name=name,
            kinds=sorted({entry.kind for entry in entries}),
            entries=entries,
            wish=wish,
        )


def entry_of(finding: Finding) -> Entry:
    kind = Kind.REFUSED if finding.refused else Kind.WARNED
    return Entry(kind=kind, message=finding.detail, column=finding.column, before=finding.value, code=finding.code)


def repeated(first: Reading, again: Reading) -> Entry:
    if first.wish == again.wish:
        return Entry(kind=Kind.WARNED, message=f"Répète la ligne {first.line}.", code="repeated-line", column="uai")
    message = f"Cet UAI figure déjà, avec un autre contenu, à la ligne {first.line}."
    return Entry(kind=Kind.REFUSED, message=message, code="duplicate-uai", column="uai", before=again.uai)


def bassin_entry(known: Bassin | None, settled: Bassin) -> Entry:
    if known is None:
        return Entry(kind=Kind.OPENED, message=f"Nouveau bassin : {settled.name}.", column="bassin", after=settled.code)
    return change(Kind.RENAMED, "bassin", known.name, settled.name)


def closing(school: Etablissement) -> Wish:
    """What a line would have said of a school that the importer closes because no line speaks of it."""
    return Wish(
        uai=school.uai,
        academie=school.academie,
        departement=school.departement,
        commune=school.commune,
        name=school.name,
        nature=school.nature,
        state=State.CLOSED,
    )


def is_uai(text: str) -> bool:
    try:
        Uai(text)
    except InvalidIdentifier:
        return False
    return True
