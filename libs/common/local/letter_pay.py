"""From the ordre de mission and the attendance to the pay: what is entered, what a month holds, what is exported."""

from datetime import date

from common.local.journey import Academie
from common.local.letter_cast import ADJOINING, KILOMETRES, Bassin, shifted
from common.local.letter_stage import Stage
from common.local.visitor import Answer, Visitor, expect, until

PAY = "/v1/payroll"
MONTHS = (  # opens, cut-off, payment; Monday to Friday, Friday
    ("2027-03", date(2008, 2, 25), date(2008, 3, 21), date(2008, 3, 28)),
    ("2027-04", date(2008, 3, 24), date(2008, 4, 18), date(2008, 4, 25)),
)
CODES = {"kilometres-amount": "0001", "nights-amount": "0002", "meals-amount": "0003"}  # of a fictional pay office


def prepare(stage: Stage) -> None:
    """Before anybody leaves: the calendar, the columns of the file, and what no source gives of places and people."""
    stage.on(date(2008, 2, 18))
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
