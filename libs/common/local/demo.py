"""`bassin demo`: the whole platform on this machine, real Kafka and PostgreSQL included, until Ctrl-C."""

import contextlib
import json
import os
import shutil
import sys
import time
from contextlib import ExitStack
from enum import StrEnum
from importlib.metadata import version
from typing import NamedTuple

from common.clock import Clock
from common.local import closing, journey
from common.local.children import Reaper
from common.local.layout import GATEWAY, IDENTITY, Layout
from common.local.letter.figures import Line
from common.local.letter.playing import Letter
from common.local.locks import alone
from common.local.mailbox import mailbox
from common.local.places import CLOCK, PLAYING, STATE
from common.local.platform import ACADEMIES, Platform, Urls
from common.local.screen import Screen
from common.local.signals import Ended, ended_by_signals
from common.local.trouble import Trouble

NOT_OURS = frozenset({"BASSIN_ADMIN_DATABASE_URL", "BASSIN_KAFKA"})
RUN = STATE / "run.json"  # how the commands beside a running demo find it
ALREADY = "a demo of this clone is running already: end it with Ctrl-C where it runs, or use another clone and --port"


class Play(StrEnum):
    """What a demo shows of itself: the letter of 2007 to its end, or only that a census is heard elsewhere."""

    LETTER = "letter"
    CENSUS = "census"


class Wish(NamedTuple):
    port: int = 8080
    play: Play = Play.LETTER
    fresh: bool = False
    once: bool = False
    json: bool = False
    observe: bool = False


def run(wish: Wish) -> int:
    """The exit status. However it ends, nothing that was started is left."""
    began = time.monotonic()
    STATE.mkdir(exist_ok=True)
    screen = Screen(sys.stderr if wish.json else sys.stdout)
    foreground = False
    try:
        with ended_by_signals(), alone(STATE / "demo.lock", refusal=ALREADY), ExitStack() as ends:
            if wish.fresh or PLAYING.exists() or is_half_gone(Layout(wish.port)):
                forget(Layout(wish.port))
            platform = start(Layout(wish.port), screen, ends)
            if wish.observe:
                platform.observe()
            played = play(platform, screen, wish.play)
            figures = closing.measured(platform, began)
            closing.show(screen, platform, figures, played)
            if wish.json:
                said = closing.report(platform, figures, played) | {"steps": screen.seconds}
                print(json.dumps(said), flush=True)
            foreground = True
            while not wish.once:
                platform.check(within=1)
    except Ended:
        screen.say("ended")
        return 0 if foreground else 130
    return 0


def start(layout: Layout, screen: Screen, ends: ExitStack) -> Platform:
    screen.say(f"Bassin {version('bassin')} - local demonstration (fictional people, do not expose on a network)")
    begin_logs(layout)
    platform = Platform(layout, ends.enter_context(Reaper()))
    screen.step(platform.environment)
    screen.step(platform.postgres)
    screen.step(platform.broker)
    urls = screen.step(platform.databases)
    ends.enter_context(mailbox(layout.mails, layout.port("smtp")))
    ends.callback(platform.forked.end_all)
    screen.step(lambda: platform.services(urls))
    ends.callback(RUN.unlink, missing_ok=True)
    tell(platform, urls)
    return platform


def play(platform: Platform, screen: Screen, wished: Play) -> list[Line]:
    gateway, identity = platform.layout.url(GATEWAY), platform.layout.url(IDENTITY)
    if wished is Play.CENSUS:
        witness = journey.Journey(gateway, identity, today=Clock(CLOCK).today())
        screen.step(witness.load_directory)
        screen.step(witness.play)
        return []
    with contextlib.closing(Letter(gateway, identity, CLOCK)) as letter:
        screen.step(letter.load_directory)
        return screen.step(lambda: play_once(letter, screen))


def play_once(letter: Letter, screen: Screen) -> tuple[str, list[Line]]:
    if not letter.is_played():
        PLAYING.touch()
        letter.play(after=screen.doing)
        PLAYING.unlink()
    said = "census -> offer -> avis -> selection -> papers -> meetings -> recognition -> pay, in 23 bassins"
    return said, letter.figures()


def begin_logs(layout: Layout) -> None:
    """A log is of one demo: what it said last is about this one."""
    shutil.rmtree(layout.logs, ignore_errors=True)
    layout.logs.mkdir(parents=True)


def tell(platform: Platform, urls: Urls) -> None:
    RUN.touch(mode=0o600)
    RUN.write_text(
        json.dumps(
            {
                "pid": os.getpid(),
                "gateway": platform.layout.url(GATEWAY),
                "identity_provider": platform.layout.url(IDENTITY),
                "kafka": platform.kafka,
                "academies": ACADEMIES,
                "services": {name: dict(by_role) for name, by_role in urls.items()},
            }
        )
    )


def is_half_gone(layout: Layout) -> bool:
    """Somebody removed .bassin, and with it one server's data: the other's would wait for events that are no more."""
    if os.environ.keys() & NOT_OURS:
        return False
    return layout.postgres_home.exists() != layout.kafka_home.exists()


def forget(layout: Layout) -> None:
    """What an earlier demo of this clone kept; nothing of a server that is not ours."""
    if os.environ.keys() & NOT_OURS:
        raise Trouble("--fresh forgets our own servers only: drop the bassin_* databases and bassin.* topics of yours")
    for directory in (layout.postgres_home, layout.kafka_home, layout.mails):
        shutil.rmtree(directory, ignore_errors=True)
    for file in (CLOCK, PLAYING):
        file.unlink(missing_ok=True)
