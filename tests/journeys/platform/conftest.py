"""One platform for all journeys of a run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.journeys.platform.platform_of_tests import Platform, up

from common.local.visitor import Visitors


@pytest.fixture(scope="session")
def platform_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("platform")


@pytest.fixture(scope="session")
def platform(postgres: str, kafka: str, platform_state: Path) -> Iterator[Platform]:
    with up(platform_state, postgres, kafka) as found:
        yield found


@pytest.fixture(scope="session")
def visitors(platform: Platform) -> Iterator[Visitors]:
    """`visitors("chef@lille")` speaks to the gateway as that account."""
    everybody = Visitors(gateway=platform.url, identity=platform.identity_provider)
    yield everybody
    everybody.close()
