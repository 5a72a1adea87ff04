"""What two services say of one thing must be the same: papers and missions, convocations and rooms, files and sums."""

from collections import Counter
from html import escape

from common.local.journey import Academie
from common.local.letter.figures import SENT, elements
from common.local.letter.meetings import MEETINGS, NETWORKS
from common.local.letter.offer import OFFERS
from common.local.letter.pay import PAY, exported
from common.local.letter.stage import Stage
from common.local.visitor import Answer, expect

ANSWERS = ("granted", "refused", "not_answered")
FACTS = {"no-attendance", "mission-cancelled"}  # controls that say that nobody was there, or was sent


def agree(stage: Stage) -> None:
    for academie in stage.academies:
        missions_agree(stage, academie)
        animateurs_agree(stage, academie)
        convocations_agree(stage, academie)
        attendance_agrees(stage, academie)
        recognitions_agree(stage, academie)
        files_agree(stage, academie)
        origins_agree(stage, academie)
        calendar_is_public(stage, academie)


def missions_agree(stage: Stage, academie: Academie) -> None:
    """Each ordre de mission of training is a mission of payroll, cancelled where it is."""
    papers = {each["id"]: each["state"] == "cancelled" for each in papers_of(stage, academie, "OM")}
    missions = stage.visitors(f"paye@{academie.issuer}").all(f"{PAY}/missions", academie=academie.code)
    known = {each["mission"]: each["status"] == "cancelled" for each in missions}
    expect(papers == known, f"ordres de mission and missions of {academie.issuer}: {len(papers)}, {len(known)}")


def animateurs_agree(stage: Stage, academie: Academie) -> None:
    """Whom training has trained hr_networks knows as animateurs, in the same bassins."""
    office, offer = stage.office(academie), stage.offers[academie.issuer]
    for bassin in stage.of(academie):
        found = office.get(f"{NETWORKS}/bassins/{bassin.code}/animateurs", offer=offer)
        persons = {each["person"] for each in found}
        expect(persons == set(stage.going(bassin).values()), f"animateurs of {bassin.code}: {found}")


def convocations_agree(stage: Stage, academie: Academie) -> None:
    """Who is convened, who may come: as training issued it and as hr_networks shows it to those who convene."""
    office = stage.office(academie)
    convened = Counter(each["subject"] for each in papers_of(stage, academie, "CV"))
    for bassin in stage.of(academie):
        meeting = stage.meetings[bassin.code]
        said = office.get(f"{MEETINGS}/{meeting}/autorisations")
        room = office.get(f"{NETWORKS}/meetings/{meeting}/convened")
        expect(room["convened"] == convened[meeting], f"convened in {bassin.code}: {room['convened']}")
        same = all(said[name] == room[name] for name in ANSWERS)
        expect(same, f"answers in {bassin.code}: {said}, {room}")


def attendance_agrees(stage: Stage, academie: Academie) -> None:
    """Payroll holds back, for want of attendance or of a mission, exactly the animateurs who were not there."""
    held = {each["person"] for each in elements(stage, academie) if FACTS & {c["name"] for c in each["controls"]}}
    away = set[str]()
    for bassin in stage.of(academie):
        roll = stage.office(academie).get(f"{NETWORKS}/meetings/{stage.meetings[bassin.code]}/attendance")
        absent = {each["person"] for each in roll["presences"] if not each["present"]}
        away |= absent & set(stage.going(bassin).values())
    expect(held == away, f"animateurs away in {academie.issuer}: {held} held, {away} absent")


def recognitions_agree(stage: Stage, academie: Academie) -> None:
    bassins = stage.office(academie).get(f"{OFFERS}/{stage.offers[academie.issuer]}/bassins")
    recognised = sum(each["by_status"].get("recognised", 0) for each in bassins)
    certified = len(papers_of(stage, academie, "AC"))
    expect(recognised == certified, f"recognised in {academie.issuer}: {recognised}, attestations: {certified}")


def files_agree(stage: Stage, academie: Academie) -> None:
    """Lines and control totals of the files are those of the elements that say they were sent."""
    exports = exported(stage, academie)
    sent = [each for each in elements(stage, academie) if each["status"] in SENT]
    lines, cents = Counter(each["export"] for each in sent), Counter[str]()
    for each in sent:
        cents[each["export"]] += each["amount"]
    for each in exports:
        said, counted = (each["lines"], each["total"]), (lines[each["id"]], cents[each["id"]])
        expect(said == counted, f"a file of {academie.issuer} says {said}, its elements {counted}")


def origins_agree(stage: Stage, academie: Academie) -> None:
    """From each element back to the paper, the meeting, the selection and the avis that caused it."""
    coordination, sent = stage.visitors(f"paye@{academie.issuer}"), papers_of(stage, academie, "OM")
    applied = {stage.persons[account]: candidature for account, candidature in stage.candidatures.items()}
    missions = {paper["id"]: paper for paper in sent}
    for element in (each for each in elements(stage, academie) if each["status"] in SENT):
        origin, paper = coordination.get(f"{PAY}/elements/{element['id']}/origin"), missions[element["mission"]]
        avis = stage.office(academie).get(f"/v1/training/candidatures/{origin['candidature']}/avis")
        said = (origin["number"], origin["meeting"], origin["candidature"], origin["avis"])
        known = (paper["number"], paper["subject"], applied[paper["person"]], avis["id"])
        expect(said == known, f"the origin of an element of {academie.issuer}: {said}, {known}")


def calendar_is_public(stage: Stage, academie: Academie) -> None:
    """« Mis en ligne »: anybody reads all the meetings, and nobody's name."""
    page = stage.visitors.anybody("/calendrier", academie=academie.code)
    missing = [bassin.host.name for bassin in stage.of(academie) if escape(bassin.host.name) not in page]
    expect(not missing, f"missing in the calendar of {academie.issuer}: {missing}")
    events = stage.visitors.anybody("/calendrier.ics", academie=academie.code).count("BEGIN:VEVENT")
    expect(events == len(academie.bassins), f"{events} meetings in the calendar of {academie.issuer}")


def papers_of(stage: Stage, academie: Academie, kind: str) -> list[Answer]:
    """Without those that say of another one that it is cancelled."""
    found = stage.office(academie).all("/v1/training/papers", kind=kind)
    return [each for each in found if each["cancels"] is None]
