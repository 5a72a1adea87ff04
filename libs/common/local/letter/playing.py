"""The letter of 26 October 2007, from the census to the pay, over HTTP through the gateway, on 23 bassins."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from common.local.letter import attendance, census, meetings, modules, offer, pay, selection
from common.local.letter.agreement import agree
from common.local.letter.figures import Line, lines
from common.local.letter.stage import Stage

ACTS: Mapping[str, Callable[[Stage], None]] = MappingProxyType(
    {
        "census": census.play,
        "offer": offer.play,
        "selection": selection.play,
        "first module": modules.first,
        "pay is prepared": pay.prepare,
        "meetings": meetings.play,
        "attendance": attendance.play,
        "pay of March": pay.march,
        "second module": modules.second,
        "recognition": modules.recognise,
        "pay of April": pay.april,
    }
)
LAST = list(ACTS)[-1]


class Letter:
    """Played once in a platform's life: it moves business time, which nobody turns back."""

    def __init__(self, gateway: str, identity: str, clock: Path) -> None:
        self._stage = Stage(gateway, identity, clock)

    def is_played(self) -> bool:
        """Its offers are there; a play that was interrupted is for the caller to know."""
        for academie in self._stage.academies:
            if found := offer.published(self._stage, academie):
                self._stage.offers[academie.issuer] = found
        return len(self._stage.offers) == len(self._stage.academies)

    def load_directory(self) -> tuple[str, None]:
        if not self.is_played():
            self._stage.on(census.BEFORE)
        census.directory(self._stage)
        schools = sum(len(academie.schools) for academie in self._stage.academies)
        return f"{len(self._stage.academies)} académies, {schools} établissements", None

    def play(self, *, after: Callable[[str], None] = lambda _: None) -> None:
        """`after` each act it is told its name; at the end services must agree on what each of them counts."""
        for name, act in ACTS.items():
            act(self._stage)
            after(name)
        agree(self._stage)

    def figures(self) -> list[Line]:
        return lines(self._stage)

    def close(self) -> None:
        self._stage.close()
