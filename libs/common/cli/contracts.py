"""`bassin contracts`: publish what the contracts say, and refuse a change that a listener would not survive."""

from pathlib import Path

from cyclopts import App

from common.contract_documents import export as documents
from common.contract_documents.committed import Unreadable
from common.local.places import ROOT
from common.local.trouble import Trouble

app = App(name="contracts", help="JSON Schemas, AsyncAPI and the map of the events.")
DOCS = ROOT / "docs"


@app.command
def check(*, docs: Path = DOCS) -> int:
    """Say what is wrong with the contracts or out of date in DOCS; writes nothing."""
    wrong = _refused(docs)
    stale = documents.outdated(docs, documents.rendered(docs, documents.installed()))
    _say([*wrong, *(f"{file}: out of date: bassin contracts export" for file in stale)])
    return 1 if wrong or stale else 0


@app.command
def export(*, docs: Path = DOCS) -> int:
    """Write schemas, asyncapi.json and map.md into DOCS, unless a change would break a listener."""
    if wrong := _refused(docs):
        _say(wrong)
        return 1
    try:
        _say([f"wrote {file}" for file in documents.write(docs, documents.rendered(docs, documents.installed()))])
    except OSError as wrong_place:
        raise Trouble(f"{wrong_place.filename}: {wrong_place.strerror}: say --docs") from wrong_place
    return 0


def _refused(docs: Path) -> list[str]:
    if not (docs / documents.SAMPLES).is_dir():
        raise Trouble(f"no contracts in {docs}: run this in a clone, or say --docs")
    try:
        return documents.refused(docs)
    except Unreadable as broken:
        raise Trouble(str(broken)) from broken


def _say(lines: list[str]) -> None:
    for line in lines:
        print(line)
