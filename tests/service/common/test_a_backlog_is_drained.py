"""Commands that were taken while the broker was dead are told once it is back: each once, in the order of its subject.

`python -m tests.service.common.backlog 180000` is the same at full size, with the rate that is asked for.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from tests.service.common.backlog import Told, broker, judged, run

from common import topics_check
from common.contracts.catalogue import CONTRACTS
from common.local.children import Children, Reaper
from common.migrate import ServiceUrls
from common.topics_check import Declared


@pytest.fixture
def children() -> Iterator[Children]:
    with Reaper() as found:
        yield found


async def test_nothing_is_lost_or_told_twice_and_every_subject_keeps_its_order(
    database: Callable[[str], ServiceUrls], children: Children, tmp_path: Path
) -> None:
    node = broker(tmp_path)
    node.start(children)

    figures = await run(database("hr_networks"), node, children, commands=3000, over_http=10)

    assert figures.sound, figures
    assert (figures.commands, figures.over_http) == (3010, 10)
    assert figures.depth >= 3000 + 2 * 10  # each census addresses one school
    assert await topics_check.differences(node.bootstrap, CONTRACTS.values(), Declared(12, 1)) == []


@pytest.mark.parametrize(
    ("numbers", "versions", "wrong"),
    [
        ([1, 2, 3], [1, 2, 3], {}),
        ([1, 3], [1, 2], {"lost": 1}),
        ([1, 2, 3, 4], [1, 2, 3, 4], {"invented": 1}),
        ([1, 2, 2, 3], [1, 2, 3, 4], {"twice": 1}),
        ([1, 3, 2], [1, 2, 3], {"out_of_order": 1}),
        ([1, 2, 3], [1, 3, 2], {"out_of_order": 1}),
    ],
)
def test_the_judge_sees_what_is_wrong(numbers: list[int], versions: list[int], wrong: dict[str, int]) -> None:
    first, opened = UUID(int=1), UUID(int=2)
    heard = Told(numbers={7: numbers}, versions={7: versions}, censuses=[first, opened])

    found = judged({7: [1, 2, 3]}, [first, opened], heard)

    assert {name: count for name, count in found.items() if count} == wrong
    heard.censuses.pop()
    assert judged({7: [1, 2, 3]}, [first, opened], heard)["lost"] == 1 + wrong.get("lost", 0)
