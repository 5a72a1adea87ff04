"""What a demo says when it is up: where to look, who one can be, what it took."""

import os
import time
from typing import NamedTuple

import psutil

from common.local.figures import family, mebibytes
from common.local.layout import GATEWAY, IDENTITY
from common.local.platform import Platform
from common.local.screen import Screen

ACCOUNTS = ("territoire@lille", "formation@lille", "chef@lille", "animateur@lille", "drh@amiens", "exploitation")


class Figures(NamedTuple):
    seconds: float
    services_mib: float
    all_mib: float


def measured(platform: Platform, began: float) -> Figures:
    ours = [psutil.Process(p.pid) for name, p in platform.forked.running.items() if name != IDENTITY and p.pid]
    everything = family(os.getpid())
    return Figures(round(time.monotonic() - began, 1), round(mebibytes(ours)), round(mebibytes(everything)))


def report(platform: Platform, figures: Figures) -> dict[str, object]:
    layout = platform.layout
    return {
        "url": layout.url(GATEWAY),
        "schema": f"{layout.url(GATEWAY)}/schema",
        "identity_provider": layout.url(IDENTITY),
        "kafka": platform.kafka,
        "mail": str(layout.mails),
        "logs": str(layout.logs),
        "accounts": list(ACCOUNTS),
        "figures": figures._asdict(),
    }


def show(screen: Screen, platform: Platform, figures: Figures) -> None:
    gateway = platform.layout.url(GATEWAY)
    for name, text in {
        "Open": f"{gateway}/schema    metrics /metrics    problems /problems    mail .bassin/mail",
        "Accounts": "  ".join(ACCOUNTS) + "    bassin token <account>",
        "Try": "1. open a census   2. answer it as a chef   3. see training know it    docs/guide",
        "Figures": f"{figures.seconds:.1f} s    services and gateway {figures.services_mib} MiB"
        f"    everything {figures.all_mib} MiB (PSS)",
        "Logs": ".bassin/logs/    stop Ctrl-C    start anew  bassin demo --fresh",
    }.items():
        screen.say(f" {name:11} {text}")
