"""The witness journey, over HTTP through the gateway: a directory, a census in two académies, an answer, its echo.

It asserts what the platform is for: each académie sees its own, and neither the other's; training knows from the
events alone what schools have answered; completeness is right in every bassin.
"""

import csv
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from common.local.accounts import secretary
from common.local.places import ROOT
from common.local.visitor import Answer, Visitor, Visitors, expect, until

DIRECTORY = ROOT / "services" / "territory" / "demo" / "etablissements.csv"
CAMPAIGNS = "/v1/hr-networks/campaigns"
IMPORTS = "/v1/territory/imports"


class School(NamedTuple):
    uai: str
    academie: str
    bassin: str
    name: str
    commune: str  # INSEE code


class Academie(NamedTuple):
    code: str
    issuer: str
    schools: tuple[School, ...]

    @property
    def bassins(self) -> list[str]:
        return sorted({school.bassin for school in self.schools})

    def first_school(self, bassin: str) -> School:
        return next(school for school in self.schools if school.bassin == bassin)


def read_academies(file: Path = DIRECTORY) -> tuple[Academie, Academie]:
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    fields = ("uai", "code_academie", "bassin_code", "nom", "commune_insee")
    schools = [School(*(row[field] for field in fields)) for row in rows]
    lille, amiens = (tuple(school for school in schools if school.academie == code) for code in ("09", "20"))
    return Academie("09", "lille", lille), Academie("20", "amiens", amiens)


class Journey:
    def __init__(self, gateway: str, identity: str, *, today: date | None = None) -> None:
        """`today` where business time is another than ours."""
        self._today = today or date.today()  # noqa: DTZ011 - any day to come will do for a deadline
        self._as = Visitors(gateway=gateway, identity=identity)
        self._academies = read_academies()

    def load_directory(self) -> tuple[str, None]:
        for academie in self._academies:
            import_directory(self._as(f"territoire@{academie.issuer}"), academie)
        counts = [len(academie.schools) for academie in self._academies]
        return f"{len(counts)} académies, {sum(counts)} établissements", None

    def play(self) -> tuple[str, None]:
        censuses = {academie.code: self._open(academie) for academie in self._academies}
        for academie in self._academies:
            wait_announced(self._as(f"formation@{academie.issuer}"), academie, censuses[academie.code])
            self._answer(academie, censuses[academie.code])
        for academie in self._academies:
            self._training_knows(academie, censuses[academie.code])
            self._completeness_is_right(academie, censuses[academie.code])
            self._wait_delivered(academie)
        lille, amiens = self._academies
        self._sees_nothing_of(lille, amiens, censuses["20"])
        self._sees_nothing_of(amiens, lille, censuses["09"])
        return "census opened -> answered in both academies -> known to training", None

    def _open(self, academie: Academie) -> str:
        office = self._as(f"formation@{academie.issuer}")
        wish = {
            "academie": academie.code,
            "object": "Identification des personnels de secrétariat de direction",
            "function": "Secrétariat de direction",
            "letter": "Mesdames et Messieurs les chefs d’établissement,\n\nJe vous remercie de me faire connaître, "
            "avant la date indiquée, le nom des personnels affectés au secrétariat de direction.",
            "signatory": "La directrice des ressources humaines",
            "contact": f"formation@ac-{academie.issuer}.example",
            "deadline": (self._today + timedelta(days=21)).isoformat(),
        }
        until(lambda: office.status(CAMPAIGNS), lambda status: status == 200, what="hr_networks through the gateway")
        opened = office.post_once_known(CAMPAIGNS, wish, unknown="no-school-to-address", expect=201)
        return str(opened["id"])

    def _wait_delivered(self, academie: Academie) -> None:
        office = self._as(f"formation@{academie.issuer}")
        until(
            lambda: office.all("/v1/hr-networks/mails", state="waiting"),
            lambda waiting: waiting == [],
            what=f"the mail server to take the letters of {academie.issuer}",
        )

    def _answer(self, academie: Academie, census: str) -> None:
        """In each bassin the first school names two people; the others stay silent."""
        for bassin in academie.bassins:
            school = academie.first_school(bassin)
            head = self._as(f"chef-{school.uai.lower()}@{academie.issuer}")
            head.put(f"{CAMPAIGNS}/{census}/answers/{school.uai}", {"persons": [named(school, n) for n in (1, 2)]})

    def _training_knows(self, academie: Academie, census: str) -> None:
        office = self._as(f"formation@{academie.issuer}")
        members = Counter(school.bassin for school in academie.schools)
        expected = [(bassin, members[bassin], 1, 2) for bassin in academie.bassins]
        until(
            lambda: office.get("/v1/training/sizing", campaign=census)["items"],
            lambda found: len(found) == 1 and [_figures(line) for line in found[0]["bassins"]] == expected,
            what=f"training's figures for {academie.issuer}",
        )

    def _completeness_is_right(self, academie: Academie, census: str) -> None:
        said = self._as(f"formation@{academie.issuer}").get(f"{CAMPAIGNS}/{census}/completeness")
        members = Counter(school.bassin for school in academie.schools)
        expected = [(bassin, members[bassin], 1, 2) for bassin in academie.bassins]
        expect([_figures(line) for line in said["bassins"]] == expected, f"completeness per bassin: {said['bassins']}")
        total = (said["total"]["addressed"], said["total"]["answered"], said["total"]["identified"])
        answered = len(academie.bassins)
        expect(total == (len(academie.schools), answered, 2 * answered), f"completeness in all: {said['total']}")

    def _sees_nothing_of(self, mine: Academie, other: Academie, census: str) -> None:
        """Not the census, not its answers, not its figures, in any service."""
        office = self._as(f"formation@{mine.issuer}")
        for path in (f"{CAMPAIGNS}/{census}", f"{CAMPAIGNS}/{census}/completeness", f"{CAMPAIGNS}/{census}/answers"):
            expect(office.status(path) == 404, f"{mine.issuer} sees {path} of {other.issuer}")
        listed = {line["academie"] for line in office.all(CAMPAIGNS)} | {
            line["academie"] for line in office.all("/v1/training/sizing")
        }
        expect(listed == {mine.code}, f"{mine.issuer} sees censuses of {listed}")
        schools = {line["academie"] for line in office.all("/v1/territory/etablissements")}
        expect(schools == {mine.code}, f"{mine.issuer} sees schools of {schools}")


