"""How much one agent, and one académie, may ask at once: without it one flood would be everybody's outage."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from common.identity import Agent
from common.protocol import TooManyRequests
from common.refusal import Unavailable
from common.tokens import Elapsed

K = TypeVar("K")
EVERYBODY = "public"  # beside the codes of the académies
SUBJECTS = 10_000  # buckets kept; a bucket that is forgotten starts full again


class Overloaded(Unavailable):
    code = "overloaded"
    title = "Service très sollicité"
    explanation = "Trop de demandes de votre académie sont en cours. Rien n’a été enregistré."


class Buckets(Generic[K]):
    """Token buckets: `rate` a second in the long run, `burst` at once."""

    def __init__(self, rate: float, burst: float, *, limit: int = SUBJECTS, elapsed: Elapsed = time.monotonic) -> None:
        self._rate = rate
        self._burst = max(burst, 1.0)
        self._limit = limit
        self._elapsed = elapsed
        self._levels: dict[K, tuple[float, float]] = {}

    def take(self, key: K) -> float:
        """0 when one more is allowed, else the seconds until it is."""
        now = self._elapsed()
        level, since = self._levels.pop(key, (self._burst, now))
        level = min(self._burst, level + (now - since) * self._rate)
        allowed = level >= 1
        if len(self._levels) >= self._limit:
            del self._levels[next(iter(self._levels))]  # the one that asked least recently
        self._levels[key] = (level - 1 if allowed else level, now)
        return 0.0 if allowed else (1 - level) / self._rate


class Limits:
    """Both rates, and the number of exchanges of one académie under way."""

    def __init__(self, subjects: Buckets[object], academies: Buckets[object], in_flight: int) -> None:
        self._subjects = subjects
        self._academies = academies
        self._in_flight = in_flight
        self._under_way: dict[str, int] = {}

    @contextmanager
    def place(self, agent: Agent) -> Iterator[None]:
        """Hold a place while the exchange lasts; TooManyRequests or Overloaded when there is none."""
        _refuse(self._subjects.take(agent.id) or self._academies.take(agent.academie))
        with self._place_of(agent.academie):
            yield

    @contextmanager
    def public_place(self) -> Iterator[None]:
        """All who ask without a token share what one académie has: nothing that they say tells them apart."""
        _refuse(self._academies.take(EVERYBODY))
        with self._place_of(EVERYBODY):
            yield

    @contextmanager
    def _place_of(self, whose: str) -> Iterator[None]:
        under_way = self._under_way.get(whose, 0)
        if under_way >= self._in_flight:
            raise Overloaded("Réessayez dans un instant.", retry_after=1)
        self._under_way[whose] = under_way + 1
        try:
            yield
        finally:
            self._under_way[whose] -= 1


def _refuse(wait: float) -> None:
    if wait:
        raise TooManyRequests("Réessayez après le délai indiqué.", retry_after=math.ceil(wait))
