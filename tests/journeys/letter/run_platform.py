"""A platform of its own for one journey, in a process of its own: it says where it is, then obeys line by line.

`kill` ends every service as a power cut would and starts them anew; `again` lets each hear all that it has heard.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TypeAlias

import asyncpg

from common.local.children import Reaper
from common.local.layout import GATEWAY, IDENTITY, Layout
from common.local.mailbox import mailbox
from common.local.places import STATE
from common.local.platform import Platform, Urls
from common.local.signals import Ended, ended_by_signals

Places: TypeAlias = dict[tuple[str, int], int]


def main(port: int) -> None:
    layout = Layout(port)
    STATE.mkdir(exist_ok=True)
    layout.logs.mkdir(parents=True, exist_ok=True)
    with ended_by_signals(), ExitStack() as ends:
        platform = Platform(layout, ends.enter_context(Reaper()))
        urls = begin(platform, ends)
        say({"url": layout.url(GATEWAY), "identity_provider": layout.url(IDENTITY), "clock": str(STATE / "clock")})
        for line in sys.stdin:
            platform.check(within=0)
            {"kill": kill, "again": again}[line.strip()](platform, urls)
            say({"done": line.strip()})


def begin(platform: Platform, ends: ExitStack) -> Urls:
    platform.environment()
    platform.postgres()
    platform.broker()
    _, urls = platform.databases()
    ends.enter_context(mailbox(platform.layout.mails, platform.layout.port("smtp")))
    ends.callback(platform.forked.end_all)
    platform.services(urls)
    return urls


def kill(platform: Platform, urls: Urls) -> None:
    platform.kill(urls)
    platform.begin(urls)


def again(platform: Platform, urls: Urls) -> None:
    """Over when every record has come a second time."""
    for by_role in urls.values():
        heard = places(by_role["owner"])
        execute(by_role["owner"], 'UPDATE infra."offset" SET next = 0')
        while any(places(by_role["owner"])[place] < until for place, until in heard.items()):
            platform.check(within=0.1)


def places(owner: str) -> Places:
    """How far each partition of each stream was read."""
    rows = execute(owner, 'SELECT stream, partition, next FROM infra."offset"')
    return {(row["stream"], row["partition"]): row["next"] for row in rows}


def execute(owner: str, sql: str) -> Sequence[asyncpg.Record]:
    async def once() -> Sequence[asyncpg.Record]:
        connection = await asyncpg.connect(owner)
        try:
            return list(await connection.fetch(sql))
        finally:
            await connection.close()

    return asyncio.run(once())


def say(answer: dict[str, str]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]))
    except Ended:
        sys.exit(0)
