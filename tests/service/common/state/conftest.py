"""A listener's and a producer's databases and the topics of every service, as the commands find them."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec import Struct
from tests.service.common import probe
from tests.service.common.consuming import Consuming
from tests.service.common.probe import LISTENER, PRODUCER
from tests.service.common.terminal import Operator, demo_runs, terminal

from common.contracts.catalogue import CONTRACTS
from common.service import load

if TYPE_CHECKING:
    from common.migrate import ServiceUrls

NOWHERE = "127.0.0.1:9"


class State(Struct, frozen=True):
    kafka: str
    suffix: str
    listener: "ServiceUrls"
    producer: "ServiceUrls"

    def consuming(self) -> Consuming:
        """What writes on the topics; the live consumer is played by what a test puts into infra.offset."""
        return Consuming(self.kafka, self.suffix, self.listener, load(LISTENER).table())


@pytest.fixture
async def scene(kafka: str, database: "Callable[[str], ServiceUrls]") -> AsyncIterator[State]:
    async with probe.own_topics(kafka, partitions=3, services=tuple(CONTRACTS)) as suffix:
        yield State(kafka, suffix, database(LISTENER), database(PRODUCER))


@pytest.fixture
def operator(
    scene: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Operator:
    demo_runs(monkeypatch, tmp_path, {LISTENER: scene.listener, PRODUCER: scene.producer}, scene.kafka)
    return terminal(capsys)
