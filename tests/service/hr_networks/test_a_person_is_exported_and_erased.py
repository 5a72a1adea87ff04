"""A person can ask for all that is held of them, and for its erasure: nothing is left but keys and counts."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import msgspec
import pytest
from httpx import Response

from common import outbox, people
from common.cli.person import app
from common.cli.reach import Run
from common.contracts.hr_networks import PEOPLE
from common.identifiers import CodeAcademie
from common.tx import ENCODER
from common.uuid7 import uuid7
from hr_networks.people.domain import blanked
from hr_networks.people.personal import PERSONAL, states

if TYPE_CHECKING:
    from tests.service.hr_networks.conftest import Census

    from common.migrate import ServiceUrls

Named = Callable[..., dict[str, str]]
PATH = "/v1/hr-networks/campaigns"
LILLE = CodeAcademie("09")


async def anna_named_twice(census: "Census", named: Named) -> tuple[UUID, UUID]:
    """Two versions of one answer name her; a colleague stands beside her in the second."""
    opened = await census.open()
    answer = await census.answer(opened, census.college, named("Anna", "Martel"))
    anna = UUID(answer.json()["persons"][0])
    corrected = (named("Anna", "Martel-Roy", work_mail="anna.martel@ac-test.example"), named("Bruno", "Calmette"))
    await census.answer(opened, census.college, *corrected, if_match='"1"')
    return opened, anna


async def test_the_export_holds_every_version(census: "Census", named: Named) -> None:
    _, anna = await anna_named_twice(census, named)

    held = await people.export(census.served.db, census.served.settings.academies, PERSONAL, anna, reason="demande")

    assert list(held) == ["09"]
    text = msgspec.json.encode(held[LILLE]).decode()
    assert ("Martel-Roy" in text, '"Martel"' in text, "Calmette" in text) == (True, True, False)
    assert await census.rows("SELECT action, subject FROM audit WHERE action = 'person-exported'") == [
        ("person-exported", anna)
    ]


async def test_nothing_held_leaves_no_trace(census: "Census") -> None:
    held = await people.export(
        census.served.db, census.served.settings.academies, PERSONAL, UUID(int=5), reason="demande"
    )

    assert held == {}
    assert await census.rows("SELECT FROM audit WHERE action = 'person-exported'") == []


@pytest.mark.parametrize("times", [1, 2])
async def test_an_erasure_blanks_every_version_and_keeps_the_counts(census: "Census", named: Named, times: int) -> None:
    opened, anna = await anna_named_twice(census, named)
    before = await census.completeness(opened)

    for _ in range(times):
        await people.erase(census.served.db, census.served.settings.academies, PERSONAL, anna, reason="demande")

    rows = await census.rows(
        "SELECT to_jsonb(d)::text FROM declared_person d UNION ALL SELECT to_jsonb(p)::text FROM person p"
    )
    assert not [row for (row,) in rows if "martel" in row.lower() or "anna" in row.lower()]
    assert [row for (row,) in rows if "Calmette" in row]
    assert await census.completeness(opened) == before
    answer = await census.get(f"/campaigns/{opened}/answers/{census.college}", census.as_head(census.college))
    assert ([each["family_name"] for each in answer["persons"]], answer["identified"]) == (["Calmette"], 2)
    async with census.as_office() as office:
        assert "martel" not in (await office.get(f"{PATH}/{opened}/names.csv")).text.lower()


async def test_an_erasure_is_told_to_those_who_hold_a_copy(census: "Census", named: Named) -> None:
    _, anna = await anna_named_twice(census, named)

    await people.erase(census.served.db, census.served.settings.academies, PERSONAL, anna, reason="demande")

    [*_, (kind, academie, state)] = await census.served.told()
    assert (kind, academie, state["subject"], state["erased"]) == (
        "fr.bassin.hr_networks.person.v1", "09", str(anna), True,
    )  # fmt: skip
    assert {state[name] for name in ("civility", "family_name", "given_names", "work_mail", "uai")} == {""}


async def test_an_erased_person_is_published_again_as_erased(census: "Census", named: Named) -> None:
    _, anna = await anna_named_twice(census, named)
    await people.erase(census.served.db, census.served.settings.academies, PERSONAL, anna, reason="demande")

    async with census.served.db.batch(census.served.settings.academies) as tx:
        assert await outbox.republish(tx, PEOPLE, [anna], states) == 1

    assert (await census.served.told())[-1][2]["erased"] is True


async def test_an_erasure_forgets_what_was_written_about_the_person_and_keeps_why(
    census: "Census", named: Named
) -> None:
    _, anna = await anna_named_twice(census, named)
    await people.export(
        census.served.db, census.served.settings.academies, PERSONAL, anna, reason="Lettre de Mme Martel"
    )

    await people.erase(census.served.db, census.served.settings.academies, PERSONAL, anna, reason="Article 17")

    assert await census.rows("SELECT reason FROM audit_reason") == [("Article 17",)]
    await people.erase(census.served.db, census.served.settings.academies, PERSONAL, anna, reason="encore")
    assert await census.rows("SELECT reason FROM audit_reason") == [("Article 17",)]
    [(detail,)] = await census.rows("SELECT detail->>'declared' FROM audit WHERE action = 'person-erased'")
    assert detail == "2"


async def test_a_person_erased_may_be_named_again_as_somebody_new(census: "Census", named: Named) -> None:
    opened, anna = await anna_named_twice(census, named)
    await people.erase(census.served.db, census.served.settings.academies, PERSONAL, anna, reason="demande")

    answer = await census.answer(opened, census.college, named("Anna", "Martel"), if_match='"2"')

    assert answer.status_code == 200
    assert answer.json()["persons"] != [str(anna)]


async def test_an_erasure_waits_for_the_answer_being_recorded_and_blanks_it_too(census: "Census", named: Named) -> None:
    opened, anna = await anna_named_twice(census, named)
    other = named("Anna", "Martel-Roy", work_mail="anna.martel@ac-test.example", function="gestionnaire")
    async with census.served.db.batch([LILLE]) as tx:
        await tx.execute("SELECT FROM infra.aggregate FOR UPDATE")  # holds the answer at its commit
        answer = asyncio.ensure_future(census.answer(opened, census.college, other, if_match='"2"'))
        await waiting_for_a_lock(census, 1)
        erasing = asyncio.ensure_future(
            people.erase(census.served.db, census.served.settings.academies, PERSONAL, anna, reason="demande")
        )
        await waiting_for_a_lock(census, 2)
    answered, _ = await asyncio.gather(answer, erasing)

    assert answered.status_code == 200
    rows = await census.rows("SELECT to_jsonb(d)::text FROM declared_person d")
    assert not [row for (row,) in rows if "martel" in row.lower()]


async def erased_meanwhile(census: "Census", person: UUID, answering: Callable[[], Awaitable[Response]]) -> Response:
    """The answer is judged while the erasure is not committed yet."""
    async with census.served.db.batch([LILLE]) as tx:
        await PERSONAL.erase(tx, person)
        answer = asyncio.ensure_future(answering())
        await waiting_for_a_lock(census, 1)
    return await answer


async def waiting_for_a_lock(census: "Census", wanted: int) -> None:
    for _ in range(500):
        if await census.rows(WAITING) == [(wanted,)]:
            return
        await asyncio.sleep(0.01)
    pytest.fail("nobody waits")


WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.mark.parametrize("quoted", [True, False])
async def test_an_answer_does_not_bring_back_whom_an_erasure_blanks_meanwhile(
    census: "Census", named: Named, quoted: bool
) -> None:
    opened, anna = await anna_named_twice(census, named)
    person = {"person": str(anna)} if quoted else {}
    same = named("Anna", "Martel-Roy", work_mail="anna.martel@ac-test.example", **person)

    refused = await erased_meanwhile(census, anna, lambda: census.answer(opened, census.college, same, if_match='"2"'))

    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/person-being-declared")
    rows = await census.rows("SELECT to_jsonb(d)::text FROM declared_person d")
    assert not [row for (row,) in rows if "martel" in row.lower()]
    again = await census.answer(opened, census.college, same, if_match='"2"')
    assert again.status_code == (422 if quoted else 200)


async def test_a_letter_sent_to_the_person_s_address_is_exported_and_forgets_it(census: "Census", named: Named) -> None:
    opened, anna = await anna_named_twice(census, named)
    await census.answer(opened, census.lycee, named("Ce", "Lycée", work_mail=f"CE.{census.lycee}@ac-test.example"))
    await census.served.run_job("announce_to_schools")
    async with census.served.db.batch([LILLE]) as tx:  # as the office does when the school's own was refused
        await tx.execute(
            f"UPDATE mail SET recipient = 'Anna.Martel@ac-test.example' WHERE key LIKE '%{census.college}/%'"
        )
    academies = census.served.settings.academies
    [[lycee]] = await census.rows("SELECT id FROM person WHERE work_mail LIKE 'CE.%'")

    held = await people.export(census.served.db, academies, PERSONAL, anna, reason="demande")
    erased = await people.erase(census.served.db, academies, PERSONAL, anna, reason="demande")
    school = await people.erase(census.served.db, academies, PERSONAL, lycee, reason="demande")

    mails = msgspec.convert(held[LILLE]["mails"], list[dict[str, object]], strict=False)
    assert [mail["recipient"] for mail in mails] == ["Anna.Martel@ac-test.example"]
    assert (erased[LILLE]["mails"], "mails" in school[LILLE]) == (1, False)
    rows = await census.rows("SELECT recipient FROM mail ORDER BY recipient")
    schools = (census.lycee, census.college_roubaix)
    assert rows == [("",), *((f"ce.{uai.lower()}@ac-test.example",) for uai in schools)]


async def test_a_restored_database_erases_again_whom_it_had_erased(census: "Census", named: Named) -> None:
    _, anna = await anna_named_twice(census, named)
    lost = ENCODER.encode(blanked(anna))
    connection = await asyncpg.connect(census.served.urls.admin)  # as the relay's take-over keeps what it found
    try:
        await connection.execute(LOST, uuid7(), PEOPLE, anna, lost)
    finally:
        await connection.close()

    await census.served.run_job("erase_again_what_a_restore_forgot")
    await census.served.run_job("erase_again_what_a_restore_forgot")

    assert await census.rows("SELECT family_name, erased FROM person WHERE uai = ''") == [("", True)]
    assert [state["erased"] for _, _, state in await census.served.told() if state["subject"] == str(anna)][-1] is True
    assert await census.rows("SELECT count(*) FROM audit WHERE action = 'person-erased'") == [(1,)]


LOST = """
INSERT INTO infra.lost_fact (event_id, stream, partition, log_offset, subject, version, headers, payload)
VALUES ($1, $2, 0, 7, $3, 9, '{}', $4)
"""


async def test_the_command_line_exports_and_erases_in_every_service(
    census: "Census",
    named: Named,
    database: "Callable[[str], ServiceUrls]",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, anna = await anna_named_twice(census, named)
    run = Run(
        gateway="", identity_provider="", kafka="", academies=("09", "20"),
        services={"hr_networks": census.served.urls, "training": database("training")},
    )  # fmt: skip
    (tmp_path / "run.json").write_bytes(msgspec.json.encode(run))
    monkeypatch.setattr("common.cli.reach.RUN", tmp_path / "run.json")

    async def bassin_person(*arguments: str) -> dict[str, dict[str, dict[str, object]]]:
        capsys.readouterr()
        status = await asyncio.to_thread(app, [*arguments, "--reason", "demande"], result_action="return_value")
        assert status == 0
        return msgspec.json.decode(capsys.readouterr().out, type=dict[str, dict[str, dict[str, object]]])

    held = await bassin_person("export", str(anna))
    erased = await bassin_person("erase", str(anna))
    again = await bassin_person("erase", str(anna), "--service", "hr_networks")

    assert set(held["hr_networks"]["09"]) == {"identity", "declared"}
    assert erased == {"hr_networks": {"09": {"person": 1, "declared": 2}}}
    assert again == {}
    [(operator,)] = await census.rows("SELECT detail->>'operator' FROM audit WHERE action = 'person-erased'")
    assert operator
