"""A demo as `make demo OBSERVE=1` starts it: the letter played, and Prometheus that looked on from its start."""

from collections.abc import Iterator

import pytest
from tests.service.local.conftest import ended
from tests.service.local.demos import Demo

from common.local.prometheus import ABSENT, program


@pytest.fixture(scope="session")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    if program("prometheus") is None:
        pytest.skip(f"Prometheus is {ABSENT}")
    with ended(tmp_path_factory.mktemp("observed")) as demo:
        demo.start("--observe", until=Demo.is_up)
        yield demo
