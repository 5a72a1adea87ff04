"""`make items` says proven only of what every test that names the item has passed."""

import json

from common.local.items import TITLES, Item, items, outcomes, report

TWO = [Item(8, "territory", "A bassin lies in one département"), Item(9, "territory", "Schools belong to a bassin")]


def test_an_item_with_one_failing_test_is_not_proven() -> None:
    results = json.dumps({"a": {"items": [8, 9], "outcome": "passed"}, "b": {"items": [9], "outcome": "failed"}})

    said = report(TWO, outcomes(results))

    assert "territory: 1 of 2" in said
    assert "9  FAILED  Schools belong to a bassin" in said


def test_a_skipped_test_proves_nothing() -> None:
    results = json.dumps({"a": {"items": [8], "outcome": "passed"}, "b": {"items": [8], "outcome": "skipped"}})

    assert "in all: 0 of 2" in report(TWO, outcomes(results))


def test_the_domain_has_159_items() -> None:
    assert [item.number for item in items(TITLES.read_text("utf-8"))] == list(range(1, 160))
