"""A person can ask for all that is held of them, and for its erasure: nothing is left but keys and counts."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import pytest

from common import outbox, people
from common.cli.person import app
from common.cli.reach import Run
from common.contracts.hr_networks import PEOPLE
from common.identifiers import CodeAcademie
from hr_networks.people.personal import PERSONAL, states

if TYPE_CHECKING:
    from tests.service.hr_networks.conftest import Census

    from common.migrate import ServiceUrls

Named = Callable[..., dict[str, str]]
PATH = "/v1/hr-networks/campaigns"


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
    text = msgspec.json.encode(held[CodeAcademie("09")]).decode()
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
    [(detail,)] = await census.rows("SELECT detail->>'declared' FROM audit WHERE action = 'person-erased'")
    assert detail == "2"


async def test_a_person_erased_may_be_named_again_as_somebody_new(census: "Census", named: Named) -> None:
    opened, anna = await anna_named_twice(census, named)
    await people.erase(census.served.db, census.served.settings.academies, PERSONAL, anna, reason="demande")

    answer = await census.answer(opened, census.college, named("Anna", "Martel"), if_match='"2"')

    assert answer.status_code == 200
    assert answer.json()["persons"] != [str(anna)]


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
    (tmp_path / ".bassin").mkdir()
    (tmp_path / ".bassin" / "run.json").write_bytes(msgspec.json.encode(run))
    monkeypatch.chdir(tmp_path)

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
