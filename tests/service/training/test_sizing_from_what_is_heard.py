"""Training knows from the events alone which schools have named how many people, and sizes the coming offer."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import msgspec
import pytest

from common import people
from common.contracts.hr_networks import CensusAnswered, CensusClosed, CensusOpened, DeadlineMoved, SchoolAddressed
from common.contracts.territory import BassinState, EtablissementState, Membership
from common.identifiers import CodeAcademie, CodeBassin, Uai, bassin_id, school_id
from common.identity import Agent, Role
from training.sizing.personal import PERSONAL

if TYPE_CHECKING:
    from tests.service.conftest import Served

LETTER_DAY = datetime(2007, 10, 26, 9, tzinfo=UTC)
LILLE = CodeAcademie("09")
LILLE_CENTRE, ROUBAIX, AMIENS = "09101", "09104", "20907"  # LILLE CENTRE plays the exception of Caen
COLLEGE, LYCEE, COLLEGE_ROUBAIX, COLLEGE_AMIENS = "0590001F", "0590002G", "0590003H", "0800001S"
IN_LILLE, IN_AMIENS = UUID(int=0x10), UUID(int=0x20)
ANNA, BRUNO, CHLOE = UUID(int=2), UUID(int=3), UUID(int=4)
PATH = "/v1/training/sizing"


def school(uai: str, bassin: str, *, closed_on: date | None = None) -> EtablissementState:
    return EtablissementState(
        subject=school_id(Uai(uai)), uai=uai, name="", nature="340", level="second-degre", sector="public",
        commune="59350", departement="59", academie=bassin[:2], mail="", opened_on=None, closed_on=closed_on,
        memberships=(Membership(bassin=bassin, since=date(1990, 9, 1)),),
    )  # fmt: skip


def bassin(code: str, name: str) -> BassinState:
    return BassinState(
        subject=bassin_id(CodeBassin(code)), code=code, name=name, local_name="bassin", departement="59",
        academie=code[:2], closed_on=None,
    )  # fmt: skip


def opened(census: UUID) -> CensusOpened:
    return CensusOpened(
        subject=census, object="identification des personnels", function="secrétariat de direction",
        deadline=date(2007, 11, 20),
    )  # fmt: skip


def asked(census: UUID, uai: str) -> SchoolAddressed:
    return SchoolAddressed(subject=uuid5(census, f"uai:{uai}"), census=census, uai=uai)


def answered(census: UUID, uai: str, *persons: UUID, revision: int = 1) -> CensusAnswered:
    return CensusAnswered(
        subject=uuid5(census, f"uai:{uai}"), census=census, uai=uai, revision=revision, identified=len(persons),
        persons=persons,
    )  # fmt: skip


@pytest.fixture
async def training(serve: "Callable[..., Awaitable[Served]]") -> "Served":
    """A census is open in each académie; three schools are asked in Lille, one in Amiens."""
    served = await serve("training", at=LETTER_DAY)
    await served.hear(
        bassin(LILLE_CENTRE, "LILLE CENTRE"), bassin(ROUBAIX, "ROUBAIX TOURCOING"),
        school(COLLEGE, LILLE_CENTRE), school(LYCEE, LILLE_CENTRE), school(COLLEGE_ROUBAIX, ROUBAIX),
        opened(IN_LILLE), *(asked(IN_LILLE, uai) for uai in (COLLEGE, LYCEE, COLLEGE_ROUBAIX)),
    )  # fmt: skip
    await served.hear(
        bassin(AMIENS, "AMIENS"), school(COLLEGE_AMIENS, AMIENS), opened(IN_AMIENS), asked(IN_AMIENS, COLLEGE_AMIENS),
        academie="20",
    )  # fmt: skip
    return served


@pytest.fixture
def sizing(training: "Served", agent: Callable[..., Agent]) -> Callable[..., Awaitable[Any]]:
    """`await sizing("09", quota="2-3")`: what the office of an académie reads, or another agent."""

    async def read(office: str = "09", *, who: Agent | None = None, **query: Any) -> Any:
        async with training.as_(who or agent(Role.RESPONSABLE_FORMATION, office)) as client:
            answer = await client.get(PATH, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    return read


Sizing = Callable[..., Awaitable[Any]]


def figures(item: Any) -> list[tuple[str, int, int, int]]:
    return [(b["bassin"], b["addressed"], b["answered"], b["identified"]) for b in item["bassins"]]


@pytest.mark.item(122)
async def test_each_bassin_shows_asked_answered_and_identified(training: "Served", sizing: Sizing) -> None:
    await training.hear(answered(IN_LILLE, COLLEGE, ANNA, BRUNO), answered(IN_LILLE, COLLEGE_ROUBAIX))

    [item] = await sizing()

    assert (item["campaign"], item["academie"], item["deadline"]) == (str(IN_LILLE), "09", "2007-11-20")
    assert figures(item) == [(LILLE_CENTRE, 2, 1, 2), (ROUBAIX, 1, 1, 0)]
    assert [line["name"] for line in item["bassins"]] == ["LILLE CENTRE", "ROUBAIX TOURCOING"]
    assert item["total"] == {"addressed": 3, "answered": 2, "identified": 2}


@pytest.mark.item(123)
@pytest.mark.item(124)
async def test_the_seats_follow_the_quota_of_the_letter(training: "Served", sizing: Sizing) -> None:
    await training.hear(answered(IN_LILLE, COLLEGE, ANNA, BRUNO, CHLOE), answered(IN_LILLE, COLLEGE_ROUBAIX, ANNA))

    [item] = await sizing(quota="2-3", exception=f"{LILLE_CENTRE}:4-6")

    assert [(b["minimum"], b["maximum"], b["under_minimum"]) for b in item["bassins"]] == [(4, 6, True), (2, 3, True)]
    assert (item["minimum"], item["maximum"]) == (6, 9)
    [by_default] = await sizing()
    assert [(b["minimum"], b["maximum"], b["under_minimum"]) for b in by_default["bassins"]] == [
        (2, 3, False), (2, 3, True),
    ]  # fmt: skip


async def test_each_academie_sees_its_own_and_not_the_other_s(training: "Served", sizing: Sizing) -> None:
    await training.hear(answered(IN_LILLE, COLLEGE, ANNA))
    await training.hear(answered(IN_AMIENS, COLLEGE_AMIENS, BRUNO, CHLOE), academie="20")

    [lille], [amiens] = await sizing("09"), await sizing("20")

    assert (lille["campaign"], lille["total"]["identified"]) == (str(IN_LILLE), 1)
    assert (amiens["campaign"], figures(amiens)) == (str(IN_AMIENS), [(AMIENS, 1, 1, 2)])
    assert await sizing("20", campaign=str(IN_LILLE)) == []
    assert await sizing("20", academie="09") == []


async def test_a_correction_replaces_what_the_school_had_named(training: "Served", sizing: Sizing) -> None:
    await training.hear(answered(IN_LILLE, COLLEGE, ANNA, BRUNO))
    await training.hear(answered(IN_LILLE, COLLEGE, CHLOE, revision=2))

    assert figures((await sizing())[0])[0] == (LILLE_CENTRE, 2, 1, 1)


async def test_a_person_named_by_two_schools_counts_once(training: "Served", sizing: Sizing) -> None:
    await training.hear(answered(IN_LILLE, COLLEGE, ANNA), answered(IN_LILLE, LYCEE, ANNA, BRUNO))

    [item] = await sizing()
    assert (figures(item)[0], item["total"]["identified"]) == ((LILLE_CENTRE, 2, 2, 2), 2)


async def test_an_answer_heard_before_its_census_is_not_lost(training: "Served", sizing: Sizing) -> None:
    later = UUID(int=0x11)
    await training.hear(asked(later, COLLEGE), answered(later, COLLEGE, ANNA))
    await training.hear(opened(later))

    assert figures((await sizing(campaign=str(later)))[0]) == [(LILLE_CENTRE, 1, 1, 1)]


async def test_the_same_records_again_change_nothing(training: "Served", sizing: Sizing) -> None:
    records = [training.record(answered(IN_LILLE, COLLEGE, ANNA), version=2)]
    await training.apply(records)
    before = await sizing()
    await training.apply(records)

    assert await sizing() == before


async def test_a_school_counts_where_it_is_today_and_not_once_closed(training: "Served", sizing: Sizing) -> None:
    await training.hear(answered(IN_LILLE, COLLEGE, ANNA))
    await training.hear(school(COLLEGE, ROUBAIX), school(LYCEE, LILLE_CENTRE, closed_on=date(2007, 11, 1)))

    assert figures((await sizing())[0]) == [(LILLE_CENTRE, 1, 0, 0), (ROUBAIX, 2, 1, 1)]
    training.app.state.clock.at = datetime(2007, 11, 1, 9, tzinfo=UTC)
    assert figures((await sizing())[0]) == [(ROUBAIX, 2, 1, 1)]


async def test_a_school_of_no_bassin_is_shown_apart(training: "Served", sizing: Sizing) -> None:
    await training.hear(asked(IN_LILLE, "0590006L"), answered(IN_LILLE, "0590006L", ANNA))

    [item] = await sizing()
    assert item["without_bassin"] == {"addressed": 1, "answered": 1, "identified": 1}
    assert item["total"]["addressed"] == 4


async def test_the_deadline_and_the_closing_are_known(training: "Served", sizing: Sizing) -> None:
    await training.hear(
        DeadlineMoved(subject=IN_LILLE, deadline=date(2007, 11, 30)),
        CensusClosed(subject=IN_LILLE, addressed=3, answered=0, identified=0),
    )

    [item] = await sizing()
    assert (item["deadline"], item["closed"]) == ("2007-11-30", True)


async def test_the_animateur_of_a_bassin_sees_his_bassin(
    training: "Served", sizing: Sizing, agent: Callable[..., Agent]
) -> None:
    await training.hear(answered(IN_LILLE, COLLEGE, ANNA), answered(IN_LILLE, COLLEGE_ROUBAIX, BRUNO))

    [item] = await sizing(who=agent(Role.ANIMATEUR_BASSIN, "09", bassin=ROUBAIX))
    assert figures(item) == [(ROUBAIX, 1, 1, 1)]
    assert item["total"] == {"addressed": 1, "answered": 1, "identified": 1}


async def test_one_bassin_can_be_asked_for(sizing: Sizing) -> None:
    assert figures((await sizing(bassin=ROUBAIX))[0]) == [(ROUBAIX, 1, 0, 0)]


async def test_campaigns_come_newest_first_and_page_by_page(training: "Served", agent: Callable[..., Agent]) -> None:
    await training.hear(opened(UUID(int=0x11)), opened(UUID(int=0x12)))
    async with training.as_(agent(Role.RESPONSABLE_FORMATION)) as office:
        first = (await office.get(PATH, params={"limit": 2})).json()
        rest = (await office.get(PATH, params={"limit": 2, "cursor": first["next"]})).json()

    assert [UUID(item["campaign"]).int for item in (*first["items"], *rest["items"])] == [0x12, 0x11, 0x10]


@pytest.mark.parametrize("query", [{"quota": "3-2"}, {"quota": "beaucoup"}, {"exception": "09101"}, {"bassin": "x"}])
async def test_an_impossible_question_is_refused(
    training: "Served", agent: Callable[..., Agent], query: dict[str, str]
) -> None:
    async with training.as_(agent(Role.RESPONSABLE_FORMATION)) as office:
        answer = await office.get(PATH, params=query)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/query/{next(iter(query))}"


async def test_a_school_does_not_size_offers(training: "Served", agent: Callable[..., Agent]) -> None:
    async with training.as_(agent(Role.CHEF_ETABLISSEMENT, uai=COLLEGE)) as head:
        assert (await head.get(PATH)).status_code == 403


async def test_what_is_held_of_a_person_is_a_key_that_an_erasure_keeps_and_says_so(
    training: "Served", sizing: Sizing
) -> None:
    await training.hear(answered(IN_LILLE, COLLEGE, ANNA, BRUNO))
    before = await sizing()
    academies = training.settings.academies

    held = await people.export(training.db, academies, PERSONAL, ANNA, reason="demande")
    erased = await people.erase(training.db, academies, PERSONAL, ANNA, reason="article 17")
    nothing = await people.erase(training.db, academies, PERSONAL, CHLOE, reason="article 17")

    named_by = msgspec.convert(held[LILLE]["named_by"], list[dict[str, object]])
    assert [(line["census"], line["uai"]) for line in named_by] == [(IN_LILLE, COLLEGE)]
    assert (erased, nothing) == ({LILLE: {"keys_kept": 1}}, {})
    assert await sizing() == before
    async with training.db.batch(academies) as tx:
        rows = await tx.fetch("SELECT action, subject, detail->>'keys_kept' AS kept FROM audit ORDER BY id")
    assert [tuple(row) for row in rows] == [("person-exported", ANNA, None), ("person-erased", ANNA, "1")]
