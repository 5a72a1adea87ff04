"""A platform of its own for one journey, in a process of its own: it says where it is, then obeys line by line.

`again training` kills a service, makes it forget how far it had read, and starts it anew.
"""

import asyncio
import json
import sys
from contextlib import ExitStack

import asyncpg

from common.local.children import Reaper
from common.local.layout import GATEWAY, IDENTITY, Layout
from common.local.mailbox import mailbox
from common.local.places import STATE
from common.local.platform import Platform, Urls
from common.local.signals import Ended, ended_by_signals


def main(port: int) -> None:
    layout = Layout(port)
    STATE.mkdir(exist_ok=True)
    layout.logs.mkdir(parents=True, exist_ok=True)
    with ended_by_signals(), ExitStack() as ends:
        platform = Platform(layout, ends.enter_context(Reaper()))
        urls = begin(platform, ends)
        say({"url": layout.url(GATEWAY), "identity_provider": layout.url(IDENTITY), "clock": str(STATE / "clock")})
        for line in sys.stdin:
            order, name = line.split()
            assert order == "again"
            platform.check(within=0)
            platform.restart(name, urls[name], meanwhile=lambda owner=urls[name]["owner"]: asyncio.run(forget(owner)))
            say({"again": name})


def begin(platform: Platform, ends: ExitStack) -> Urls:
    platform.environment()
    platform.postgres()
    platform.broker()
    _, urls = platform.databases()
    ends.enter_context(mailbox(platform.layout.mails, platform.layout.port("smtp")))
    ends.callback(platform.forked.end_all)
    platform.services(urls)
    return urls


async def forget(owner: str) -> None:
    """Every record that it has heard comes once more."""
    connection = await asyncpg.connect(owner)
    await connection.execute("UPDATE infra.offset SET next = 0")
    await connection.close()


def say(answer: dict[str, str]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]))
    except Ended:
        sys.exit(0)
