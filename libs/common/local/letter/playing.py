"""The letter of 26 October 2007, from the census to the pay, over HTTP through the gateway, on 23 bassins."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from common.local.journey import CAMPAIGNS, Academie
from common.local.letter import attendance, census, meetings, modules, offer, pay, selection
from common.local.letter.agreement import agree
from common.local.letter.figures import Line, lines
from common.local.letter.stage import Stage
from common.local.trouble import Trouble

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
        """As the services know it: to its end, or not at all; nothing else can be gone on from."""
        if all(ends_well(self._stage, academie) for academie in self._stage.academies):
            return True
        if any(self._stage.office(academie).all(CAMPAIGNS) for academie in self._stage.academies):
            raise Trouble("what this demo keeps is not the letter played to its end: bassin demo --fresh")
        return False

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


def ends_well(stage: Stage, academie: Academie) -> bool:
    """Its offer is there, and the files of both months have left."""
    stage.offers[academie.issuer] = offer.published(stage, academie)
    return bool(stage.offers[academie.issuer]) and len(pay.exported(stage, academie)) == len(pay.MONTHS)
