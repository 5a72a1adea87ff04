"""A clone elsewhere must work as it is: what is committed names no registry, no path of one machine, no secret."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest

# Written so that this file names none of them.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("yarnpkg", "com"),
        ("repo1", "maven", "org"),
        ("repo", "maven", "apache", "org"),
        ("sonatype", "org"),
    )
]
CONFIGURED = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "NPM_CONFIG_REGISTRY")
SHARED_PLACES = {Path("/"), Path("/home"), Path("/tmp"), Path("/var/tmp"), Path("/opt"), Path("/srv"), Path("/usr/src")}
SOMEBODYS_HOME = re.compile(rb"/(?:home|Users)/(?!\$|<)[A-Za-z0-9._-]+/")
PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")


def found(tracked: Sequence[Path], root: Path, needles: Sequence[str]) -> dict[str, list[str]]:
    encoded = [needle.encode() for needle in needles if needle]
    hits = {str(f.relative_to(root)): [n.decode() for n in encoded if n in f.read_bytes()] for f in tracked}
    return {file: names for file, names in hits.items() if names}


def test_no_registry_is_named(tracked: Sequence[Path], root: Path) -> None:
    ours = [urlsplit(os.environ.get(name, "")).hostname or "" for name in CONFIGURED]

    assert found(tracked, root, [*REGISTRIES, *ours]) == {}


def test_no_lock_file_holds_an_address(tracked: Sequence[Path], root: Path) -> None:
    locks = [f for f in tracked if f.suffix == ".lock" or f.name == "package-lock.json"]

    assert locks
    assert found(locks, root, ["http://", "https://", '"resolved"', "--index-url", "--find-links"]) == {}


def test_no_place_of_this_machine_is_named(tracked: Sequence[Path], root: Path) -> None:
    places = {root, root.parent, Path.home()} - SHARED_PLACES

    assert found(tracked, root, [f"{place}/" for place in sorted(places)]) == {}


@pytest.mark.parametrize("pattern", [SOMEBODYS_HOME, PRIVATE_KEY])
def test_no_home_and_no_private_key_is_committed(
    tracked: Sequence[Path], root: Path, pattern: re.Pattern[bytes]
) -> None:
    assert [str(f.relative_to(root)) for f in tracked if pattern.search(f.read_bytes())] == []
