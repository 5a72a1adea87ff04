"""What a file would change: each of its lines against the school as it is known, before anything is written."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar, assert_never

import msgspec
from msgspec import Struct

from common.identifiers import CodeAcademie, CodeBassin, CodeDepartement, CommuneInsee, Siret, Uai
from common.refusal import Refusal
from territory.directory.domain import Bassin, Etablissement, attach, close, lasting, reopen

T = TypeVar("T", bound=str)


class Kind(StrEnum):
    """What the report says of a line; a line may be several of these."""

    OPENED = "opened"
    CLOSED = "closed"
    RENAMED = "renamed"
    MOVED = "moved"
    AMENDED = "amended"
    ABSENT = "absent"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    WARNED = "warned"

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS = {
    Kind.OPENED: "ouvert",
    Kind.CLOSED: "fermé",
    Kind.RENAMED: "renommé",
    Kind.MOVED: "changé de bassin",
    Kind.AMENDED: "modifié",
    Kind.ABSENT: "absent du fichier",
    Kind.UNCHANGED: "inchangé",
    Kind.REFUSED: "refusé",
    Kind.WARNED: "averti",
}


class State(StrEnum):
    """The états of the Base centrale des établissements."""

    OPEN = "ouvert"
    TO_OPEN = "a-ouvrir"
    TO_CLOSE = "a-fermer"
    CLOSED = "ferme"


class Wish(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one line says of one school. None: the file does not say, and what is known stays."""

    uai: Uai
    academie: CodeAcademie
    departement: CodeDepartement
    commune: CommuneInsee
    name: str
    nature: str
    sector: str | None = None
    siret: Siret | None = None
    mail: str | None = None
    state: State | None = None
    opened_on: date | None = None
    closed_on: date | None = None
    bassin: CodeBassin | None = None
    bassin_name: str | None = None
    bassin_since: date | None = None


class Entry(Struct, frozen=True, kw_only=True):
    """One thing the report says of a line."""

    kind: Kind
    message: str
    column: str = ""
    before: str = ""
    after: str = ""
    code: str = ""


class Comparison(Struct, frozen=True):
    """The school as the line would have it, and how that differs; a refused line leaves the school as it is."""

    after: Etablissement | None
    entries: tuple[Entry, ...]


def compare(present: Etablissement | None, wish: Wish, bassins: Mapping[str, Bassin], *, on: date) -> Comparison:
    """The difference a line makes if it takes effect on a day."""
    try:
        after = apply(present, wish, bassins, on=on)
    except Refusal as refusal:
        refused = Entry(kind=Kind.REFUSED, message=refusal.detail, code=refusal.code, column=BASSIN_COLUMN)
        return Comparison(present, (refused,))
    if after is None:
        nothing = Entry(kind=Kind.WARNED, message="Fermé et inconnu : rien à fermer.", code="closed-and-unknown")
        return Comparison(None, (nothing,))
    return Comparison(after, tuple(differences(present, after)))


def apply(
    present: Etablissement | None, wish: Wish, bassins: Mapping[str, Bassin], *, on: date
) -> Etablissement | None:
    if present is None and wish.state is State.CLOSED:
        return None
    said: dict[str, Any] = {field: value for field in SAID if (value := getattr(wish, field)) is not None}
    if present is None:
        school = Etablissement(uai=wish.uai, academie=wish.academie, **{"sector": "", **said})
    else:
        school = msgspec.structs.replace(present, **said)
    school = with_state(school, wish, on=on)
    if wish.bassin is not None and wish.state is not State.CLOSED:
        return attach(school, bassins[wish.bassin], since=membership_start(present, wish, on=on))
    if (kept := lasting(school)) is not None:
        attach(school, bassins[kept.bassin], since=kept.since)  # a school that moved house stays in its département
    return school


SAID = ("name", "nature", "sector", "commune", "departement", "siret", "mail", "opened_on")
BASSIN_COLUMN = "bassin"


def membership_start(present: Etablissement | None, wish: Wish, *, on: date) -> date:
    """The day the file takes effect, unless it gives one; a new school belongs to nothing before it opens."""
    if wish.bassin_since is not None:
        return wish.bassin_since
    return max(on, wish.opened_on) if present is None and wish.opened_on is not None else on


