"""What a demo says when it is up: where to look, who one can be, what it took."""

import os
import time
from collections.abc import Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

import psutil

from common.clock import PARIS, Clock
from common.local.figures import family, mebibytes
from common.local.layout import GATEWAY, IDENTITY
from common.local.letter.figures import Line, table
from common.local.places import CLOCK
from common.local.platform import Platform
from common.local.screen import Screen

ACCOUNTS = ("formation@lille", "chef@lille", "secretaire-0599001n-2@lille", "paye@amiens", "exploitation")


class Figures(NamedTuple):
    seconds: float
    services_mib: float
    all_mib: float


def measured(platform: Platform, began: float) -> Figures:
    ours = [psutil.Process(p.pid) for name, p in platform.forked.running.items() if name != IDENTITY and p.pid]
    everything = family(os.getpid())
    return Figures(round(time.monotonic() - began, 1), round(mebibytes(ours)), round(mebibytes(everything)))


def report(platform: Platform, figures: Figures, played: Sequence[Line]) -> dict[str, object]:
    layout = platform.layout
    return {
        "url": layout.url(GATEWAY),
        "schema": f"{layout.url(GATEWAY)}/schema",
        "identity_provider": layout.url(IDENTITY),
        "kafka": platform.kafka,
        "mail": str(layout.mails),
        "logs": str(layout.logs),
        "prometheus": platform.observed,
        "accounts": list(ACCOUNTS),
        "figures": figures._asdict(),
        "bassins": [{"bassin": each.bassin, "name": each.name, **each.figures._asdict()} for each in played],
    }


def show(screen: Screen, platform: Platform, figures: Figures, played: Sequence[Line]) -> None:
    gateway = platform.layout.url(GATEWAY)
    for line in table(played) if played else ():
        screen.say(f" {line}")
    for name, text in {
        "Open": f"{gateway}/calendrier?academie=09    /verification    /schema    /metrics    mail .bassin/mail",
        "Accounts": "  ".join(ACCOUNTS) + "    bassin token <account>",
        "Try": "1. read a paper and verify it   2. follow a pay element to its avis   3. open a census    docs/guide",
        "Time": f"{Clock(CLOCK).now().astimezone(ZoneInfo(PARIS)):%A %d %B %Y} in the demo, kept in .bassin/clock",
        "Figures": f"{figures.seconds:.1f} s    services and gateway {figures.services_mib} MiB"
        f"    everything {figures.all_mib} MiB (PSS)",
        **({"Prometheus": f"{platform.observed}    docs/runbooks"} if platform.observed else {}),
        "Logs": ".bassin/logs/    stop Ctrl-C    start anew  bassin demo --fresh",
    }.items():
        screen.say(f" {name:11} {text}")
