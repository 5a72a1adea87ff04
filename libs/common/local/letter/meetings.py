"""« Une réunion d'échange de pratiques organisée et animée par les stagiaires formés », and the papers it takes."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from common.clock import PARIS
from common.local.journey import Academie
from common.local.letter.cast import CANCELLED, REFUSED, SILENT, Bassin, shifted
from common.local.letter.census import FUNCTION
from common.local.letter.stage import Stage
from common.local.visitor import expect, until

NETWORKS = "/v1/hr-networks"
MEETINGS = "/v1/training/meetings"
PURPOSES = ("accueil", "besoins", "formations", "pratiques")
DAYS = (date(2008, 3, 11), date(2008, 3, 13), date(2008, 3, 18), date(2008, 3, 20))  # of the inter-session
BEGINS, ENDS = time(9), time(17)


def play(stage: Stage) -> None:
    stage.on(date(2008, 1, 22))
    for academie in stage.academies:
        activate(stage, academie)
    for bassin in stage.bassins:
        wait_trained(stage, bassin)
    stage.on(date(2008, 1, 24))
    stage.each(lambda bassin: plan(stage, bassin), stage.bassins)
    stage.on(date(2008, 2, 5))
    stage.each(lambda bassin: send(stage, bassin), stage.bassins)
    stage.on(date(2008, 2, 26))
    stage.each(lambda bassin: allow(stage, bassin), stage.bassins)


def activate(stage: Stage, academie: Academie) -> None:
    """The charter of the académie, and by it the network of each bassin."""
    charter = {
        "academie": academie.code,
        "text": "L’instauration d’un réseau de ressources humaines pour la mutualisation de compétences et des moyens.",
        "office": "EAFC",
        "mail": f"formation@ac-{academie.issuer}.example",
    }
    stage.office(academie).post(f"{NETWORKS}/charters", charter, expect=201)
    for code in academie.bassins:
        wish = {"bassin": code, "function": FUNCTION, "purposes": PURPOSES}
        stage.office(academie).post(f"{NETWORKS}/networks", wish, expect=201)


def day_of(bassin: Bassin) -> date:
    return DAYS[int(bassin.code) % len(DAYS)]


def wait_trained(stage: Stage, bassin: Bassin) -> None:
    """Training's facts make them animateurs, nobody enters them."""
    trained = set(stage.going(bassin).values())
    until(
        lambda: stage.visitors(f"formation@{bassin.issuer}").get(f"{NETWORKS}/bassins/{bassin.code}/animateurs"),
        lambda found: {each["person"] for each in found} == trained,
        what=f"the animateurs of {bassin.code}",
    )


def plan(stage: Stage, bassin: Bassin) -> None:
    """By one of those who were trained."""
    trained = stage.going(bassin)
    day, zone = shifted(day_of(bassin)), ZoneInfo(PARIS)
    wish = {
        "offer": stage.offers[bassin.issuer],
        "bassin": bassin.code,
        "starts_at": datetime.combine(day, BEGINS, zone).isoformat(),
        "ends_at": datetime.combine(day, ENDS, zone).isoformat(),
        "place": bassin.host.name,
        "commune": bassin.host.commune,
        "animateurs": list(trained.values()),
    }
    planned = stage.visitors(next(iter(trained))).post(f"{NETWORKS}/meetings", wish, expect=201)
    stage.meetings[bassin.code] = str(planned["id"])


def send(stage: Stage, bassin: Bassin) -> None:
    """« La DIFOR délivrera un ordre de mission aux animateurs » and convenes all secretaries of the bassin."""
    office, path = stage.visitors(f"formation@{bassin.issuer}"), f"{MEETINGS}/{stage.meetings[bassin.code]}"
    sent = office.post_once_known(f"{path}/ordres-de-mission", {}, unknown="unknown-meeting", expect=200)
    persons = {each["person"] for each in sent["issued"]}
    expect(persons == set(stage.going(bassin).values()), f"sent on mission in {bassin.code}: {sent}")
    again = office.post(f"{path}/ordres-de-mission", {}, expect=200)
    expect(not again["issued"] and len(again["already"]) == len(persons), f"issued twice in {bassin.code}: {again}")
    convened = office.post(f"{path}/convocations", {}, expect=200)
    persons = {each["person"] for each in convened["issued"]}
    expect(persons == {stage.persons[each.account] for each in bassin.secretaries}, f"convened: {convened}")
    if bassin.code == CANCELLED:
        paper = next(each for each in sent["issued"] if each["person"] == stage.persons[absentee(stage, bassin)])
        wish = {"reason": "L’animateur est appelé à un autre service ce jour-là."}
        office.post(f"/v1/training/papers/{paper['id']}/cancellation", wish, expect=200)


def absentee(stage: Stage, bassin: Bassin) -> str:
    """The last of the animateurs, where one of them is not to be there."""
    return list(stage.going(bassin))[-1]


def allow(stage: Stage, bassin: Bassin) -> None:
    """« Les chefs d'établissement étant invités à établir une autorisation »: one call a school; one stays silent."""
    path = f"{MEETINGS}/{stage.meetings[bassin.code]}/autorisations"
    for school in (bassin.host, bassin.other):
        if school == bassin.other and silent_in(bassin):
            continue
        answers = [answer(stage, bassin, each.account) for each in bassin.of(school)]
        stage.visitors(bassin.head(school)).post(path, {"uai": school.uai, "answers": answers}, expect=200)


def silent_in(bassin: Bassin) -> int:
    """How many secretaries have no answer: neither yes nor no."""
    return len(list(bassin.of(bassin.other))) if bassin.code == SILENT else 0


def answer(stage: Stage, bassin: Bassin, account: str) -> Mapping[str, Any]:
    if account == refused_in(bassin):
        return {"person": stage.persons[account], "granted": False, "reason": "Conseil d’administration ce jour-là."}
    return {"person": stage.persons[account], "granted": True}


def refused_in(bassin: Bassin) -> str:
    """Of those who did not apply, for who animates has his ordre de mission."""
    staying = [each.account for each in bassin.secretaries if not each.applies]
    return staying[0] if bassin.code == REFUSED else ""
