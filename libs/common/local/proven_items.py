"""Which items of the domain document a test run proved: `@pytest.mark.item(n)`, kept in .bassin/items.json."""

import json

import pytest

from common.local.places import STATE

RESULTS = STATE / "items.json"
LAST_ITEM = 159


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A report carries the numbers from the worker to the process that writes them down."""
    for item in items:
        numbers = sorted({number for mark in item.iter_markers("item") for number in mark.args})
        if wrong := [number for number in numbers if number not in range(1, LAST_ITEM + 1)]:
            raise pytest.UsageError(f"{item.nodeid} claims items that do not exist: {wrong}")
        if numbers:
            item.user_properties.append(("items", numbers))


class Proofs:
    """The outcome of each test that names an item: a failure in any phase is a failure."""

    def __init__(self, whole_run: bool) -> None:
        self._whole_run = whole_run
        self._seen: dict[str, dict[str, object]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        numbers = dict(report.user_properties).get("items")
        if not numbers:
            return
        seen = self._seen.setdefault(report.nodeid, {"items": numbers, "outcome": "skipped"})
        if report.failed:
            seen["outcome"] = "failed"
        elif report.when == "call" and report.passed and seen["outcome"] != "failed":
            seen["outcome"] = "passed"

    def pytest_sessionfinish(self) -> None:
        """A run of everything replaces what was known, any other one adds to it."""
        if not self._seen:
            return
        known = json.loads(RESULTS.read_text()) if RESULTS.exists() and not self._whole_run else {}
        RESULTS.parent.mkdir(exist_ok=True)
        scratch = RESULTS.with_suffix(f".{id(self)}")
        scratch.write_text(json.dumps(known | self._seen, indent=1, sort_keys=True))
        scratch.replace(RESULTS)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS
        selected = config.option.keyword or config.option.markexpr
        config.pluginmanager.register(Proofs(whole_run=everything and not selected))
