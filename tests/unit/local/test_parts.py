"""Downloaded parts are those of the lock, or they are not used."""

from pathlib import Path

import pytest

from common.local.parts import PLATFORMS, Part, check, locked
from common.local.places import PARTS_LOCK
from common.local.trouble import Trouble


def test_a_jar_with_another_hash_is_refused(tmp_path: Path) -> None:
    part = Part("kafka", "org.example:broker:1.0", 3, "0" * 64)
    jar = tmp_path / "broker.jar"
    jar.write_bytes(b"bad")

    with pytest.raises(Trouble, match=r"broker:1\.0 has sha256"):
        check(part, jar)


def test_the_lock_names_no_host() -> None:
    assert "//" not in PARTS_LOCK.read_text()


def test_kafka_s_own_modules_are_all_of_one_version() -> None:
    """A logger resolved together with Kafka once pulled its client down to 3.9."""
    versions = {part.coordinates.split(":")[2] for part in locked() if part.coordinates.startswith("org.apache.kafka:")}

    assert len(versions) == 1
    assert min(versions) >= "4."


def test_postgresql_is_the_same_version_on_every_platform() -> None:
    parts = {p.group.removeprefix("postgresql-"): p.coordinates.split(":")[2] for p in locked() if p.group != "kafka"}

    assert set(parts) == set(PLATFORMS)
    assert len(set(parts.values())) == 1
