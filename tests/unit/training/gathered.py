"""A meeting of Roubaix, a group of a module and the papers about them, as literals that a unit test changes."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from tests.unit.training.made import FIRST_1, MODULES, OFFER, ROUBAIX, candidature

from common.contracts.training import HalfDay
from common.identifiers import CodeAcademie, CommuneInsee
from training.candidatures.domain import Status
from training.convocations.domain import Group, Part, Progress, SessionSheet
from training.meetings.domain import Animateur, Meeting, Sheet
from training.meetings.domain import Status as MeetingStatus
from training.papers.domain import Counter, Given, Kind, Recipient, Text

LILLE = CodeAcademie("09")
STARTS, ENDS = datetime(2008, 2, 5, 8, tzinfo=UTC), datetime(2008, 2, 5, 11, tzinfo=UTC)
BEFORE = datetime(2008, 1, 7, 9, tzinfo=UTC)
COLLEGE, LYCEE = "0590003H", "0590004J"


def ids() -> Iterator[UUID]:
    return iter([UUID(int=number) for number in range(900, 999)])


def recipient(number: int, *, uai: str = COLLEGE, name: str = "Test") -> Recipient:
    return Recipient(
        person=candidature(number).person, uai=uai, school="Collège", civility="madame", given_names="Anna",
        family_name=name,
    )  # fmt: skip


def meeting(**changes: Any) -> Meeting:
    said = {
        "id": UUID(int=500), "academie": LILLE, "offer": OFFER, "function": "secrétariat de direction",
        "bassin": ROUBAIX, "bassin_name": "ROUBAIX TOURCOING", "starts_at": STARTS, "ends_at": ENDS,
        "half_days": (HalfDay(date(2008, 2, 5), "am"),), "place": "Lycée", "commune": CommuneInsee("59512"),
        "animateurs": (), "status": MeetingStatus.PLANNED,
    }  # fmt: skip
    return Meeting(**{**said, **changes})


def counter(kind: Kind, last: int = 0) -> Counter:
    return Counter(academie=LILLE, kind=kind, today=date(2008, 1, 7), last=last)


def paper(number: int, *, about: Meeting | None = None, in_force: bool = True, **changes: Any) -> Given:
    """What the nth person has about a meeting, which says its time and place."""
    whom = recipient(number)
    said = {
        "id": UUID(int=700 + number), "number": f"09-XX-2008-{number:06d}", "person": whom.person, "uai": whom.uai,
        "sequence": 0, "in_force": in_force, "recipient": whom,
        "text": Text(title="Document", issuer="Académie", lines=(), occasion=(about or meeting()).occasion),
    }  # fmt: skip
    return Given(**{**said, **changes})


def animateur(number: int, **changes: Any) -> Animateur:
    said = {"recipient": recipient(number), "candidature": UUID(int=100 + number), "avis": UUID(int=200 + number)}
    return Animateur(**{**said, **changes})


def sheet(kind: Kind, *papers: Given, **changes: Any) -> Sheet:
    said = {"meeting": meeting(), "counter": counter(kind), "papers": papers}
    return Sheet(**{**said, **changes})


def progress(number: int, status: Status = Status.RETAINED, *followed: int, **changes: Any) -> Progress:
    said = {
        "candidature": candidature(number, status), "recipient": recipient(number), "followed": frozenset(followed),
        "met": False,
    }  # fmt: skip
    return Progress(**{**said, **changes})


def part(rank: int) -> Part:
    module = MODULES[rank - 1]
    return Part(
        id=module.id, rank=rank, title=module.title, requires_module=module.requires_module,
        requires_meeting=module.requires_meeting,
    )  # fmt: skip


def session(rank: int, *going: Progress, papers: tuple[Given, ...] = (), **changes: Any) -> SessionSheet:
    """The first group of a module."""
    days = [date(2008, 1, 14), date(2008, 1, 15)] if rank == 1 else [date(2008, 4, 7)]
    group = Group(
        id=FIRST_1, name="groupe 1", place="Lycée", commune=CommuneInsee("59350"),
        half_days=tuple(HalfDay(day, half) for day in days for half in ("am", "pm")),
    )  # fmt: skip
    said = {
        "academie": LILLE, "offer": OFFER, "offer_title": "Animer", "module": part(rank), "group": group,
        "counter": counter(Kind.CONVOCATION), "papers": papers, "going": going,
    }  # fmt: skip
    return SessionSheet(**{**said, **changes})
