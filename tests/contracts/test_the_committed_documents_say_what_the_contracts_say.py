"""docs/contracts, docs/asyncapi.json and docs/map.md are made from the code: here they are made again and compared."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from common.cli.contracts import check, export
from common.contract_documents import export as documents
from common.contracts.catalogue import CONTRACTS, EVENTS, STREAMS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A copy to spoil."""
    shutil.copytree(DOCS / "contracts", tmp_path / "contracts")
    for name in ("asyncapi.json", "map.md"):
        shutil.copy(DOCS / name, tmp_path / name)
    return tmp_path


def test_they_are_up_to_date() -> None:
    assert documents.refused(DOCS) == []
    assert documents.outdated(DOCS, documents.rendered(DOCS, documents.installed())) == []


@pytest.mark.parametrize("seed", ["1", "2"])
def test_another_process_makes_the_same_bytes(seed: str) -> None:
    """No order of a set or of a registry shows."""
    code = (
        "import sys; from pathlib import Path; from common.contract_documents import export as e;"
        "docs = Path(sys.argv[1]); print(e.outdated(docs, e.rendered(docs, e.installed())))"
    )
    command = [sys.executable, "-c", code, str(DOCS)]

    assert subprocess.check_output(command, env={"PYTHONHASHSEED": seed}) == b"[]\n"


def test_what_is_out_of_date_is_named_and_written_again(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (docs / "map.md").write_text("# An older map\n")

    assert check(docs=docs) == 1
    assert f"{docs / 'map.md'}: out of date" in capsys.readouterr().out
    assert export(docs=docs) == 0
    assert check(docs=docs) == 0


def test_an_incompatible_contract_is_never_exported(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As if the committed event had had a field that the present one lacks."""
    file = docs / documents.schema_file("fr.bassin.hr_networks.census_opened.v1")
    committed = msgspec.json.decode(file.read_bytes())
    committed["$defs"]["CensusOpened"]["properties"]["circulaire"] = {"type": "string"}
    file.write_bytes(msgspec.json.encode(committed))
    before = file.read_bytes()

    assert export(docs=docs) == 1
    assert "census_opened.v1: $.circulaire: the field was removed or renamed" in capsys.readouterr().out
    assert file.read_bytes() == before


def test_a_published_type_that_nothing_decodes_any_more_is_refused(docs: Path) -> None:
    shutil.copy(
        docs / documents.schema_file("fr.bassin.hr_networks.census_opened.v1"),
        docs / documents.schema_file("fr.bassin.hr_networks.census_postponed.v1"),
    )

    assert documents.refused(docs) == [
        "fr.bassin.hr_networks.census_postponed.v1: was published, and no event decodes it any more: "
        "keep it or give an upcast"
    ]


def test_a_version_without_a_sample_is_refused(docs: Path) -> None:
    (docs / documents.SAMPLES / "fr.bassin.territory.bassin.v1.json").unlink()

    assert documents.refused(docs) == [f"fr.bassin.territory.bassin.v1: has no sample in {docs / documents.SAMPLES}"]


@pytest.mark.parametrize("ce_type", EVENTS)
def test_every_event_is_named_after_its_service_and_published_on_its_own_stream(ce_type: str) -> None:
    event = EVENTS[ce_type]
    service = next(c.service for c in CONTRACTS.values() if event in c.events)

    assert re.fullmatch(rf"fr\.bassin\.{service}\.[a-z]+(_[a-z]+)*\.v[1-9][0-9]*", ce_type)
    assert event.stream in {s.name for s in CONTRACTS[service].streams}
    assert event.stream == f"bassin.{service}" or event.stream.startswith(f"bassin.{service}.")


def test_no_type_is_declared_twice_and_every_service_has_at_most_three_streams() -> None:
    declared = [event.ce_type for contract in CONTRACTS.values() for event in contract.events]

    assert len(declared) == len(set(declared)) == len(EVENTS)
    assert sum(len(contract.streams) for contract in CONTRACTS.values()) == len(STREAMS)
    assert all(contract.audit_head in contract.events for contract in CONTRACTS.values())


def test_no_event_carries_a_numen_and_only_people_carry_names() -> None:
    for ce_type, event in EVENTS.items():
        fields = {field.name for field in msgspec.structs.fields(event)}
        assert not {name for name in fields if "numen" in name}, ce_type
        if event.stream != "bassin.hr_networks.people":
            assert not fields & {"civility", "family_name", "given_names", "work_mail"}, ce_type


def test_who_may_hear_of_people_is_named() -> None:
    named = CONTRACTS["hr_networks"].listeners["bassin.hr_networks.people"]

    assert set(named) == {"training", "hr_networks", "payroll"}
