"""`make items`: which items of the domain document are proven, by the results of the last test run."""

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from common.local.places import ROOT
from common.local.proven_items import RESULTS

TITLES = ROOT / "docs" / "items.tsv"


class Item(NamedTuple):
    number: int
    service: str
    title: str


def items(titles: str) -> list[Item]:
    rows = (line.split("\t") for line in titles.splitlines())
    return [Item(int(number), service, title) for number, service, title in rows]


def outcomes(results: str) -> dict[int, set[str]]:
    """Of each item, the outcomes of the tests that name it."""
    found: dict[int, set[str]] = defaultdict(set)
    for test in json.loads(results).values():
        for number in test["items"]:
            found[number].add(test["outcome"])
    return found


def report(all_items: list[Item], found: dict[int, set[str]]) -> str:
    """An item is proven when tests name it and every one of them passed."""
    lines: list[str] = []
    for service in dict.fromkeys(item.service for item in all_items):
        own = [item for item in all_items if item.service == service]
        proven = [item for item in own if found.get(item.number) == {"passed"}]
        lines += [f"{service}: {len(proven)} of {len(own)}"]
        lines += [f"  {item.number:3}  {item.title}" for item in proven]
        lines += [f"  {item.number:3}  FAILED  {item.title}" for item in own if "failed" in found.get(item.number, ())]
    total = sum(found.get(item.number) == {"passed"} for item in all_items)
    return "\n".join([*lines, f"in all: {total} of {len(all_items)}"])


def main(results: Path = RESULTS) -> int:
    if not results.exists():
        print("no test has run yet: make test", file=sys.stderr)
        return 3
    print(report(items(TITLES.read_text("utf-8")), outcomes(results.read_text())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
