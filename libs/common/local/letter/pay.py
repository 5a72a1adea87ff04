"""From the ordre de mission and the attendance to the pay: what is entered, what a month holds, what is exported."""

from datetime import date

from common.local.journey import Academie
from common.local.letter.attendance import absent_from, hold
from common.local.letter.cast import ADJOINING, KILOMETRES, LATE, REJECTED, Bassin, shifted
from common.local.letter.stage import Stage
from common.local.visitor import Answer, Visitor, expect, until

PAY = "/v1/payroll"
MARCH, APRIL = "2027-03", "2027-04"
MONTHS = (  # opens, cut-off, payment
    (MARCH, date(2008, 2, 25), date(2008, 3, 21), date(2008, 3, 28)),
    (APRIL, date(2008, 3, 24), date(2008, 4, 18), date(2008, 4, 25)),
)
CODES = {"kilometres-amount": "0001", "nights-amount": "0002", "meals-amount": "0003"}  # of a fictional pay office


def prepare(stage: Stage) -> None:
    """Before anybody leaves: the calendar, the columns of the file, and what no source gives of places and people."""
    stage.on(date(2008, 1, 21))
    for academie in stage.academies:
        coordination = stage.visitors(f"paye@{academie.issuer}")
        for month, *days in MONTHS:
            opens, cut_off, pays = (shifted(day).isoformat() for day in days)
            wish = {"academie": academie.code, "month": month, "opens_on": opens, "cut_off": cut_off, "pays_on": pays}
            coordination.post(f"{PAY}/campaigns", wish, expect=201)
        coordination.patch(f"{PAY}/academies/{academie.code}/distances", {"distances": distances(stage, academie)})
    stage.each(lambda bassin: enter_places(stage, bassin), stage.bassins)


def distances(stage: Stage, academie: Academie) -> list[Answer]:
    return [
        {"commune": bassin.host.commune, "other": bassin.other.commune, "kilometres": KILOMETRES[bassin.code]}
        for bassin in stage.of(academie)
        if bassin.code in KILOMETRES
    ]


def enter_places(stage: Stage, bassin: Bassin) -> None:
    """Which communes adjoin that of the meeting, and that everybody lives where he works and drives a small car."""
    coordination, path = stage.visitors(f"paye@{bassin.issuer}"), f"{PAY}/academies/{bassin.host.academie}"
    adjoining = {"communes": [bassin.other.commune] if bassin.code in ADJOINING else []}
    coordination.put(f"{path}/communes/{bassin.host.commune}/adjoining", adjoining, expect=200)
    for secretary in bassin.candidates:
        since = shifted(date(2007, 10, 1)).isoformat()
        lives = {"since": since, "residence": secretary.school.commune, "vehicle": "car", "horsepower": 5}
        coordination.put(f"{path}/travellers/{stage.persons[secretary.account]}", lives)


def march(stage: Stage) -> None:
    """Its file leaves; one line of it comes back, and one attendance comes too late for it."""
    stage.on(date(2008, 3, 25))
    for academie in stage.academies:
        made = export(stage, academie, MARCH, lines=len(due(stage, academie, late=False)))
        acknowledge(stage, academie, made)
    late = next(bassin for bassin in stage.bassins if bassin.code == LATE)
    hold(stage, late)


def april(stage: Stage) -> None:
    """What came too late, and what came back and was let through again."""
    stage.on(date(2008, 4, 21))
    for academie in stage.academies:
        came_back = [account for account in due(stage, academie, late=False) if REJECTED in account]
        export(stage, academie, APRIL, lines=len(due(stage, academie, late=True)) + len(came_back))
        says_so(stage, academie)


def says_so(stage: Stage, academie: Academie) -> None:
    """What has come after the cut-off of its month tells from which month it was moved."""
    sent = stage.visitors(f"paye@{academie.issuer}").all(f"{PAY}/elements", month=APRIL)
    late = [(each["late"], each["late_from"]) for each in sent if each["bassin"] == LATE]
    expect(late == [(True, MARCH)] * len(due(stage, academie, late=True)), f"late in {academie.issuer}: {late}")


