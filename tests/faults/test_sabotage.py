"""The patches of `make faults-sabotage` follow the code; that each is caught takes minutes, and is not played here."""

import subprocess

import pytest
from tests.faults.sabotage.__main__ import HERE, ROOT, SABOTAGES, Sabotage


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_it_applies(sabotage: Sabotage) -> None:
    asked = ["git", "apply", "--check", str(HERE / f"{sabotage.name}.patch")]
    applied = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert applied.returncode == 0, applied.stderr


def test_each_patch_is_a_sabotage() -> None:
    assert {path.stem for path in HERE.glob("*.patch")} == {sabotage.name for sabotage in SABOTAGES}
