"""The product's services, started with one trap in them: where a function is reached, a process dies or stops.

Nothing of it is in the product: the trap is put around the function in the process that is to fall into it.
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer

from common import takeover
from common.cli import main
from common.contracts.catalogue import STREAMS
from common.inbox import Inbox
from common.kafka_log import KafkaLog
from common.local.serving import serve
from common.polled import Polled

TRAPPED = "tests.faults.launch:trapped"
DEEDS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


class Trap:
    """Closes the `number`-th time that the place is reached after `armed` exists."""

    def __init__(self, armed: Path, deed: str, number: int, victim: int) -> None:
        self._armed, self._deed, self._left, self._victim = armed, DEEDS[deed], number, victim

    def reached(self) -> None:
        if self._left and self._armed.exists():
            self._left -= 1
            if not self._left:
                os.kill(self._victim, self._deed)


def trapped(name: str, place: str, deed: str, number: str, armed: str, victim: str = "") -> None:
    """`victim`: the process that dies or stops, this one unless another is named."""
    owner, function, late = PLACES[place]
    wrap(owner, function, Trap(Path(armed), deed, int(number), int(victim or os.getpid())), late=late)
    serve(name)


def wrap(owner: Any, function: str, trap: Trap, *, late: bool) -> None:
    original: Callable[..., Any] = getattr(owner, function)

    async def around(*arguments: Any, **named: Any) -> Any:
        if not late:
            trap.reached()
        result = await original(*arguments, **named)
        if late:
            trap.reached()
        return result

    setattr(owner, function, around)


def operate(*command: str) -> None:
    """`bassin` as an operator would call it, at a terminal wide enough for a table."""
    os.environ["COLUMNS"] = "300"
    sys.exit(main([*command]))


def carried(name: str, suffix: str, *streams: str) -> None:
    """Listens to topics that somebody else fills, as when a stream moves to another topic."""
    for stream in streams:
        msgspec.structs.force_setattr(STREAMS[stream], "topic", carried_topic(stream, suffix))
    serve(name)


def carried_topic(stream: str, suffix: str) -> str:
    return f"{stream}.{suffix}"


# Where -> (whose, function, after it instead of before it)
PLACES: Mapping[str, tuple[Any, str, bool]] = {
    "publish": (KafkaLog, "publish", False),  # committed here, nothing sent
    "sent": (KafkaLog, "_send", True),  # not committed there
    "acknowledged commit": (AIOKafkaProducer, "commit_transaction", True),  # committed there, says Kafka
    "published": (KafkaLog, "publish", True),  # committed there, not yet forgotten here
    "forget": (takeover, "move", False),  # within the transaction that forgets
    "apply": (Inbox, "apply", False),  # polled, nothing done
    "applied": (Inbox, "apply", True),  # committed to the database, Kafka not told
    "acknowledge": (Polled, "ack", False),
    "acknowledged": (Polled, "ack", True),  # Kafka told
}