def with_state(school: Etablissement, wish: Wish, *, on: date) -> Etablissement:
    """Closed only by its state or its date; open again only if the file says so."""
    if wish.closed_on is not None:
        return school if school.closed_on == wish.closed_on else close(school, on=wish.closed_on)
    match wish.state:
        case State.CLOSED:
            closed = school.closed_on is not None and school.closed_on <= on
            return school if closed else close(school, on=on)
        case State.OPEN | State.TO_OPEN:
            return school if school.closed_on is None else reopen(school, on=on)
        case State.TO_CLOSE | None:
            return school
        case _:
            assert_never(wish.state)


def differences(present: Etablissement | None, after: Etablissement) -> list[Entry]:
    if present is None:
        return [Entry(kind=Kind.OPENED, message="Nouvel établissement.", column="uai", after=after.uai)]
    entries = [
        change(kind, column, getattr(present, field), getattr(after, field))
        for field, column, kind in COMPARED
        if getattr(present, field) != getattr(after, field)
    ]
    before, now = lasting(present), lasting(after)
    if now is not None and (before is None or before.bassin != now.bassin):
        entries.append(change(Kind.MOVED, BASSIN_COLUMN, before.bassin if before else None, now.bassin))
    if present.closed_on != after.closed_on:
        kind = Kind.OPENED if after.closed_on is None else Kind.CLOSED
        entries.append(change(kind, "fermeture", present.closed_on, after.closed_on))
    return entries or [Entry(kind=Kind.UNCHANGED, message="Inchangé.")]


COMPARED = (
    ("name", "nom", Kind.RENAMED),
    ("nature", "nature", Kind.AMENDED),
    ("sector", "secteur", Kind.AMENDED),
    ("commune", "commune", Kind.AMENDED),
    ("siret", "siret", Kind.AMENDED),
    ("mail", "mail", Kind.AMENDED),
    ("opened_on", "ouverture", Kind.AMENDED),
)


def change(kind: Kind, column: str, before: object, after: object) -> Entry:
    old, new = (("" if value is None else str(value)) for value in (before, after))
    return Entry(kind=kind, message=f"{kind.label.capitalize()} : {column}.", column=column, before=old, after=new)


def absent(school: Etablissement, *, on: date, close_it: bool) -> Comparison:
    """A file that does not speak of a school says nothing about it, unless the importer says it does."""
    entry = Entry(kind=Kind.ABSENT, message="Aucune ligne du fichier ne parle de cet établissement.", column="uai")
    if not close_it:
        return Comparison(school, (entry,))
    try:
        after = close(school, on=on)
    except Refusal as refusal:
        refused = Entry(kind=Kind.REFUSED, message=refusal.detail, code=refusal.code)
        return Comparison(school, (entry, refused))
    return Comparison(after, (entry, *differences(school, after)))


def settle_bassins(wishes: Iterable[Wish], present: Mapping[str, Bassin]) -> dict[str, Bassin]:
    """All bassins as the file leaves them: a new one lies where most of its schools are, the majority names it."""
    places: dict[str, Counter[CodeDepartement]] = {}
    names: dict[str, Counter[str]] = {}
    owners: dict[str, Wish] = {}
    for wish in wishes:
        if wish.bassin is not None:
            places.setdefault(wish.bassin, Counter())[wish.departement] += 1
            names.setdefault(wish.bassin, Counter()).update([wish.bassin_name] if wish.bassin_name else [])
            owners.setdefault(wish.bassin, wish)
    settled = dict(present)
    for code, owner in owners.items():
        name = most_frequent(names[code])
        if (known := present.get(code)) is not None:
            settled[code] = msgspec.structs.replace(known, name=name or known.name)
        else:
            place = most_frequent(places[code])
            assert place is not None
            assert owner.bassin is not None
            settled[code] = Bassin(code=owner.bassin, name=name or code, departement=place, academie=owner.academie)
    return settled


def most_frequent(votes: "Counter[T]") -> T | None:
    return min(votes, key=lambda value: (-votes[value], value), default=None)


def tally(lines: Iterable[Sequence[Entry]]) -> Counter[Kind]:
    """How many lines are of each kind; a line that is both renamed and moved counts in both."""
    return Counter(kind for entries in lines for kind in {entry.kind for entry in entries})


def settle(known: Bassin | None, wished: Bassin) -> Bassin:
    """A known bassin takes the file's name; where it lies and whether it is closed is not the file's to say."""
    return wished if known is None else msgspec.structs.replace(known, name=wished.name)
