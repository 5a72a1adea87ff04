"""Who plays the letter of 2007: in each bassin a school that hosts the meeting, another one, and their secretaries."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from common.local.journey import Academie, School

WEEKS = 991  # from the letter's calendar to the same days of the week in the school year 2026-27
MANY = {"09101": 4, "09104": 2, "20901": 2}  # secretaries whom each of the two schools names; all of them apply
ALL_APPLY = (*MANY, "09109")
NOBODY_ELSE = ("09108",)  # one candidature only: under the minimum
EXCEPTION = "09101"  # LILLE CENTRE plays Caen, « 4 à 6 pour le BEC de Caen »
AVIS = {("0599002P", 1): "reserve", ("0599017F", 2): "defavorable"}
WITHDRAWN = (("0599001N", 1), ("0029002Z", 1))  # once retained: the first who waits in their bassin is called

REFUSED = "09112"  # whose autorisation to go to the meeting is refused to one of its secretaries
SILENT = "09114"  # where one chef d'établissement does not answer
CANCELLED = "09107"  # where the mission of one animateur is cancelled
ABSENT = "09105"  # where one animateur does not come
LATE = "09113"  # whose attendance is only recorded after the cut-off of its pay month
REJECTED = "0809006e"  # the school of Péronne, one line of which comes back from the accountant
KILOMETRES = {
    "09102": 16, "09103": 8, "09105": 42, "09107": 13, "09109": 16, "09112": 10, "09113": 42, "09114": 43,
    "20901": 56, "20902": 32, "20903": 41, "20904": 28, "20905": 11, "20906": 25, "20907": 18, "20908": 25,
    "20909": 25,
}  # fmt: skip
ADJOINING = ("09101", "09104", "09106", "09110", "09111")  # the communes of the two schools


def shifted(day: date) -> date:
    """A day of the letter, as the demo lives it."""
    return day + timedelta(weeks=WEEKS)


class Secretary(NamedTuple):
    school: School
    number: int  # among those whom the school names
    issuer: str
    applies: bool

    @property
    def account(self) -> str:
        return f"secretaire-{self.school.uai.lower()}-{self.number}@{self.issuer}"

    @property
    def key(self) -> tuple[str, int]:
        return self.school.uai, self.number

    @property
    def avis(self) -> str:
        return AVIS.get(self.key, "favorable")


class Bassin(NamedTuple):
    code: str
    issuer: str
    host: School
    other: School

    @property
    def secretaries(self) -> tuple[Secretary, ...]:
        """In the order in which those who do so apply: the schools take turns."""
        return tuple(sorted((*self.of(self.host), *self.of(self.other)), key=lambda each: each.number))

    @property
    def candidates(self) -> list[Secretary]:
        return [each for each in self.secretaries if each.applies]

    def of(self, school: School) -> Iterator[Secretary]:
        """Usually the host names two, of whom one applies, and the other school one, who applies."""
        count = MANY.get(self.code) or (2 if school == self.host else 1)
        for number in range(1, count + 1):
            stays = number == 2 or (school == self.other and self.code in NOBODY_ELSE)
            yield Secretary(school, number, self.issuer, applies=self.code in ALL_APPLY or not stays)

    def head(self, school: School) -> str:
        return f"chef-{school.uai.lower()}@{self.issuer}"


def bassins_of(academie: Academie) -> list[Bassin]:
    found = ((code, [each for each in academie.schools if each.bassin == code]) for code in academie.bassins)
    return [Bassin(code, academie.issuer, *schools) for code, schools in found]
