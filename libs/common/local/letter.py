"""The letter of 26 October 2007, from the census to the pay, over HTTP through the gateway, on 23 bassins."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from common.local import (
    letter_attendance,
    letter_census,
    letter_meetings,
    letter_modules,
    letter_offer,
    letter_pay,
    letter_selection,
)
from common.local.letter_agreement import agree
from common.local.letter_figures import Line, lines
from common.local.letter_stage import Stage

ACTS: Mapping[str, Callable[[Stage], None]] = MappingProxyType(
    {
        "directory": letter_census.directory,
        "census": letter_census.play,
        "offer": letter_offer.play,
        "selection": letter_selection.play,
        "first module": letter_modules.first,
        "pay is prepared": letter_pay.prepare,
        "meetings": letter_meetings.play,
        "attendance": letter_attendance.play,
        "pay of March": letter_pay.march,
        "second module": letter_modules.second,
        "recognition": letter_modules.recognise,
        "pay of April": letter_pay.april,
    }
)


LAST = list(ACTS)[-1]


def play(gateway: str, identity: str, clock: Path, *, after: Callable[[str], None] = lambda _: None) -> list[Line]:
    """What it came to in each bassin; `after` each act it is told its name."""
    stage = Stage(gateway, identity, clock)
    try:
        for name, act in ACTS.items():
            act(stage)
            after(name)
        agree(stage)
        return lines(stage)
    finally:
        stage.close()