def wait_announced(office: Visitor, academie: Academie, census: str) -> None:
    """Until each school has been written to."""
    until(
        lambda: office.all(f"{CAMPAIGNS}/{census}/answers"),
        lambda asked: [a["uai"] for a in asked if a["announced_at"]] == sorted(s.uai for s in academie.schools),
        what=f"the announcement to the schools of {academie.issuer}",
    )


def import_directory(admin: Visitor, academie: Academie) -> None:
    """A dry run, what it would change, and only then the decision."""
    received = admin.send_file(IMPORTS, DIRECTORY.read_bytes(), name=DIRECTORY.name)
    path = f"{IMPORTS}/{received['id']}"
    dry = until(lambda: admin.get(path), _is_past("received", "analysing"), what="the dry run of the directory")
    expect(dry["status"] in {"analysed", "applied"}, f"the directory is {dry['status']}: {dry['findings']}")
    expect(not dry["counts"].get("refused"), f"lines of our own directory are refused: {dry['counts']}")
    if dry["status"] == "analysed" and dry["counts"].keys() - {"unchanged"}:
        admin.post(f"{path}/application", expect=202)
        done = until(lambda: admin.get(path), _is_past("analysed", "decided", "applying"), what="the import")
        expect(done["status"] == "applied", f"the import is {done['status']}: {done['findings']}")
    known = admin.all("/v1/territory/etablissements", academie=academie.code)
    expected = f"{len(known)} établissements, not the demo's {len(academie.schools)}"
    expect(len(known) == len(academie.schools), f"{expected}: another directory was imported, bassin demo --fresh")


def _is_past(*states: str) -> Callable[[Answer], bool]:
    return lambda seen: seen["status"] not in states


def _figures(line: Answer) -> tuple[str, int, int, int]:
    return line["bassin"], line["addressed"], line["answered"], line["identified"]


def named(school: School, number: int) -> dict[str, str]:
    """A line of a school's answer; `number` from 1."""
    person = secretary(school.uai, number)
    return {
        "civility": person.civility,
        "family_name": person.family_name,
        "given_names": person.given_names,
        "function": "Secrétariat de direction",
        "corps": "adjaenes" if number == 2 else "saenes",
        "work_mail": person.mail,
    }
