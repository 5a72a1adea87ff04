"""`bassin doctor`: what this machine lacks for a demo, each with what to do about it."""

import hashlib
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

from common.local.layout import Layout
from common.local.parts import Part, kafka_parts, missing, postgres_part
from common.local.places import STATE, cache, postgres_home
from common.local.ports import require_free
from common.local.trouble import Trouble

ENOUGH_DISK = 1_000_000_000
ENOUGH_MEMORY = 900 * 1024 * 1024  # the whole demo


class Finding(NamedTuple):
    what: str
    said: str
    remedy: str = ""  # empty: all is well


def findings(layout: Layout) -> Iterator[Finding]:
    yield Finding("Python", f"{platform.python_version()} ({sys.executable})")  # an older one does not get here
    yield _ports(layout)
    yield from map(_directory, (STATE, cache(), postgres_home()))
    yield _memory()
    yield from (_parts("Apache Kafka", "BASSIN_KAFKA"), _parts("PostgreSQL", "BASSIN_ADMIN_DATABASE_URL"))


def disk_trouble(directory: Path) -> str:
    """Empty if there is enough room."""
    free = shutil.disk_usage(directory).free
    return "" if free >= ENOUGH_DISK else f"{free // 1_000_000} MB are free on the disk of {directory}: free 1 GB"


def _ports(layout: Layout) -> Finding:
    said = f"{layout.ports.start}-{layout.ports.stop - 1}"
    for port in layout.ports:
        try:
            require_free(port, remedy=f"bassin demo --port {layout.ports.stop}")
        except Trouble as trouble:
            return Finding("Ports", said, str(trouble))
    return Finding("Ports", f"{said} are free")


def _directory(directory: Path) -> Finding:
    place = next(parent for parent in (directory, *directory.parents) if parent.exists())
    if not os.access(place, os.W_OK | os.X_OK):
        return Finding("Directory", str(directory), f"{place} cannot be written: correct its rights")
    return Finding("Directory", f"{directory} can be written", disk_trouble(place))


def _memory() -> Finding:
    free = psutil.virtual_memory().available
    said = f"{free // 1024**2} MiB are free"
    return Finding("Memory", said, "" if free >= ENOUGH_MEMORY else f"{said}: a demo takes 900 MiB, end something")


def _parts(what: str, variable: str) -> Finding:
    if variable in os.environ:
        return Finding(what, f"{variable} points at a server of yours")
    try:
        parts = kafka_parts() if variable == "BASSIN_KAFKA" else [postgres_part()]
    except Trouble as trouble:
        return Finding(what, "no part", str(trouble))
    if absent := missing(parts):
        size = sum(part.size for part in absent) // 1_000_000
        return Finding(what, f"{len(absent)} parts, {size} MB to fetch", "the next demo needs the network, once")
    damaged = [part.file for part in parts if _hash(part) != part.sha256]
    return Finding(what, f"{len(parts)} parts in {cache()}", f"damaged: rm {damaged[0]}" if damaged else "")


def _hash(part: Part) -> str:
    return hashlib.sha256(part.file.read_bytes()).hexdigest()
