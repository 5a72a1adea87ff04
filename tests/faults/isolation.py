"""A network and mounts of the run's own: what is cut or filled there is the run's, and gone with it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

ENTERED = "BASSIN_FAULTS_ISOLATED"
UNSHARE = ("unshare", "--net", "--mount")


def enter(arguments: Sequence[str]) -> None:
    """Become the same run in namespaces of its own, where that is allowed (root on Linux)."""
    if ENTERED in os.environ:
        run("ip", "link", "set", "lo", "up")
    elif not lacking():
        os.environ[ENTERED] = "1"
        os.execvp(UNSHARE[0], [*UNSHARE, sys.executable, "-m", "tests.faults", *arguments])


def lacking() -> str:
    """What this machine lacks for it; "" when it lacks nothing."""
    if missing := [name for name in ("unshare", "ip", "iptables", "mount") if shutil.which(name) is None]:
        return f"{', '.join(missing)} absent"
    allowed = subprocess.run([*UNSHARE, "iptables", "-S"], capture_output=True, check=False)
    return "" if allowed.returncode == 0 else "namespaces with iptables need root on Linux"


def isolated() -> bool:
    return ENTERED in os.environ


def run(*command: str) -> None:
    subprocess.run(command, check=True)
