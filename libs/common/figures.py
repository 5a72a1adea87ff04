"""What a service tells of its business: counts by académie, read by a query now and then; no person, no school."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import product

from asyncpg import Record
from msgspec import Struct
from prometheus_client import Gauge

from common import metrics
from common.handlers import Job
from common.tx import Tx

EVERY = timedelta(seconds=30)
NEAR = timedelta(days=3)  # a deadline this near, with work open, concerns an operator; ours, no source gives one
Labels = tuple[str, ...]


class Figure(Struct, frozen=True, kw_only=True):
    """One gauge and the query that reads it: académie, then its further labels, then `value`.

    `always` are values of each further label that are told at 0 when no row has them.
    A `dated` query takes $1, today, and $2, the last day that is near.
    """

    gauge: Gauge
    sql: str
    always: Sequence[Sequence[str]] = ()
    dated: bool = False


def job(figures: Sequence[Figure]) -> Job:
    """Each replica tells the same: a panel takes their maximum."""
    told: dict[Gauge, set[Labels]] = {}

    async def tell_figures(tx: Tx, at: datetime) -> int:
        metrics.db_size.labels(tx.service).set(await tx.fetchval(SIZE))
        found: dict[Gauge, dict[Labels, float]] = {}
        for figure in figures:
            days = (at.date(), (at + NEAR).date()) if figure.dated else ()
            rows = await tx.fetch(figure.sql, *days)
            found.setdefault(figure.gauge, {}).update(values(figure, rows, tx.seen.split(",")))
        for gauge, series in found.items():
            tell(gauge, tx.service, series, told.get(gauge, set()))
            told[gauge] = set(series)
        return 0

    return Job("tell_figures", EVERY, tell_figures)


def values(figure: Figure, rows: Iterable[Record], academies: Iterable[str]) -> dict[Labels, float]:
    found: dict[Labels, float] = dict.fromkeys(product(academies, *figure.always), 0)
    for row in rows:
        *labels, value = row.values()
        found[tuple(map(str, labels))] = float(value)
    return found


def tell(gauge: Gauge, service: str, series: Mapping[Labels, float], before: Iterable[Labels]) -> None:
    """What no row speaks of any more goes: a closed month would keep its last figure for ever."""
    for labels in set(before) - series.keys():
        gauge.remove(service, *labels)
    for labels, value in series.items():
        gauge.labels(service, *labels).set(value)


SIZE = "SELECT pg_database_size(current_database())"
