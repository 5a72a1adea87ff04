"""Business gauges as an operator reads them: every académie served, 0 where there is nothing, and no more series."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from common import figures, metrics
from common.clock import Clock
from common.db import Database, connect
from common.figures import Figure
from common.identifiers import CodeAcademie
from common.migrate import ServiceUrls
from common.service import load, services

AT = datetime(2007, 11, 18, tzinfo=UTC)
BY_MONTH = """
SELECT '09' AS academie, month, 'ready' AS status, 7 AS value
FROM string_to_table(current_setting('bassin.months'), ',') AS month
"""
LILLE, AMIENS = CodeAcademie("09"), CodeAcademie("20")


def said(service: str, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels[label] for label in sorted(sample.labels) if label != "service"): sample.value
        for family in metrics.REGISTRY.collect()
        for sample in family.samples
        if sample.name == name and sample.labels["service"] == service
    }


@pytest.fixture(autouse=True)
def nothing_told_before() -> Iterator[None]:
    yield
    for gauge in metrics.OF_BUSINESS:
        gauge.clear()


async def count(database: Callable[[str], ServiceUrls], name: str) -> None:
    pool = await connect(database(name).app)
    async with Database(name, pool, Clock()).batch([LILLE, AMIENS]) as tx:
        await figures.job(load(name).figures).run(tx, AT)
    await pool.close()


@pytest.mark.parametrize("name", sorted(services()))
async def test_each_figure_of_an_empty_service_is_zero_for_each_academie(
    database: Callable[[str], ServiceUrls], name: str
) -> None:
    await count(database, name)

    for figure in load(name).figures:
        found = said(name, figure.gauge._name)
        assert {labels[0] for labels in found} == {"09", "20"}
        assert set(found.values()) == {0}
    assert said(name, "bassin_db_size_bytes")[()] > 1_000_000


async def test_a_series_that_no_row_speaks_of_any_more_goes(database: Callable[[str], ServiceUrls]) -> None:
    pool = await connect(database("payroll").app)
    db = Database("payroll", pool, Clock())
    months = ["2007-11", "2007-12"]
    job = figures.job([Figure(gauge=metrics.pay_elements, sql=BY_MONTH, always=((), ()))])
    for seen in (months, months[1:]):
        async with db.batch([LILLE]) as tx:
            await tx.execute("SELECT set_config('bassin.months', $1, true)", ",".join(seen))
            await job.run(tx, AT)
        assert said("payroll", "bassin_pay_elements") == {("09", month, "ready"): 7 for month in seen}
    await pool.close()


def test_each_business_gauge_is_told_by_a_service_and_by_one_alone() -> None:
    tellers: dict[Any, list[str]] = {gauge: [] for gauge in metrics.OF_BUSINESS}
    for name in services():
        for gauge in {figure.gauge for figure in load(name).figures}:
            tellers[gauge].append(name)

    assert sorted(tellers.pop(metrics.deadline_near)) == ["hr_networks", "payroll", "training"]
    assert {len(names) for names in tellers.values()} == {1}
