"""One line of a directory -> what it says of one school, or everything that is wrong with it, by column."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from msgspec import Struct

from common.communes import Successor
from common.identifiers import (
    CodeAcademie,
    CodeBassin,
    CodeDepartement,
    CommuneInsee,
    InvalidIdentifier,
    Siret,
    Uai,
    siret_warning,
)
from common.imports import Finding, Row, fold
from territory.directory.domain import NATURES
from territory.imports.cells import Cells
from territory.imports.domain import State, Wish
from territory.organisation.domain import Academie, Carte

STATES: Final = {
    "1": State.OPEN,
    "2": State.TO_CLOSE,
    "3": State.TO_OPEN,
    "4": State.CLOSED,
    "ouvert": State.OPEN,
    "a_fermer": State.TO_CLOSE,
    "a_ouvrir": State.TO_OPEN,
    "ferme": State.CLOSED,
}
SECTORS: Final = {"pu": "public", "public": "public", "pr": "prive", "prive": "prive"}
NATURE_OF_LABEL: Final = {fold(label): code for code, label in NATURES.items()}
MAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
SPREADSHEET_ERROR: Final = re.compile(r"#(?:NOM|NAME|REF|VALEUR|VALUE|N/A|DIV/0|NUL|NULL|NOMBRE|NUM)[?!]?.*", re.I)


class Scope(Struct, frozen=True, kw_only=True):
    """Who imports, for when, and what is known beforehand."""

    carte: Carte
    served: frozenset[str]  # académies of this deployment
    covered: frozenset[str]  # académies of the importer's mandates
    successors: Mapping[str, Successor]
    bassins_by_name: Mapping[tuple[str, str], CodeBassin]  # (académie, folded name)
    on: date


class Reading(Struct, frozen=True):
    """What came of a line. `academie` is None if it cannot be known; a wish is absent if anything was refused."""

    line: int
    uai: str
    academie: str | None
    wish: Wish | None
    findings: tuple[Finding, ...]


class Skipped(Struct, frozen=True):
    """A line of an académie that this deployment does not serve, or that the importer's mandates do not cover."""

    academie: str
    served: bool


def read(row: Row, heading: Callable[[str], str], scope: Scope) -> Reading | Skipped:
    cells = Cells(row, heading)
    academie = None if cells.refused and not row.cells else academie_of(cells, scope)
    if academie is not None and academie.code not in scope.covered:
        return Skipped(academie.code, academie.code in scope.served)
    uai = None if not row.cells else cells.required("uai", Uai)
    wish = None
    if academie is not None and uai is not None:
        wish = wish_of(cells, uai, academie, scope)
    return Reading(
        row.line,
        uai or cells.text("uai"),
        academie.code if academie else None,
        None if cells.refused else wish,
        tuple(cells.findings),
    )


def academie_of(cells: Cells, scope: Scope) -> Academie | None:
    """By its own column, else by the département, else by the commune."""
    if cells.text("academie"):
        code = cells.identifier("academie", CodeAcademie)
        academie = None if code is None else scope.carte.in_force(code, scope.on)
        if code is not None and academie is None:
            cells.refuse("academie", "unknown-academie", "Ce code académie n’existe pas.")
        elif academie is not None and code != academie.code:
            cells.warn("academie", "former-academie", f"Académie devenue {academie.code} {academie.name}.")
        return academie
    place = departement_of(cells, scope)
    academie = None if place is None else scope.carte.academie_of(place, scope.on)
    if place is not None and academie is None:
        cells.refuse("departement", "unknown-departement", "Ce département n’est d’aucune académie.")
    return academie


def departement_of(cells: Cells, scope: Scope) -> CodeDepartement | None:
    if cells.text("departement"):
        return cells.identifier("departement", CodeDepartement)
    commune = commune_of(cells, scope)
    return None if commune is None else commune.departement


def commune_of(cells: Cells, scope: Scope) -> CommuneInsee | None:
    """The commune as it is today: one that merged is read as its successor."""
    commune = cells.required("commune", CommuneInsee)
    successor = None if commune is None else scope.successors.get(commune)
    if commune is None or successor is None or not successor.in_force(scope.on):
        return commune
    cells.warn("commune", "former-commune", f"Cette commune n’existe plus : lu {successor.code}, qui l’a absorbée.")
    return successor.code


def wish_of(cells: Cells, uai: Uai, academie: Academie, scope: Scope) -> Wish | None:
    """Every cell is read, so that every error is named, before the line is refused for one of them."""
    place, commune = placed(cells, academie, scope)
    name, nature = name_of(cells), nature_of(cells)
    opened_on, closed_on, since = cells.day("opened_on"), cells.day("closed_on"), cells.day("bassin_since")
    state = state_of(cells, opened_on, closed_on)
    sector, siret, mail = sector_of(cells), siret_of(cells), mail_of(cells)
    bassin = bassin_of(cells, academie, scope)
    if cells.refused or place is None or commune is None:
        return None
    return Wish(
        uai=uai,
        academie=academie.code,
        departement=place,
        commune=commune,
        name=name,
        nature=nature,
        state=state,
        opened_on=opened_on,
        closed_on=closed_on,
        sector=sector,
        siret=siret,
        mail=mail,
        bassin=bassin,
        bassin_name=clean(cells.text("bassin_name")) or None,
        bassin_since=since,
    )


