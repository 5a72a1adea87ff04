"""The same handler in a plain Litestar: no metrics, no log, no token, nothing of common.web before it."""

import asyncio
import sys
from typing import Any

import msgspec
import uvicorn
import uvloop
from litestar import Litestar
from litestar.di import Provide
from litestar.types import ASGIApp, Receive, Scope, Send

from common.clock import Clock
from common.db import Database, connect
from common.identifiers import Identifier, dec_hook, enc_hook
from common.identity import Agent
from hr_networks.answers.api import AnswersController


def known_as(agent: Agent) -> Any:
    """Who asks is settled beforehand; the handler's guards look at it."""

    def middleware(app: ASGIApp) -> ASGIApp:
        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            scope["user"] = agent
            await app(scope, receive, send)

        return call

    return middleware


def app(database: Database, agent: Agent) -> Litestar:
    return Litestar(
        [AnswersController],
        dependencies={
            "agent": Provide(lambda: agent, sync_to_thread=False),
            "db": Provide(lambda: database, sync_to_thread=False),
        },
        middleware=[known_as(agent)],
        type_decoders=[(is_identifier, dec_hook)],
        type_encoders={Identifier: enc_hook},
        openapi_config=None,
        logging_config=None,
        debug=False,
    )


def is_identifier(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Identifier)


async def main(port: int, url: str, agent: Agent) -> None:
    async with await connect(url) as pool:
        application = app(Database("hr_networks", pool, Clock()), agent)
        config = uvicorn.Config(
            application, port=port, http="httptools", lifespan="off", access_log=False, log_config=None
        )
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    given = msgspec.json.decode(sys.argv[3], type=Agent, dec_hook=dec_hook)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(int(sys.argv[1]), sys.argv[2], given))
