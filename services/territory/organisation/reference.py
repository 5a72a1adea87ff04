"""The committed tables of régions académiques, académies and départements: a third académie is configuration alone.

Sources: code de l’éducation, R. 222-2 and R. 222-3 (régions académiques since 1 January 2016, Normandie since
1 January 2020); decrees 2016-1262 to 2016-1269 of 28 September 2016 for the new labels of the régions.
"""

import csv
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import TypeVar

import msgspec
from msgspec import Struct

from common.identifiers import dec_hook
from territory.organisation.domain import Academie, Carte, Departement, RegionLabel, carte

S = TypeVar("S", bound=Struct)
FIELDS = {
    "nom": "name",
    "libelle": "label",
    "depuis": "since",
    "jusqu_au": "until",
    "successeur": "successor",
}  # every other column is called like its field


@cache
def nationwide() -> Carte:
    return carte(rows("regions", RegionLabel), rows("academies", Academie), rows("departements", Departement))


def rows(name: str, kind: type[S]) -> Iterator[S]:
    text = files("territory.organisation").joinpath(f"{name}.csv").read_text("utf-8")
    for record in csv.DictReader(text.splitlines(), delimiter=";"):
        filled = {FIELDS.get(column, column): cell or None for column, cell in record.items()}
        yield msgspec.convert(filled, kind, dec_hook=dec_hook)
