"""The meetings take place: who came, said by those who animate them, on the day or after the cut-off of its month."""

from collections.abc import Mapping
from datetime import time
from typing import Any

from common.local.letter.cast import ABSENT, CANCELLED, LATE, REFUSED, Bassin
from common.local.letter.meetings import DAYS, NETWORKS, absentee, day_of, refused_in, silent_in
from common.local.letter.stage import Stage
from common.local.visitor import expect, until

EVENING = time(17, 30)
HALVES = ("am", "pm")


def play(stage: Stage) -> None:
    """All but one, each on its day."""
    for day in DAYS:
        stage.on(day, at=EVENING)
        held = [bassin for bassin in stage.bassins if day_of(bassin) == day and bassin.code != LATE]
        stage.each(lambda bassin: hold(stage, bassin), held)


def hold(stage: Stage, bassin: Bassin) -> None:
    animateur = stage.visitors(next(iter(stage.going(bassin))))
    path = f"{NETWORKS}/meetings/{stage.meetings[bassin.code]}"
    room = until(
        lambda: animateur.get(f"{path}/convened"),
        lambda seen: (seen["refused"], seen["not_answered"]) == (int(bassin.code == REFUSED), silent_in(bassin)),
        what=f"who may come in {bassin.code}, who may not, and who has no answer",
    )
    people = [person["person"] for school in room["schools"] for person in school["people"]]
    expect(set(people) == {stage.persons[each.account] for each in bassin.secretaries}, f"convened: {room}")
    etag = f'"{animateur.get(path)["revision"]}"'
    away = {stage.persons[account] for account in absent_from(stage, bassin)}
    presences = [presence(person, half, away=person in away) for person in people for half in HALVES]
    animateur.put(f"{path}/attendance", {"presences": presences}, etag=etag)


def absent_from(stage: Stage, bassin: Bassin) -> list[str]:
    if bassin.code in (ABSENT, CANCELLED):
        return [absentee(stage, bassin)]
    return [account for account in [refused_in(bassin)] if account]


def presence(person: str, half: str, *, away: bool) -> Mapping[str, Any]:
    return {"person": person, "half": half, "present": not away, "justified": away}
