"""What several projections collect for one record may be sent in any order, and each is built again beside the others.

Both hold (`common.statements`, `common.rebuild`) because no statement of a projection writes or reads another's tables.
"""

import re
import sys
from collections.abc import Iterator
from types import FunctionType

import pytest

from common.contracts.catalogue import CONTRACTS
from common.handlers import Projection
from common.service import load

TOUCHED = re.compile(r"\b(?:INTO|FROM|JOIN|(?<!DO )UPDATE)\s+(?!unnest\b)([a-z_.\"]+)")
PROJECTIONS = [(service, projection) for service in sorted(CONTRACTS) for projection in load(service).projections]


def statements(function: FunctionType, seen: frozenset[FunctionType] = frozenset()) -> Iterator[str]:
    """The SQL that it names, and what it calls in its own module."""
    module = vars(sys.modules[function.__module__])
    for value in (module.get(name) for name in function.__code__.co_names):
        if isinstance(value, str):
            yield value
        elif isinstance(value, FunctionType) and value.__module__ == function.__module__ and value not in seen:
            yield from statements(value, seen | {function})


def touched(projection: Projection) -> set[str]:
    found = (sql for handler in projection.handlers for sql in statements(handler.run))  # type: ignore[arg-type]
    return {table for sql in found for table in TOUCHED.findall(sql)}


@pytest.mark.parametrize(("service", "projection"), PROJECTIONS, ids=[f"{s}.{p.name}" for s, p in PROJECTIONS])
def test_a_projection_touches_its_own_tables_and_no_others(service: str, projection: Projection) -> None:
    assert touched(projection) == set(projection.tables)


def test_no_table_is_kept_by_two_projections() -> None:
    tables = [(service, table) for service, projection in PROJECTIONS for table in projection.tables]

    assert len(tables) == len(set(tables))
