"""`bassin territory`: load an official directory through the gateway, always tried first; renew the merged communes."""

import os
from datetime import date
from pathlib import Path
from typing import Annotated, ClassVar

from cyclopts import App, Parameter

from common import communes
from common.cli.reach import running
from common.cli.token import granted
from common.directory_import import DirectoryImport, Wish
from common.imports import UnreadableFile
from common.local.places import ROOT
from common.local.trouble import Trouble
from common.remote import Remote

SUCCESSORS = ROOT / "services" / "territory" / "imports" / "communes_successors.csv"
TOKEN = "BASSIN_TOKEN"  # noqa: S105 - the name of a variable

app = App(name="territory", help="The directory of schools, and the communes that merged.")


class WrongArgument(Trouble):
    exit_code: ClassVar[int] = 2


@app.command(name="import")
def import_(
    file: Path,
    /,
    *,
    apply: Annotated[bool, Parameter(negative=(), help="make it so after the dry run")] = False,
    close_absent: Annotated[bool, Parameter(negative=(), help="close the schools that FILE does not speak of")] = False,
    effective_on: Annotated[date | None, Parameter(help="the day it takes effect; today when absent")] = None,
    report: Annotated[Path | None, Parameter(help="write every difference and error into this CSV")] = None,
    account: Annotated[str, Parameter(help="who imports, in the running demo")] = "territoire@lille",
    url: Annotated[str | None, Parameter(help="of another gateway; needs a token")] = None,
    token_file: Annotated[Path | None, Parameter(help="its token; else BASSIN_TOKEN")] = None,
) -> int:
    """Try FILE, an official directory in CSV, and print what it would change; --apply makes it so.

    Exit status 0: every line was understood; 1: lines were refused, or the file, or its application; 2: wrong command
    line; 3: no gateway.
    """
    if not file.is_file():
        raise WrongArgument(f"{file} is no file")
    if report is not None and not report.absolute().parent.is_dir():
        raise WrongArgument(f"{report} cannot be written: {report.parent} is no directory")
    wish = Wish(file=file, apply=apply, close_absent=close_absent, effective_on=effective_on, report=report)
    return DirectoryImport(gateway(account, url, token_file), wish)()


def gateway(account: str, url: str | None, token_file: Path | None) -> Remote:
    """The one that is named, else that of the running demo."""
    if url is not None:
        return Remote(url, lambda: token_of(token_file))
    run = running()
    if run is None:
        raise Trouble("no demo is running in this clone: make demo, or name a gateway with --url")
    return Remote(run.gateway, lambda: granted(run.identity_provider, account))


def token_of(file: Path | None) -> str:
    try:
        text = os.environ.get(TOKEN, "") if file is None else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as unreadable:
        raise WrongArgument(f"{file} holds no token: {unreadable}") from unreadable
    if not text.strip():
        raise WrongArgument(f"no token for this gateway: --token-file FILE, or {TOKEN}")
    return text.strip()


@app.command
def import_communes(file: Path, /, *, into: Path = SUCCESSORS) -> int:
    """Renew the committed successors of merged communes from FILE, a CSV of communes déléguées et associées.

    Exit status 1: FILE cannot be read, and nothing was written.
    """
    if not file.is_file():
        raise WrongArgument(f"{file} is no file")
    if not into.parent.is_dir():
        raise WrongArgument(f"{into} cannot be written: run this in a clone, or say --into")
    try:
        found, before = successors(file), successors(into) if into.exists() else {}
    except UnreadableFile as unreadable:
        print(*(finding.detail for finding in unreadable.findings), sep="\n")
        return 1
    if found != before:
        into.write_text(communes.written(found), "utf-8")
    changed = sum(found[code] != before[code] for code in found.keys() & before.keys())
    new, gone = len(found.keys() - before.keys()), len(before.keys() - found.keys())
    print(f"{len(found)} merged communes: {new} new, {changed} changed, {gone} gone ({into})")
    return 0


def successors(file: Path) -> dict[str, communes.Successor]:
    with file.open("rb") as source:
        return communes.extract(source)
