"""What the letter came to, bassin by bassin, as each service says it; where two of them say it they must agree."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from common.local.journey import Academie
from common.local.letter.offer import OFFERS
from common.local.letter.pay import PAY
from common.local.letter.stage import Stage
from common.local.visitor import Answer

GOING = ("retained", "convened", "present", "absent", "recognised")
WIDTH = 14
SENT = ("exported", "acknowledged", "rejected")


class Figures(NamedTuple):
    candidatures: int
    retained: int
    waiting: int
    papers: int
    exported: int
    cents: int


class Line(NamedTuple):
    bassin: str
    name: str
    figures: Figures


def lines(stage: Stage) -> list[Line]:
    return [line for academie in stage.academies for line in lines_of(stage, academie)]


def lines_of(stage: Stage, academie: Academie) -> Iterator[Line]:
    bassins = {school.uai: school.bassin for school in academie.schools}
    papers = Counter(bassins[each["uai"]] for each in stage.office(academie).all("/v1/training/papers"))
    sent = [each for each in elements(stage, academie) if each["status"] in SENT]
    exported = Counter(each["bassin"] for each in sent)
    for bassin in stage.office(academie).get(f"{OFFERS}/{stage.offers[academie.issuer]}/bassins"):
        code, by_status = bassin["bassin"], bassin["by_status"]
        figures = Figures(
            candidatures=bassin["candidatures"],
            retained=sum(by_status.get(status, 0) for status in GOING),
            waiting=by_status.get("waitlisted", 0),
            papers=papers[code],
            exported=exported[code],
            cents=sum(each["amount"] for each in sent if each["bassin"] == code),
        )
        yield Line(code, bassin["name"], figures)


def total(found: Iterable[Line]) -> Figures:
    return Figures(*(sum(column) for column in zip(*(line.figures for line in found), strict=True)))


def elements(stage: Stage, academie: Academie) -> list[Answer]:
    return stage.visitors(f"paye@{academie.issuer}").all(f"{PAY}/elements", academie=academie.code)


def table(found: Sequence[Line]) -> list[str]:
    """For a person to read; the last line is the sum."""
    heading = ("Bassin", "candidatures", "retained", "waiting", "papers", "pay elements", "euros")
    rows = [(f"{each.bassin} {each.name}", *cells(each.figures)) for each in found]
    rows.append(("All", *cells(total(found))))
    first = max(len(row[0]) for row in rows)
    return [row[0].ljust(first) + "".join(cell.rjust(WIDTH) for cell in row[1:]) for row in (heading, *rows)]


def cells(figures: Figures) -> tuple[str, ...]:
    euros = f"{figures.cents // 100},{figures.cents % 100:02}"
    return (*map(str, figures[:-1]), euros)
