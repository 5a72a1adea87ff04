"""The communes that this installation knows to have merged; `bassin territory import-communes` renews the file."""

import io
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from common.communes import Successor, extract

COMMITTED: Final = files("territory.imports").joinpath("communes_successors.csv")


@cache
def committed() -> Mapping[str, Successor]:
    return extract(io.BytesIO(COMMITTED.read_bytes()))
