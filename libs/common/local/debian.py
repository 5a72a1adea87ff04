"""A package of Debian's unpacked beside us: nothing is installed, and apt verifies what it brings."""

import os
import shutil
import subprocess
import sys
from pathlib import Path


def unpack(package: str, directory: Path) -> str:
    """Its files under `directory`; returns why not, in a few words."""
    directory.mkdir(parents=True, exist_ok=True)
    if not all(map(shutil.which, ("apt-get", "dpkg-deb"))):
        return f"install the package {package}: this is no Debian"
    return "" if _downloaded(package, directory) else f"apt-get cannot download the package {package}"


def _downloaded(package: str, directory: Path) -> bool:
    """apt's lists are read anew where that is needed and we may."""
    download = ["apt-get", "-q", "download", package]
    update = ["apt-get", "-q", "update"]
    if not _done(download, directory) and not (
        os.geteuid() == 0 and _done(update, directory) and _done(download, directory)
    ):
        return False
    packages = sorted(directory.glob(f"{package}_*.deb"))
    unpacked = _done(["dpkg-deb", "-x", packages[-1].name, "."], directory)
    for each in packages:
        each.unlink()
    return unpacked


def _done(command: list[str], directory: Path) -> bool:
    return subprocess.run(command, cwd=directory, stdout=sys.stderr, check=False).returncode == 0  # noqa: S603 - ours
