"""docs/map.md: who publishes what, who listens and what they do of it; nobody has to keep it true by hand."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from common.contract_documents.asyncapi import carried, described, said_of
from common.contracts.catalogue import CONTRACTS, STREAMS
from common.contracts.events import AuditHead, Event
from common.handlers import Handler, HandlerKind, Job, Table

HEAD = """# The map

Who publishes what, who listens, and what each one does on its own. Generated from the contracts
(`libs/common/contracts/`) and the registries of the services by `bassin contracts export`; a test says
when it is out of date. The same for machines: [asyncapi.json](asyncapi.json).
"""


def page(tables: Sequence[Table], jobs: Mapping[str, Sequence[Job]]) -> str:
    parts = [HEAD, picture(tables), "## Topics\n", topics(), *(events(tables, name) for name in CONTRACTS)]
    return "\n".join([*parts, own_time(jobs)])


def picture(tables: Iterable[Table]) -> str:
    """Services as boxes, topics as pipes; an arrow is a flow of records."""
    lines = ["flowchart LR"]
    lines += [f'    {name}["{name}"]' for name in CONTRACTS]
    lines += [f'    {node(stream)}(["{stream}"])' for stream in STREAMS]
    lines += [f"    {c.service} --> {node(s.name)}" for c in CONTRACTS.values() for s in c.streams]
    lines += [f"    {node(stream)} --> {table.service}" for table in tables for stream in table.streams]
    return "\n".join(["```mermaid", *lines, "```", ""])


def node(stream: str) -> str:
    return stream.replace(".", "_")


def topics() -> str:
    rows = [
        (f"`{stream.behind}`", contract.service, described(stream, contract))
        for contract in CONTRACTS.values()
        for stream in contract.streams
    ]
    return table(("Topic", "Published by", "What it holds"), rows)


def events(tables: Iterable[Table], service: str) -> str:
    tables = list(tables)
    contract = CONTRACTS[service]
    rows = [
        (linked(event), f"`{stream.behind}`", said_of(event), heard_by(event, tables))
        for stream in contract.streams
        for event in carried(stream, contract)
    ]
    title = f"## What [{service}](../libs/common/contracts/{service}.py) publishes\n"
    return title + "\n" + table(("Event", "Topic", "What it says", "Who does what with it"), rows)


def linked(event: type[Event]) -> str:
    return f"[{event.ce_type}](contracts/schemas/{event.ce_type}.json)"


def heard_by(event: type[Event], tables: Iterable[Table]) -> str:
    heard = [doing(table.service, handler) for table in tables for handler in table.of(event)]
    if issubclass(event, AuditHead):
        heard.append("`bassin audit verify` compares it with the database")
    return "<br>".join(heard) or "nobody yet"


def doing(service: str, handler: Handler) -> str:
    match handler.kind:
        case HandlerKind.PROJECTION:
            how = f"{service} keeps {code(handler.run)} (projection `{handler.name}`)"
        case HandlerKind.REACTION:
            how = f"{service} does {code(handler.run)}"
    return how


def own_time(jobs: Mapping[str, Sequence[Job]]) -> str:
    """`jobs` by whose they are; the key "every service" holds those that all have."""
    rows = [(service, code(job.run), f"every {period(job)}") for service in jobs for job in jobs[service]]
    return "## What starts because time passed\n\n" + table(("Service", "Job", "How often"), rows)


def period(job: Job) -> str:
    minutes = job.period.total_seconds() / 60
    return f"{minutes:g} min" if minutes >= 1 else f"{minutes * 60:g} s"


def code(run: Callable[..., Any]) -> str:
    module = run.__module__
    root = "libs" if module.startswith("common.") else "services"
    return f"[{run.__name__}](../{root}/{module.replace('.', '/')}.py)"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join([*(f"| {' | '.join(cells)} |" for cells in lines), ""])
