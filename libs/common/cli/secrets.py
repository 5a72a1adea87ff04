"""`bassin secrets`: what one deployment must not have in its manifests, as files, each made once."""

import secrets
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from urllib.parse import quote

import msgspec
from cyclopts import App

from common.local.trouble import Trouble
from common.migrate import urls
from common.service import services
from common.signing_keys import create_keys

AUTHORITY = "database_ca.crt"  # whom a database of one's own is vouched for by, where its address asks for that
app = App(name="secrets", help="The passwords, addresses and keys of a deployment, as files that it mounts.")


@app.command
def create(directory: Path, *, database: str = "postgres:5432", smtp: str = "smtp://mailpit:1025") -> None:
    """Write into DIRECTORY what is not there yet: run again after a new service, it changes nothing else.

    Only the directory is closed to others: a container reads a file under another number than its owner's.

    Parameters
    ----------
    database
        Host and port by which the services will find PostgreSQL.
    smtp
        smtp:// or smtps:// address that takes the platform's mails, with its user and password if it asks for them.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    password = _once(directory / "postgres_password", _drawn)
    user = _once(directory / "postgres_user", lambda: "postgres")
    made = f"postgresql://{quote(user)}:{quote(password)}@{database}/postgres"
    admin = _once(directory / "admin_database_url", lambda: made)  # that of a server of one's own is written before
    for service in services():
        found = urls(service, admin, f"bassin_{service}")
        for role in ("app", "relay", "owner", "maint"):
            _once(directory / f"{service}_{role}_database_url", partial(getattr, found, role))
    _once(directory / "numen_key", _drawn)
    _once(directory / "smtp_url", lambda: smtp)
    for keys in ("signing_keys", "certificate_keys"):
        file = directory / f"{keys}.json"
        if not file.exists():
            create_keys(file)
            file.chmod(0o444)
    print(f"{len(list(directory.iterdir()))} files in {directory}")


@app.command
def kubernetes(directory: Path) -> None:
    """Print the files of DIRECTORY as Secrets, for `kubectl apply --namespace bassin --server-side -f -`."""
    wanted = _secrets()
    if (directory / AUTHORITY).exists():
        wanted["database-ca"] = {AUTHORITY: AUTHORITY}
    items = [_secret(name, directory, files) for name, files in wanted.items()]
    sys.stdout.write(msgspec.json.encode({"apiVersion": "v1", "kind": "List", "items": items}).decode() + "\n")


def _secrets() -> dict[str, dict[str, str]]:
    """Each Secret of deploy/k8s, by its keys, and the file that holds each: a pod mounts whole what it needs."""
    return {
        "administrator": {
            "admin_database_url": "admin_database_url",
            "username": "postgres_user",
            "password": "postgres_password",
        },
        "keys": {name: name for name in ("numen_key", "smtp_url", "certificate_keys.json")},
        "gateway-keys": {"signing_keys.json": "signing_keys.json"},
        **{f"{service.replace('_', '-')}-database": _addresses(service, "relay") for service in services()},
        **{
            f"{service.replace('_', '-')}-operations": _addresses(service, "relay", "owner", "maint")
            for service in services()
        },
    }


def _addresses(service: str, *roles: str) -> dict[str, str]:
    more = {f"{role}_database_url": f"{service}_{role}_database_url" for role in roles}
    return {"database_url": f"{service}_app_database_url"} | more


def _secret(name: str, directory: Path, files: Mapping[str, str]) -> dict[str, object]:
    try:
        data = {key: (directory / file).read_text() for key, file in files.items()}
    except OSError as gone:
        raise Trouble(f"{gone.filename}: {gone.strerror}: bassin secrets create {directory}") from gone
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data}


def _drawn() -> str:
    return secrets.token_urlsafe(32)


def _once(file: Path, content: Callable[[], str]) -> str:
    if not file.exists():
        draft = file.with_suffix(".new")
        draft.write_text(content())
        draft.chmod(0o444)
        draft.replace(file)
    return file.read_text()
