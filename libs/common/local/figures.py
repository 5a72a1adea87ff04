"""What a run weighs: proportional set size, which counts a page that processes share once."""

from collections.abc import Iterable

import psutil

MIB = 1024 * 1024


def mebibytes(processes: Iterable[psutil.Process]) -> float:
    return sum(_pss(process) for process in processes) / MIB


def family(pid: int) -> list[psutil.Process]:
    """The process and all that descend from it."""
    first = psutil.Process(pid)
    return [first, *first.children(recursive=True)]


def _pss(process: psutil.Process) -> int:
    try:
        memory = process.memory_full_info()
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return 0
    return int(getattr(memory, "pss", memory.uss))  # only Linux tells the first
