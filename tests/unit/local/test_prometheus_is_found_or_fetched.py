"""Prometheus is taken where it is, unpacked where apt gives it, and its absence is one line that says what to do."""

from pathlib import Path

import pytest

from common.local import prometheus

UNPACKS = "mkdir -p usr/bin && touch usr/bin/prometheus usr/bin/promtool && chmod +x usr/bin/*"
DOWNLOADS = '[ "$2" = download ] && touch prometheus_2.deb'
FAILS = "exit 100"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The programs of a machine: none yet but the shell's own."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("mkdir", "touch", "chmod", "sh"):
        (programs / name).symlink_to(Path("/bin") / name)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(prometheus, "UNPACKED", tmp_path / "unpacked")
    return programs


def install(machine: Path, name: str, does: str = "exit 0") -> None:
    (machine / name).write_text(f"#!/bin/sh\n{does}\n")
    (machine / name).chmod(0o755)


def test_what_is_installed_is_taken(machine: Path) -> None:
    for name in prometheus.PROGRAMS:
        install(machine, name)

    assert prometheus.fetch() == ""
    assert prometheus.program("promtool") == machine / "promtool"
    assert (prometheus.UNPACKED / "usr/bin/promtool").resolve() == machine / "promtool"  # where tools/check.py looks


def test_what_apt_gives_is_unpacked_and_not_installed(machine: Path) -> None:
    install(machine, "apt-get", DOWNLOADS)
    install(machine, "dpkg-deb", UNPACKS)

    assert prometheus.fetch() == ""
    assert prometheus.program("prometheus") == prometheus.UNPACKED / "usr/bin/prometheus"
    assert list(prometheus.UNPACKED.glob("*.deb")) == []


def test_its_absence_is_said_in_one_line(machine: Path) -> None:
    assert prometheus.fetch() == "install the package prometheus: this is no Debian"

    install(machine, "apt-get", FAILS)
    install(machine, "dpkg-deb")
    assert prometheus.fetch() == "apt-get cannot download the package prometheus"
    assert prometheus.program("prometheus") is None
