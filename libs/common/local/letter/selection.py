"""« Former 2 à 3 personnes par BEC (4 à 6 pour le BEC de Caen) »: who goes, who waits, and who is called after all."""

from datetime import date

from common.local.journey import Academie
from common.local.letter.cast import NOBODY_ELSE, WITHDRAWN, Bassin
from common.local.letter.offer import OFFERS
from common.local.letter.stage import Stage
from common.local.visitor import expect, until


def play(stage: Stage) -> None:
    stage.on(date(2007, 12, 17))
    stage.each(lambda bassin: decide(stage, bassin), stage.bassins)
    stage.on(date(2007, 12, 19))
    stage.each(lambda bassin: withdraw(stage, bassin), stage.bassins)
    for academie in stage.academies:
        warned_of(stage, academie)
        stage.retained |= retained(stage, academie)


def decide(stage: Stage, bassin: Bassin) -> None:
    """As the rule proposes."""
    path = f"{OFFERS}/{stage.offers[bassin.issuer]}/bassins/{bassin.code}/selection"
    decided = stage.visitors(f"formation@{bassin.issuer}").post(path, {}, expect=200)
    expect(not decided["by_hand"], f"the selection of {bassin.code}: {decided}")


def withdraw(stage: Stage, bassin: Bassin) -> None:
    """Whoever waits first is called, and accepts."""
    for leaving in (each for each in bassin.candidates if each.key in WITHDRAWN):
        path = f"/v1/training/candidatures/{stage.candidatures[leaving.account]}/withdrawal"
        stage.visitors(leaving.account).post(path, {"reason": "Mutation au 1er janvier."}, expect=200)
        called = [each for each in bassin.candidates if status(stage, each.account) == "promoted"]
        expect(len(called) == 1, f"called in {bassin.code}: {called}")
        accepted = f"/v1/training/candidatures/{stage.candidatures[called[0].account]}/acceptance"
        stage.visitors(called[0].account).post(accepted, expect=200)


def status(stage: Stage, account: str) -> str:
    return str(stage.visitors(account).get(f"/v1/training/candidatures/{stage.candidatures[account]}")["status"])


def warned_of(stage: Stage, academie: Academie) -> None:
    """A bassin under its minimum is shown as such, and no other is."""
    read = until(
        lambda: stage.office(academie).get(f"{OFFERS}/{stage.offers[academie.issuer]}/bassins"),
        lambda bassins: all(each["decided_at"] for each in bassins),
        what="all selections to be decided",
    )
    under = [each["bassin"] for each in read if each["under_minimum"]]
    expect(under == [code for code in academie.bassins if code in NOBODY_ELSE], f"under their minimum: {under}")


def retained(stage: Stage, academie: Academie) -> dict[str, list[str]]:
    path = f"{OFFERS}/{stage.offers[academie.issuer]}/candidatures"
    goes = {each["id"] for each in stage.office(academie).all(path, status="retained")}
    return {
        bassin.code: [each.account for each in bassin.candidates if stage.candidatures[each.account] in goes]
        for bassin in stage.of(academie)
    }
