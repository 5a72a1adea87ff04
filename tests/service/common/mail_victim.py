"""A sender in a process of its own, for the test that kills it."""

import asyncio
import sys

from common.clock import Clock
from common.db import Database, connect
from common.identifiers import CodeAcademie
from common.mail_sender import MailSender, Smtp


async def main(database_url: str, smtp_url: str) -> None:
    db = Database("training", await connect(database_url, size=2), Clock())
    sender = MailSender(db, [CodeAcademie("09")], Smtp.read(smtp_url), sender="ne-pas-repondre@bassin.example", api="")
    await sender.run()


asyncio.run(main(*sys.argv[1:]))
