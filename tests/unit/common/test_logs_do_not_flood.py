"""While a broker is away for hours its library's lines tell of it, and ours can still be found among them."""

import asyncio
import gc
import io
import logging
from types import SimpleNamespace

import pytest
from aiokafka.errors import ProducerFenced

from common import logs, takeover
from common.takeover import Found


@pytest.fixture
def stream() -> io.StringIO:
    stream = io.StringIO()
    logs.configure("training", stream=stream)
    return stream


@pytest.mark.parametrize(
    ("name", "lines"), [("aiokafka.consumer.fetcher", 1), ("bassin.unavailable", 1), ("bassin.inbox", 50)]
)
def test_only_those_who_repeat_themselves_are_cut_short(stream: io.StringIO, name: str, lines: int) -> None:
    for number in range(50):
        logging.getLogger(name).error("unable to connect, attempt %s", number)

    assert len(stream.getvalue().splitlines()) == lines


@pytest.mark.parametrize(("error", "lines"), [(ProducerFenced(), 1), (KeyError("a bug of ours"), 7)])
async def test_of_the_futures_that_aiokafka_forgets_one_is_told(
    stream: io.StringIO, error: Exception, lines: int
) -> None:
    for _ in range(7):
        asyncio.get_running_loop().create_future().set_exception(error)
    gc.collect()

    assert stream.getvalue().count("never retrieved") == lines


def test_another_kind_of_line_is_not_lost(stream: io.StringIO) -> None:
    logging.getLogger("aiokafka").error("unable to connect")
    logging.getLogger("aiokafka").error("coordinator dead")

    assert len(stream.getvalue().splitlines()) == 2


def test_after_a_minute_it_is_said_again(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    for now in (1000.0, 1059.0, 1061.0):
        monkeypatch.setattr(logs, "time", SimpleNamespace(monotonic=lambda now=now: now))
        logging.getLogger("aiokafka").error("unable to connect")

    assert len(stream.getvalue().splitlines()) == 2


def test_an_hour_of_lost_facts_is_one_line(stream: io.StringIO) -> None:
    takeover.count("training", Found(lost=["bassin.training"] * 1000))

    [line] = stream.getvalue().splitlines()
    assert '"number":1000' in line
