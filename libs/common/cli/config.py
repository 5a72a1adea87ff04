"""`bassin config check`: what a service would read from this environment, before it is started with it."""

import difflib
import os
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Protocol, runtime_checkable

import msgspec
from cyclopts import App
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from common.local.trouble import Trouble
from common.service import services
from common.settings import PREFIX, Settings, SettingsError, read, shown

GROUP = "bassin.settings"  # entry points: a service whose settings are not the usual ones names their Struct here
# Read by commands, not by services.
OTHERS = frozenset({f"BASSIN_{role}_DATABASE_URL" for role in ("ADMIN", "OWNER", "MAINT")})
ENVIRONMENT = 3  # exit status: this environment will not do


@runtime_checkable
class HasFiles(Protocol):
    """Settings that name files which the service reads when it starts."""

    def read_files(self) -> object:
        """SettingsError if it could not start with them."""


app = App(name="config", help="What the environment says to a service.")


@app.command
def check(service: str = "training") -> int:
    """Print each setting of SERVICE with its origin, secrets hidden; exit status 3 if it could not start."""
    kind = settings_of(service)
    for line in strangers(os.environ, kind):
        print(f"warning: {line}", file=sys.stderr)
    try:
        settings = read(kind, os.environ, service=service)
        if isinstance(settings, HasFiles):
            settings.read_files()
    except SettingsError as wrong:
        for line in wrong.lines:
            print(f"error: {line}", file=sys.stderr)
        return ENVIRONMENT
    rows = [(PREFIX + name.upper(), value, origin(name, os.environ)) for name, value in shown(settings).items()]
    if sys.stdout.isatty():
        Console().print(table(service, rows))
    else:
        print(*(f"{variable}={value} ({source})" for variable, value, source in rows), sep="\n")
    return 0


def settings_of(service: str) -> type[Struct]:
    of_its_own = {point.name: point for point in entry_points(group=GROUP)}
    if service in of_its_own:
        kind: type[Struct] = of_its_own[service].load()
        return kind
    if service not in services():
        raise Trouble(f"no service {service!r}: {', '.join(sorted([*of_its_own, *services()]))}")
    return Settings


def table(service: str, rows: list[tuple[str, str, str]]) -> Table:
    printed = Table("Variable", "Value", "From", title=f"settings of {service}")
    for row in rows:
        printed.add_row(*row)
    return printed


def origin(name: str, environ: Mapping[str, str]) -> str:
    variable = PREFIX + name.upper()
    if environ.get(f"{variable}_FILE"):
        return f"file {environ[f'{variable}_FILE']}"
    return "environment" if environ.get(variable) else "default"


def strangers(environ: Mapping[str, str], kind: type[Struct]) -> Iterator[str]:
    """Variables that look like ours and that nobody reads: mostly misspelt ones."""
    known = {PREFIX + field.name.upper() for field in msgspec.structs.fields(kind)} | OTHERS
    for variable in sorted(environ):
        if variable.startswith(PREFIX) and variable.removesuffix("_FILE") not in known:
            near = difflib.get_close_matches(variable.removesuffix("_FILE"), known, n=1)
            yield f"{variable} is not a setting" + (f": {near[0]} is" if near else "")
