"""All that payroll holds of a person is shown, and erased but for what the accounts must keep."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from common.contracts.hr_networks import PersonLinked
from common.identifiers import CodeAcademie
from common.identity import Agent, Role
from common.people import erase, export
from payroll.travellers.personal import PERSONAL

if TYPE_CHECKING:
    from tests.service.payroll.conftest import Office

NEXT_DAY = datetime(2027, 2, 3, 9, tzinfo=UTC)
LILLE = CodeAcademie("09")


async def sent_and_rejected(office: "Office") -> None:
    await office.send()
    await office.hold(at=NEXT_DAY)
    await office.set_codes()
    made = await office.export(office.campaign)
    lines = [{"line": 1, "outcome": "rejected", "reason": "Anna Martel inconnue"}]
    answer = await office.ask("POST", f"/exports/{made['id']}/acknowledgement", {"lines": lines})
    assert answer.status_code == 200, answer.text


async def test_everything_of_a_person_is_shown(office: "Office") -> None:
    await sent_and_rejected(office)

    found = await export(office.served.db, [LILLE, CodeAcademie("20")], PERSONAL, office.anna, reason="demande")

    held = cast("dict[str, Any]", found[LILLE])
    assert list(found) == [LILLE]
    assert held["identity"][0]["family_name"] == "Martel"
    assert held["residences"][0]["residence"] == office.lille
    assert held["missions"][0]["number"] == "09-OM-2027-000017"
    assert [(each["status"], each["amount"]) for each in held["elements"]] == [("rejected", 6800)]
    assert len(held["files_kept_by_law"]) == 1


async def test_an_erasure_blanks_where_one_lives_and_keeps_the_sums(office: "Office") -> None:
    await sent_and_rejected(office)
    await office.hear(PersonLinked(subject=office.anna, agent=UUID(int=0xAA)))

    counts = await erase(office.served.db, [LILLE], PERSONAL, office.anna, reason="demande")
    again = await erase(office.served.db, [LILLE], PERSONAL, office.anna, reason="demande")
    await office.compute()

    assert (counts, again) == ({LILLE: {"identity": 1, "residences": 1, "links": 1, "rejections": 1}}, {})
    held = cast("dict[str, Any]", (await export(office.served.db, [LILLE], PERSONAL, office.anna, reason="x"))[LILLE])
    assert set(held) == {"missions", "elements", "files_kept_by_law"}
    assert (held["elements"][0]["amount"], held["elements"][0]["rejection"]) == (6800, "")
    assert await office.rows("SELECT residence, horsepower FROM traveller_version") == [("", None)]


async def test_whoever_is_linked_reads_his_own_elements_and_nobody_elses(
    office: "Office", agent: Callable[..., Agent]
) -> None:
    await office.send()
    await office.hold(at=NEXT_DAY)
    anna, other = agent(Role.AGENT, "09", uai=office.college), agent(Role.CHEF_ETABLISSEMENT, "09", uai=office.college)

    async def own(who: Agent) -> list[int]:
        async with office.served.as_(who) as client:
            answer = await client.get("/v1/payroll/me/elements")
        assert answer.status_code == 200
        return [each["amount"] for each in answer.json()]

    assert await own(anna) == []
    await office.hear(
        PersonLinked(subject=office.anna, agent=anna.id), PersonLinked(subject=office.bruno, agent=other.id)
    )

    assert (await own(anna), await own(other)) == ([6800], [])


async def test_no_event_holds_a_name_or_an_amount(office: "Office") -> None:
    await sent_and_rejected(office)

    told = await office.told()

    assert {kind for kind, _ in told} >= {
        "element_established",
        "element_placed",
        "element_exported",
        "element_rejected",
    }
    assert not any(word in str(told) for word in ("Martel", "Anna", "6800", "inconnue"))
