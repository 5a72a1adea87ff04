"""The two modules, each in two groups: who is convened to which, who came, and whose competence is recognised."""

from collections.abc import Mapping, Sequence
from datetime import date, time
from itertools import product
from typing import Any

from common.local.journey import Academie
from common.local.letter_attendance import absent_from
from common.local.letter_offer import MODULE_1, MODULE_2, OFFERS
from common.local.letter_stage import Stage
from common.local.visitor import Answer, Visitor, expect, until

SESSIONS = "/v1/training/sessions"
EVENING = time(18)


def first(stage: Stage) -> None:
    stage.on(date(2007, 12, 21))
    convened = [convene(stage, academie, rank=1) for academie in stage.academies]
    everybody = [account for accounts in stage.retained.values() for account in accounts]
    expect(sum(map(len, convened)) == len(everybody), f"convened to the first module: {convened}")
    stage.on(MODULE_1[-1][-1], at=EVENING)
    for academie in stage.academies:
        attend(stage, academie, rank=1)


def second(stage: Stage) -> None:
    """Whoever was not at the meeting of his bassin has nothing to look back upon, and is not convened."""
    stage.on(date(2008, 3, 27))
    convened = {person for academie in stage.academies for person in convene(stage, academie, rank=2)}
    expect(convened == expected(stage), f"convened to the second module: {len(convened)}")
    stage.on(MODULE_2[-1][-1], at=EVENING)
    for academie in stage.academies:
        attend(stage, academie, rank=2)


def expected(stage: Stage) -> set[str]:
    met = [set(stage.going(bassin)) - set(absent_from(stage, bassin)) for bassin in stage.bassins]
    return {stage.persons[account] for accounts in met for account in accounts}


def groups(stage: Stage, academie: Academie, rank: int) -> Sequence[Answer]:
    modules = stage.office(academie).get(f"{OFFERS}/{stage.offers[academie.issuer]}")["modules"]
    return list(next(module["groups"] for module in modules if module["rank"] == rank))


def convene(stage: Stage, academie: Academie, *, rank: int) -> list[str]:
    """The persons to whom a convocation is issued; the two groups in one go each."""
    office = stage.office(academie)
    issued = [office.post(f"{SESSIONS}/{each['id']}/convocations", expect=200) for each in groups(stage, academie, rank)]
    return [paper["person"] for each in issued for paper in each["issued"]]


def attend(stage: Stage, academie: Academie, *, rank: int) -> None:
    """Everybody who was convened came."""
    office = stage.office(academie)
    for group in groups(stage, academie, rank):
        path = f"{SESSIONS}/{group['id']}/attendance"
        roll = office.get(path)
        present = product([each["candidature"] for each in roll["convened"]], roll["half_days"])
        presences = [presence(candidature, half_day) for candidature, half_day in present]
        noted = office.put(path, {"presences": presences}, expect=200, etag=f'"{roll["version"]}"')
        expect(noted["changed"] == len(roll["convened"]), f"followed module {rank}, {group['name']}: {noted}")


def presence(candidature: str, half_day: Mapping[str, str]) -> Mapping[str, Any]:
    return {"candidature": candidature, "day": half_day["day"], "half": half_day["half"], "present": True}