def due(stage: Stage, academie: Academie, *, late: bool) -> list[str]:
    """Whoever came from another commune, which does not adjoin that of the meeting."""
    away = [bassin for bassin in stage.of(academie) if bassin.code not in ADJOINING and (bassin.code == LATE) is late]
    guests = ((bassin, account) for bassin in away for account in came(stage, bassin))
    return [account for bassin, account in guests if bassin.other.uai.lower() in account]


def came(stage: Stage, bassin: Bassin) -> list[str]:
    return [account for account in stage.going(bassin) if account not in absent_from(stage, bassin)]


def acknowledge(stage: Stage, academie: Academie, made: Answer) -> None:
    """All but one line, whose element is looked at and let through for the next month."""
    coordination = stage.visitors(f"paye@{academie.issuer}")
    sent = coordination.all(f"{PAY}/elements", campaign=made["campaign"])
    wrong = [each for each in sent if each["uai"].lower() == REJECTED]
    lines = [{"line": each["line"], "outcome": "rejected", "reason": "Matricule inconnu."} for each in wrong]
    answers = {"lines": lines, "others": "acknowledged"}
    said = coordination.post(f"{PAY}/exports/{made['id']}/acknowledgement", answers, expect=200)
    expect(said["rejected"] == len(wrong), f"rejected lines of {academie.issuer}: {said}")
    for each in wrong:
        let_through(coordination, each["mission"])


def let_through(coordination: Visitor, mission: str) -> None:
    held = until(
        lambda: coordination.all(f"{PAY}/elements", mission=mission, status="held"),
        lambda found: len(found) == 1,
        what="the rejected line to come back",
    )
    path, wish = f"{PAY}/elements/{held[0]['id']}/release", {"reason": "Matricule corrigé."}
    released = coordination.post(path, wish, expect=200, etag=f'"{held[0]["revision"]}"')
    expect(released["month"] == APRIL, f"the line that came back: {released}")


def export(stage: Stage, academie: Academie, month: str, *, lines: int) -> Answer:
    """Once its cut-off is past the month is locked; exported twice it is the same file."""
    coordination = stage.visitors(f"paye@{academie.issuer}")
    campaigns = coordination.all(f"{PAY}/campaigns", academie=academie.code)
    campaign = next(each["id"] for each in campaigns if each["month"] == month)
    path = f"{PAY}/campaigns/{campaign}"
    until(
        lambda: coordination.get(f"{path}/content"),
        lambda content: content["elements"] == lines,
        what=f"{lines} elements in {month} of {academie.issuer}",
    )
    coordination.post(f"{path}/lock", expect=200)
    set_codes(coordination, academie, f"{path}/exports")
    made = coordination.post(f"{path}/exports", expect=201)
    again = coordination.post(f"{path}/exports", expect=200)
    expect(made["sha256"] == again["sha256"], f"{month} of {academie.issuer} exported twice: {again}")
    return made


def exported(stage: Stage, academie: Academie) -> list[Answer]:
    """All files that have left."""
    return stage.visitors(f"paye@{academie.issuer}").all(f"{PAY}/exports")


def set_codes(coordination: Visitor, academie: Academie, exports: str) -> None:
    """The pay codes are not public: until somebody sets them nothing leaves."""
    path = f"{PAY}/academies/{academie.code}/columns"
    known = coordination.get(path)
    if known["revision"]:
        return
    expect(coordination.refused(exports) == "pay-codes-to-be-set", "a file leaves without its pay codes")
    columns = [
        {**column, "pay_code": CODES[column["source"]]} if column["source"] in CODES else column
        for column in known["columns"]
    ]
    coordination.put(path, {"columns": columns}, expect=200, etag=f'"{known["revision"]}"')
