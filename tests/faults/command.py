"""Which faults are played with which seeds, the table of what held, and the same as JSON."""

import argparse
import asyncio
import secrets
import shutil
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
from msgspec import Struct
from tests.faults.carrier import listen_again
from tests.faults.fault import Fault, Figure, Verdict, faults, worst
from tests.faults.stage import Stage, raised
from tests.faults.turns import turn

from common.local.places import ROOT, STATE

RESULT = ROOT / ".bassin" / "faults.json"
PLAYED = 180.0  # seconds; a schedule that is not over by then is stuck


class Line(Struct):
    fault: str
    nodes: int
    seeds: list[int]
    figures: Mapping[str, Figure]
    verdict: str
    title: str = ""
    seconds: float = 0.0
    broken: list[str] = []


def main(arguments: Sequence[str]) -> int:
    asked = _read(arguments)
    known = faults()
    if unknown := [name for name in asked.faults if name not in known]:
        print(f"no fault {', '.join(unknown)}: {' '.join(known)}")
        return 2
    chosen = [fault for fault in known.values() if _wanted(fault, asked)]
    lines = asyncio.run(_play(chosen, asked))
    note(asked.result, lines)
    show(lines)
    print(f"\n{asked.result}")
    return int(any(line.verdict == "broken" for line in lines))


def _read(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("faults", nargs="*", help="F1 F2 ...; none: all")
    parser.add_argument(
        "--seed", type=int, help="play this seed alone, as a broken one was told; with --seeds, from it on"
    )
    parser.add_argument("--seeds", type=int, help="how many, instead of each fault's own number")
    parser.add_argument("--check", action="store_true", help="the selection of `make check`")
    parser.add_argument("--result", type=Path, default=RESULT, help="where the JSON goes")
    return parser.parse_args(arguments)


def _wanted(fault: Fault, asked: argparse.Namespace) -> bool:
    return fault.name in asked.faults or (not asked.faults and (not asked.check or fault.in_check > 0))


def _seeds(fault: Fault, asked: argparse.Namespace) -> list[int]:
    if asked.seed is not None and not asked.seeds:
        return [asked.seed]
    number = asked.seeds or (fault.in_check if asked.check else fault.seeds)
    first = secrets.randbelow(1_000_000) if asked.seed is None else asked.seed
    return list(range(first, first + number))


async def _play(chosen: Sequence[Fault], asked: argparse.Namespace) -> list[Line]:
    """On one platform as long as nothing is broken on it; what wants one of its own gets it."""
    lines: list[Line] = []
    for nodes in sorted({fault.nodes for fault in chosen}):
        here = [fault for fault in chosen if fault.nodes == nodes]
        lines += await _together([fault for fault in here if not fault.own_stage], nodes, asked)
        for fault in (fault for fault in here if fault.own_stage):
            lines += await _together([fault], nodes, asked)
    return sorted(lines, key=lambda line: int(line.fault[1:]))


async def _together(chosen: Sequence[Fault], nodes: int, asked: argparse.Namespace) -> list[Line]:
    lines: list[Line] = []
    left = list(chosen)
    while left:
        async with AsyncExitStack() as ends:
            async with turn(busy=True):
                stage = await ends.enter_async_context(raised(nodes))
            while left:
                fault = left.pop(0)
                lines.append(await _seeds_of(fault, stage, _seeds(fault, asked)))
                if lines[-1].verdict == "broken":
                    break  # a platform of its own for what follows
    return lines


async def _seeds_of(fault: Fault, stage: Stage, seeds: list[int]) -> Line:
    """Ends at the first seed that is broken: the next would answer for it."""
    begun, verdicts = time.monotonic(), list[Verdict]()
    if not fault.carried:
        await listen_again(stage)
    for seed in seeds:
        async with turn(busy=fault.busy):
            verdicts.append(await _one(fault, stage, seed))
        told = verdicts[-1].broken or [f"{verdicts[-1].figures}"]
        print(f"{fault.name} seed {seed}: {'; '.join(told)}", flush=True)
        if verdicts[-1].broken or verdicts[-1].not_run:
            break
    played, last = seeds[: len(verdicts)], verdicts[-1]
    verdict = "broken" if last.broken else f"not run: {last.not_run}" if last.not_run else "held"
    if last.broken:
        print(f"{fault.name}: again by make faults F={fault.name} SEED={played[-1]}", flush=True)
        _keep_logs(ROOT / ".bassin" / "broken" / f"{fault.name}-{played[-1]}")
    took = round(time.monotonic() - begun, 1)
    return Line(fault.name, fault.nodes, played, worst(fault, verdicts), verdict, fault.title, took, last.broken)


def _keep_logs(place: Path) -> None:
    """The next platform begins with empty ones."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(STATE / "logs", place)
    for log in STATE.glob("*.log"):  # of the servers
        shutil.copy2(log, place)


async def _one(fault: Fault, stage: Stage, seed: int) -> Verdict:
    before = await _moving(fault, stage)
    try:
        async with asyncio.timeout(fault.within or PLAYED * (4 if fault.seeds == 1 else 1)):
            await stage.books.begin()
            stage.loud()
            verdict = await fault.run(stage, seed)
    except Exception as error:  # noqa: BLE001 - whatever it is, the invariant was not seen to hold
        traceback.print_exc()
        return Verdict(broken=[f"{type(error).__name__}: {error}"])
    flood = {said: number for said, number in stage.loud().items() if number > fault.lines}
    verdict.check(not flood, f"the logs are flooded: {flood}")
    if not verdict.broken and not verdict.not_run:
        after = await _moving(fault, stage)
        verdict.broken += [f"{name} did not move" for name in fault.moves if not _moved(before[name], after[name])]
    return verdict


def _moved(before: tuple[int | None, float], after: tuple[int | None, float]) -> bool:
    """A process that was started anew counts from 0."""
    return after[1] > (before[1] if before[0] == after[0] else 0)


async def _moving(fault: Fault, stage: Stage) -> dict[str, tuple[int | None, float]]:
    """Of each metric the process that tells it, and the value."""
    found: dict[str, tuple[int | None, float]] = {}
    for name in fault.moves:
        who, _, metric = name.partition(":")
        found[name] = (stage.process(who).pid, (await stage.metrics(who)).get(metric, 0.0))
    return found


def note(result: Path, lines: Sequence[Line]) -> None:
    result.parent.mkdir(parents=True, exist_ok=True)
    shown = [{k: v for k, v in msgspec.to_builtins(line).items() if v != []} for line in lines]
    result.write_bytes(msgspec.json.format(msgspec.json.encode(shown), indent=2))


def show(lines: Sequence[Line]) -> None:
    print()
    for row in _rows(lines):
        print("  ".join(row), flush=True)


def _rows(lines: Sequence[Line]) -> Iterator[tuple[str, ...]]:
    for line in lines:
        figures = ", ".join(f"{name} {value}" for name, value in line.figures.items())
        seeds = f"{len(line.seeds)} seeds from {line.seeds[0]}"
        yield f"{line.fault:4}", f"{line.verdict:7}", f"{seeds:24}", f"{line.seconds:6.1f} s", line.title, figures
