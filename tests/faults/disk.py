"""F18: no room left, under the databases and under the broker's log."""

import asyncio
import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.faults.broker import accepted, waiting
from tests.faults.checker import Outcome
from tests.faults.fault import Fault, Verdict
from tests.faults.isolation import isolated, lacking, run
from tests.faults.stage import PRODUCER, Stage, until

from common.local.kafka import KafkaNode
from common.local.postgres import Postgres

ROOM = 64 * 1024 * 1024  # bytes that are free at first
PIECE = 64 * 1024  # bytes
LEFT = 128 * 1024  # bytes that the ballast leaves
FULL = 15.0  # seconds without room
RESUMED = 10.0  # seconds


async def fill_the_disk(stage: Stage, seed: int) -> Verdict:
    """Even seeds: under PostgreSQL; odd ones: under Kafka, while what is committed piles up in the databases."""
    verdict = Verdict()
    if not isolated():
        verdict.not_run = lacking()
        return verdict
    full = _kafka_full if seed % 2 else _postgres_full
    await full(stage, random.Random(seed), verdict)
    verdict.broken += await stage.books.close()
    return verdict


async def _postgres_full(stage: Stage, rng: random.Random, verdict: Verdict) -> None:
    before = stage.clients.answers.copy()
    with small_disk(stage, stage.postgres, stage.postgres.home) as ballast:
        async with stage.clients.writing(rng, clients=4, pause=0.02):
            await asyncio.sleep(1)
            await asyncio.to_thread(fill, ballast)
            refused = await until(lambda: _refused(stage, before), within=FULL * 2)
            await asyncio.sleep(FULL)
            ballast.unlink()
            await asyncio.to_thread(_again, stage, stage.postgres)
            verdict.figures["resumed_seconds"] = resumed = await until(lambda: accepted(stage, rng), within=60)
        verdict.check(resumed <= RESUMED, f"commands succeed {resumed:.1f} s after there is room")
        verdict.check(refused <= FULL * 2, "a full disk refused nothing")
        answers = stage.clients.answers - before
        wrong = {answer: n for answer, n in answers.items() if answer[0] >= 500 and answer != (503, True)}
        verdict.figures["answered_503"] = answers[503, True]
        verdict.check(not wrong, f"answers other than 503 with Retry-After: {wrong}")
        verdict.broken += await stage.books.close()


async def _kafka_full(stage: Stage, rng: random.Random, verdict: Verdict) -> None:
    [node] = stage.nodes
    with small_disk(stage, node, node.home) as ballast:
        async with stage.clients.writing(rng, clients=4, pause=0.02):
            await asyncio.sleep(1)
            await asyncio.to_thread(fill, ballast, left=-1)
            await asyncio.sleep(FULL)
            piled = await waiting(stage)
            ballast.unlink()
            await asyncio.to_thread(_again, stage, node)
            verdict.figures["resumed_seconds"] = resumed = await until(lambda: _few(stage), within=60)
        unsure = stage.books.counted(Outcome.INDETERMINATE)
        verdict.figures |= {"piled_up": piled, "indeterminate": unsure}
        verdict.check(piled > 0, "a full disk stopped nothing")
        verdict.check(unsure == 0, f"{unsure} commands noticed that the broker's disk is full")
        verdict.check(resumed <= RESUMED, f"published {resumed:.1f} s after there is room")
        verdict.broken += await stage.books.close()


def _again(stage: Stage, server: Postgres | KafkaNode) -> None:
    """A broker whose only disk failed ends, a PostgreSQL that cannot recover answers nothing: a supervisor acts."""
    server.stop()
    server.start(stage.children)


@contextmanager
def small_disk(stage: Stage, server: Postgres | KafkaNode, home: Path) -> Iterator[Path]:
    """The server's directory lies on a file system with little room; afterwards it lies where it was."""
    server.stop()
    kept = home.with_name(f"{home.name}.kept")
    home.rename(kept)
    home.mkdir()
    size = sum(file.stat().st_blocks * 512 for file in kept.rglob("*")) + ROOM
    run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(home))
    _copy(kept, home)
    server.start(stage.children)
    try:
        yield home / "ballast"
    finally:
        server.stop()
        shutil.rmtree(kept)
        _copy(home, kept)
        run("umount", str(home))
        home.rmdir()
        kept.rename(home)
        server.start(stage.children)


def _copy(source: Path, target: Path) -> None:
    run("cp", "--archive", "--sparse=always", f"{source}/.", str(target))


def fill(ballast: Path, *, left: int = LEFT) -> None:
    """Others write meanwhile: page by page, as long as there is one more."""
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while (free := os.statvfs(ballast.parent)).f_bavail * free.f_frsize > left:
            file.write(bytes(PIECE))


async def _refused(stage: Stage, before: "Counter[tuple[int, bool]]") -> bool:
    return (stage.clients.answers - before)[503, True] > 0


async def _few(stage: Stage) -> bool:
    """The oldest of what piled up is gone, and what is written meanwhile goes at once."""
    return (await stage.metrics(PRODUCER))["bassin_outbox_oldest_seconds"] < 1


FAULTS: tuple[Fault, ...] = (
    Fault(
        name="F18",
        title="no room left on the disk of PostgreSQL, of Kafka",
        run=fill_the_disk,
        waits=True,
        busy=True,
        seeds=2,
        own_stage=True,
        moves=("hr_networks:bassin_relay_published_total",),
    ),
)
