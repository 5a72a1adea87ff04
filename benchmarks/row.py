"""What every row is: how one round is measured, against what, and what was promised."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

from msgspec import Struct

from common.local.run_servers import RunServers


class Round(Struct, frozen=True):
    value: float
    reference: float | None = None  # of the same round, in the same unit
    sender: float | None = None  # ms of processor time a command, of whoever sent them: it shares the machine


class Goal(Struct, frozen=True, kw_only=True):
    """All that is given must hold for the medians."""

    ratio_from: float | None = None
    ratio_to: float | None = None
    value_from: float | None = None
    value_to: float | None = None


Measure: TypeAlias = Callable[[RunServers], AbstractAsyncContextManager[Callable[[], Awaitable[Round]]]]


class NotRun(Exception):
    """What the row needs is absent here; it says what."""


class Row(Struct, frozen=True, kw_only=True):
    name: str
    unit: str
    reference: str
    goal: Goal
    measure: Measure
    why: str = ""  # what limits it, where it is known to miss its goal
