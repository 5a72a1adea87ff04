"""All documents made from the contracts: what they should say now, and what is wrong with those that are committed."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import msgspec

from common import sealing
from common.contract_documents import asyncapi, committed, listening_map, samples, schemas
from common.contract_documents.compatibility import breaks
from common.contracts.catalogue import EVENTS
from common.service import Service, load, services

SCHEMAS = Path("contracts/schemas")
SAMPLES = Path("contracts/samples")


def installed() -> list[Service]:
    return [load(name) for name in sorted(services())]


def rendered(docs: Path, present: Sequence[Service]) -> dict[Path, str]:
    """Every generated file below `docs`, with its text."""
    tables = [service.table() for service in present]
    jobs = {"every service": sealing.jobs(present[0]), **{s.name: s.own_jobs() for s in present if s.jobs}}
    document = asyncapi.document(tables, samples.read(docs / SAMPLES), version("bassin"))
    return {
        **{schema_file(t): text(schemas.schema(event)) for t, event in EVENTS.items()},
        Path("asyncapi.json"): text(document),
        Path("map.md"): listening_map.page(tables, jobs),
    }


def schema_file(ce_type: str) -> Path:
    return SCHEMAS / f"{ce_type}.json"


def text(document: object) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def refused(docs: Path) -> list[str]:
    """Why the contracts as they are now must not be published."""
    decoded = {older for event in EVENTS.values() for older in event.upcasts}
    found = [f"{t}: {why}" for t, event in EVENTS.items() for why in schemas.unfit(schemas.schema(event))]
    for file in sorted((docs / SCHEMAS).glob("*.json")):
        ce_type = file.stem
        if ce_type in EVENTS:
            before = committed.read(file, dict)
            found += [f"{ce_type}: {why}" for why in breaks(before, schemas.schema(EVENTS[ce_type]))]
        elif ce_type not in decoded:
            found.append(f"{ce_type}: was published, and no event decodes it any more: keep it or give an upcast")
    return [*found, *unsampled(docs, {*EVENTS, *decoded})]


def unsampled(docs: Path, types: set[str]) -> Iterator[str]:
    kept = samples.read(docs / SAMPLES).keys()
    yield from (f"{t}: has no sample in {docs / SAMPLES}" for t in sorted(types - kept))
    yield from (f"{t}: has a sample, and no event decodes it any more" for t in sorted(kept - types))


def outdated(docs: Path, files: Mapping[Path, str]) -> list[str]:
    """Which committed files do not say what they should."""
    return [str(docs / f) for f, said in files.items() if not (docs / f).exists() or (docs / f).read_text() != said]


def write(docs: Path, files: Mapping[Path, str]) -> list[str]:
    changed = outdated(docs, files)
    for file, said in files.items():
        (docs / file).parent.mkdir(parents=True, exist_ok=True)
        (docs / file).write_text(said, "utf-8")
    return changed
