"""The two modules, each in two groups: who is convened to which, who came, and whose competence is recognised."""

from collections.abc import Mapping, Sequence
from datetime import date, time
from functools import partial
from itertools import product
from operator import eq
from typing import Any

from common.local.journey import Academie
from common.local.letter.attendance import absent_from
from common.local.letter.offer import MODULE_1, MODULE_2, OFFERS
from common.local.letter.stage import Stage
from common.local.visitor import Answer, expect, until

SESSIONS = "/v1/training/sessions"
EVENING = time(18)


def first(stage: Stage) -> None:
    stage.on(date(2007, 12, 21))
    for academie in stage.academies:
        convened, withheld = convene(stage, academie, rank=1)
        expect(convened == going(stage, academie) and not withheld, f"convened to the first module: {convened}")
    stage.on(MODULE_1[-1][-1], at=EVENING)
    for academie in stage.academies:
        attend(stage, academie, rank=1)


def second(stage: Stage) -> None:
    """Whoever was not at the meeting of his bassin has nothing to look back upon, and is not convened."""
    stage.on(date(2008, 3, 27))
    for academie in stage.academies:
        missing = away(stage, academie)
        both = (going(stage, academie) - missing, missing)
        until(
            partial(convene, stage, academie, rank=2),
            partial(eq, both),
            what=f"those of {academie.issuer} who were at their meeting to be convened, and no others",
        )
    stage.on(MODULE_2[-1][-1], at=EVENING)
    for academie in stage.academies:
        attend(stage, academie, rank=2)


def going(stage: Stage, academie: Academie) -> set[str]:
    return {person for bassin in stage.of(academie) for person in stage.going(bassin).values()}


def away(stage: Stage, academie: Academie) -> set[str]:
    """Of those, who were not at the meeting of their bassin."""
    absent = (account for bassin in stage.of(academie) for account in absent_from(stage, bassin))
    return {stage.persons[account] for account in absent} & going(stage, academie)


def groups(stage: Stage, academie: Academie, rank: int) -> Sequence[Answer]:
    modules = stage.office(academie).get(f"{OFFERS}/{stage.offers[academie.issuer]}")["modules"]
    return list(next(module["groups"] for module in modules if module["rank"] == rank))


def convene(stage: Stage, academie: Academie, *, rank: int) -> tuple[set[str], set[str]]:
    """The persons who have a convocation, and those from whom it is withheld; the two groups in one go each."""
    office, both = stage.office(academie), groups(stage, academie, rank)
    said = [office.post(f"{SESSIONS}/{group['id']}/convocations", expect=200) for group in both]
    convened = {paper["person"] for each in said for paper in (*each["issued"], *each["already"])}
    return convened, {one["person"] for each in said for one in each["withheld"]}


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


def recognise(stage: Stage) -> None:
    """« La reconnaissance des compétences acquises »: whoever has followed both modules and been at the meeting."""
    stage.on(date(2008, 4, 11))
    for academie in stage.academies:
        path = f"{OFFERS}/{stage.offers[academie.issuer]}/recognitions"
        issued = stage.office(academie).post(path, expect=200)
        recognised = {each["person"] for each in issued["issued"]}
        worthy = going(stage, academie) - away(stage, academie)
        expect(recognised == worthy, f"recognised in {academie.issuer}: {len(recognised)} of {len(worthy)}")


def presence(candidature: str, half_day: Mapping[str, str]) -> Mapping[str, Any]:
    return {"candidature": candidature, "day": half_day["day"], "half": half_day["half"], "present": True}
