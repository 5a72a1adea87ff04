"""`bassin secrets`: what one deployment must not have in its manifests, as files, each made once."""

import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import quote

from cyclopts import App

from common.migrate import urls
from common.service import services
from common.signing_keys import create_keys

app = App(name="secrets", help="The passwords, addresses and keys of a deployment, as files that it mounts.")


@app.command
def create(directory: Path, *, database: str = "postgres:5432") -> None:
    """Write into DIRECTORY what is not there yet: run again after a new service, it changes nothing else.

    Only the directory is closed to others: a container reads a file under another number than its owner's.

    Parameters
    ----------
    database
        Host and port by which the services will find PostgreSQL.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    password = _once(directory / "postgres_password", _drawn)
    admin = f"postgresql://postgres:{quote(password)}@{database}/postgres"
    _once(directory / "admin_database_url", lambda: admin)
    for service in services():
        found = urls(service, admin, f"bassin_{service}")
        for role in ("app", "relay", "owner", "maint"):
            _once(directory / f"{service}_{role}_database_url", partial(getattr, found, role))
    _once(directory / "numen_key", _drawn)
    for keys in ("signing_keys", "certificate_keys"):
        file = directory / f"{keys}.json"
        if not file.exists():
            create_keys(file)
            file.chmod(0o444)
    print(f"{len(list(directory.iterdir()))} files in {directory}")


def _drawn() -> str:
    return secrets.token_urlsafe(32)


def _once(file: Path, content: Callable[[], str]) -> str:
    if not file.exists():
        draft = file.with_suffix(".new")
        draft.write_text(content())
        draft.chmod(0o444)
        draft.replace(file)
    return file.read_text()
