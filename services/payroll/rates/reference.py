"""The rates and the large communes of the arrêtés, committed: an académie only records what corrects them.

Sources: arrêtés of 3 July 2006 as changed on 26 February and 11 October 2019, 14 March 2022, 20 September 2023.
"""

import csv
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

import msgspec

from payroll.rates.domain import Category, Rate


@cache
def nationwide() -> tuple[Rate, ...]:
    return tuple(msgspec.convert(row, Rate, strict=False) for row in rows("rates"))


@cache
def large_communes() -> Mapping[str, Category]:
    return {row["prefix"]: Category(row["category"]) for row in rows("large_communes")}


def rows(name: str) -> Iterator[dict[str, str]]:
    text = files("payroll.rates").joinpath(f"{name}.csv").read_text("utf-8")
    yield from csv.DictReader(text.splitlines(), delimiter=";")