def placed(cells: Cells, academie: Academie, scope: Scope) -> tuple[CodeDepartement, CommuneInsee] | tuple[None, None]:
    """Where the school is; commune, département and académie must agree."""
    commune, place = commune_of(cells, scope), departement_of(cells, scope)
    if commune is None or place is None:
        return None, None
    if commune.departement != place:
        cells.refuse("commune", "commune-elsewhere", f"Cette commune n’est pas dans le département {place}.")
    owner = scope.carte.academie_of(place, scope.on)
    if owner is None or owner.code != academie.code:
        cells.refuse("departement", "departement-elsewhere", f"Ce département n’est pas de l’académie {academie.code}.")
    return place, commune


def clean(text: str) -> str:
    return " ".join(text.split())


def name_of(cells: Cells) -> str:
    name = clean(cells.text("name"))
    if not name:
        cells.refuse("name", "empty", "Le nom manque.")
    elif SPREADSHEET_ERROR.fullmatch(name):
        cells.refuse("name", "spreadsheet-error", "La cellule contient l’erreur d’un tableur.")
    return name


def nature_of(cells: Cells) -> str:
    """By its code, else by its label; a code that is new to us is kept, with a warning."""
    code, label = cells.text("nature"), cells.text("nature_label")
    if not code and (known := NATURE_OF_LABEL.get(fold(label))):
        return known
    if not re.fullmatch(r"[0-9]{3}", code):
        field = "nature" if code or not label else "nature_label"
        cells.refuse(field, "invalid-nature", "La nature n’est ni un code à trois chiffres, ni un libellé connu.")
    elif code not in NATURES:
        cells.warn("nature", "unknown-nature", "Ce code nature ne figure pas dans notre nomenclature.")
    return code


def state_of(cells: Cells, opened_on: date | None, closed_on: date | None) -> State | None:
    text = cells.text("state")
    if not text:
        return None
    state = STATES.get(fold(text))
    if state is None:
        cells.refuse("state", "invalid-state", "L’état n’est ni ouvert, ni à ouvrir, ni à fermer, ni fermé.")
    elif state is State.TO_OPEN and opened_on is None:
        cells.refuse("state", "opening-without-date", "Un établissement à ouvrir a une date d’ouverture.")
    elif state is State.TO_CLOSE and closed_on is None:
        cells.warn("state", "closing-without-date", "Fermeture annoncée sans date : il reste ouvert.")
    return state


def sector_of(cells: Cells) -> str | None:
    text = cells.text("sector")
    sector = SECTORS.get(fold(text))
    if text and sector is None:
        cells.warn("sector", "unknown-sector", "Le secteur n’est ni public ni privé : il n’est pas lu.")
    return sector


def siret_of(cells: Cells) -> Siret | None:
    """Never a reason to refuse: 6 of 7,554 SIRETs of the official directory are wrong."""
    text = cells.text("siret")
    if not text:
        return None
    try:
        siret, _ = Siret.mend(text)
    except InvalidIdentifier as wrong:
        padded = Siret(text.zfill(Siret.digits)) if wrong.code == "spreadsheet-zeros" else None
        right = padded is not None and siret_warning(padded) is None  # else they are no zeros that were lost
        cells.warn("siret", wrong.code, f"{wrong} : {f'lu {padded}' if right else 'il n’est pas lu'}.")
        return padded if right else None
    if (odd := siret_warning(siret)) is not None:
        cells.warn("siret", "siret-key", f"{odd}.")
    return siret


def mail_of(cells: Cells) -> str | None:
    mail = cells.text("mail")
    if mail and not MAIL.fullmatch(mail):
        cells.warn("mail", "invalid-mail", "L’adresse électronique n’est pas lue.")
        return None
    return mail or None


def bassin_of(cells: Cells, academie: Academie, scope: Scope) -> CodeBassin | None:
    """By its code; when the code is none of ours, by its name among the known bassins of the académie."""
    named = scope.bassins_by_name.get((academie.code, fold(cells.text("bassin_name"))))
    if not cells.text("bassin"):
        return named
    try:
        code = cells.mended("bassin", CodeBassin)
    except InvalidIdentifier as wrong:
        read_as = f"reconnu par son nom : lu {named}" if named else "l’établissement n’y est pas rattaché"
        cells.warn("bassin", wrong.code, f"{wrong} ; {read_as}.")
        return named
    owner = scope.carte.in_force(code.academie, scope.on)
    if owner is None or owner.code != academie.code:
        cells.refuse("bassin", "bassin-elsewhere", f"Ce bassin n’est pas de l’académie {academie.code}.")
    return code
