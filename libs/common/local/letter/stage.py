"""What the acts of the letter share: who speaks, what day it is, and what they have come to know of each other."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from common.clock import PARIS
from common.local.journey import Academie, read_academies
from common.local.letter.cast import Bassin, bassins_of, shifted
from common.local.visitor import Visitor, Visitors

T = TypeVar("T")
R = TypeVar("R")
AT_ONCE = 6  # requests under way: two cores have enough to do


class Stage:
    def __init__(self, gateway: str, identity: str, clock: Path) -> None:
        self.visitors = Visitors(gateway=gateway, identity=identity)
        self.academies = read_academies()
        self.bassins = [bassin for academie in self.academies for bassin in bassins_of(academie)]
        self.persons: dict[str, str] = {}  # account of a secretary -> the person that hr_networks made of her
        self.offers: dict[str, str] = {}  # académie -> the offer
        self.candidatures: dict[str, str] = {}  # account -> her candidature
        self.retained: dict[str, list[str]] = {}  # bassin -> accounts of those who go
        self.meetings: dict[str, str] = {}  # bassin -> its meeting
        self._clock = clock
        self._pool = ThreadPoolExecutor(AT_ONCE)

    def on(self, day: date, at: time = time(10)) -> None:
        """Business time, by a date of the letter; it goes on from there."""
        now = datetime.combine(shifted(day), at, ZoneInfo(PARIS))
        beside = self._clock.with_suffix(".new")
        beside.write_text(now.isoformat())
        beside.replace(self._clock)

    def each(self, work: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Several at a time; the first that fails is what is told."""
        return list(self._pool.map(work, items))

    def office(self, academie: Academie) -> Visitor:
        return self.visitors(f"formation@{academie.issuer}")

    def of(self, academie: Academie) -> list[Bassin]:
        return [bassin for bassin in self.bassins if bassin.issuer == academie.issuer]

    def going(self, bassin: Bassin) -> dict[str, str]:
        """The persons by their accounts, in the order in which they applied."""
        return {account: self.persons[account] for account in self.retained[bassin.code]}

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        self.visitors.close()
