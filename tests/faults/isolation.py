"""A network and mounts of the run's own: what is cut or filled there is the run's, and gone with it.

`python -m tests.faults.isolation` sees to it that what it takes is there, or says in one line why it is not.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

from common.local import debian
from common.local.places import cache

ENTERED = "BASSIN_FAULTS_ISOLATED"
UNSHARE = ("unshare", "--net", "--mount")
UNPACKED = cache() / "iptables"
PACKAGES = ("libxtables12", "libip4tc2", "libip6tc2", "iptables")  # of Debian: what its classic form is made of


def enter(arguments: Sequence[str]) -> None:
    """Become the same run in namespaces of its own, where that is allowed (root on Linux)."""
    if ENTERED in os.environ:
        run("ip", "link", "set", "lo", "up")
    elif not lacking():
        os.environ[ENTERED] = "1"
        os.execvp(UNSHARE[0], [*UNSHARE, sys.executable, "-m", "tests.faults", *arguments])


def lacking() -> str:
    """What this machine lacks for it; "" when it lacks nothing."""
    if missing := [name for name in ("unshare", "ip", "mount") if shutil.which(name) is None]:
        return f"{', '.join(missing)} absent"
    if not (filters := iptables()):
        return "iptables absent: .venv/bin/python -m tests.faults.isolation"
    allowed = subprocess.run([*UNSHARE, *filters, "-S"], capture_output=True, check=False)
    return "" if allowed.returncode == 0 else "namespaces with iptables need root on Linux"


def iptables() -> Sequence[str]:
    """How to call it, installed or unpacked beside us; nothing when it is absent."""
    if installed := shutil.which("iptables"):
        return [installed]
    binary = UNPACKED / "usr" / "sbin" / "xtables-legacy-multi"
    extensions = next(UNPACKED.glob("usr/lib/*/xtables"), None)
    if extensions is None or not binary.exists():
        return []
    return ["env", f"LD_LIBRARY_PATH={extensions.parent}", f"XTABLES_LIBDIR={extensions}", str(binary), "iptables"]


def fetch() -> str:
    """Have it; returns why not, in a few words."""
    if iptables():
        return ""
    if shutil.which(UNSHARE[0]) is None or os.geteuid() != 0:
        return "not fetched: only root on Linux can use it"
    return next(filter(None, (debian.unpack(package, UNPACKED) for package in PACKAGES)), "")


def isolated() -> bool:
    return ENTERED in os.environ


def run(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    print(f"iptables: {fetch() or ' '.join(iptables())}", file=sys.stderr)
