"""The intersession, ready to be filled with meetings."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from tests.service.hr_networks.meetings.networks import Networks

if TYPE_CHECKING:
    from tests.service.hr_networks.conftest import Census


@pytest.fixture
async def networks(census: "Census", named: Callable[..., dict[str, str]]) -> Networks:
    played = Networks(census)
    await played.begin(named)
    return played
