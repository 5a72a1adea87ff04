"""SIGTERM under load: what was acknowledged is published, nothing that was accepted fails, and the process ends."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from uuid import UUID, uuid4, uuid5

import httpx
import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from joserfc.jwk import ECKey, KeySet
from msgspec import Struct

from common import topics
from common.contracts.catalogue import CONTRACTS
from common.contracts.hr_networks import FACTS, CensusOpened
from common.contracts.territory import STATE, EtablissementState
from common.identifiers import BASSIN, CodeAcademie, Uai, school_id
from common.identity import Agent, Mandate, Role
from common.internal_tokens import InternalTokens
from common.local.children import Children, Reaper
from common.local.kafka import KafkaNode
from common.local.ports import free_ports
from common.migrate import ServiceUrls, register
from common.service import load
from common.tokens import FixedKeys

DRAIN_SECONDS = 5
CLIENTS = 4
CAMPAIGNS = "/v1/hr-networks/campaigns"
KEY = ECKey.generate_key("P-256", {"kid": "stop", "alg": "ES256", "use": "sig"}, private=True)
TOKENS = InternalTokens(FixedKeys({}), signing=lambda: KEY)
OFFICE = Agent(
    id=uuid5(BASSIN, "agent:stop"),
    academie=CodeAcademie("09"),
    mandates=(Mandate(role=Role.RESPONSABLE_FORMATION, academie=CodeAcademie("09")),),
)


class Load(Struct):
    """What the clients were told."""

    acknowledged: set[UUID] = set()
    failed: list[int] = []


@pytest.fixture
def children() -> Iterator[Children]:
    with Reaper() as found:
        yield found


@pytest.fixture
def broker(children: Children, tmp_path: Path) -> str:
    """One of its own: the service listens to topics by their real names."""
    port, controller = free_ports(2)
    node = KafkaNode(tmp_path / "kafka", port=port, controller_port=controller, log=tmp_path / "kafka.log")
    node.start(children)
    return node.bootstrap


@contextmanager
def published_keys() -> Iterator[str]:
    """Where the gateway would publish its keys."""
    document = msgspec.json.encode(KeySet([KEY]).as_dict(private=False))

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_: object) -> None:
            """Nothing: the test's output is not its log."""

    server = HTTPServer(("127.0.0.1", 0), Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/jwks"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def serving(urls: ServiceUrls, broker: str, keys: str) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    [port] = free_ports(1)
    environment = {
        **os.environ,
        "BASSIN_ACADEMIES": "09,20",
        "BASSIN_DATABASE_URL": urls.app,
        "BASSIN_RELAY_DATABASE_URL": urls.relay,
        "BASSIN_KAFKA": broker,
        "BASSIN_GATEWAY_JWKS_URL": keys,
        "BASSIN_HTTP_PORT": str(port),
        "BASSIN_DRAIN_SECONDS": str(DRAIN_SECONDS),
    }
    command = [str(Path(sys.executable).parent / "bassin"), "serve", "hr_networks"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.kill()


async def test_what_was_acknowledged_before_the_stop_is_published_and_nothing_fails(
    database: Callable[[str], ServiceUrls], broker: str
) -> None:
    urls = database("hr_networks")
    await topics.ensure(broker, CONTRACTS.values(), partitions=3)
    await register(urls.owner, "hr_networks", load("hr_networks").table().names(), {})
    await publish_school(broker)
    told = Load()
    with published_keys() as keys, serving(urls, broker, keys) as (url, process):
        await until_it_takes_commands(url)
        clients = [asyncio.create_task(open_campaigns(url, told)) for _ in range(CLIENTS)]
        await asyncio.sleep(1.5)
        process.terminate()
        begun = time.monotonic()
        await asyncio.to_thread(process.wait, 2 * DRAIN_SECONDS)
        took = time.monotonic() - begun
        await asyncio.gather(*clients)

    assert process.returncode == 0
    assert took < 2 * DRAIN_SECONDS
    assert told.failed == []
    assert len(told.acknowledged) > 10
    assert told.acknowledged <= await opened(broker)


async def publish_school(broker: str) -> None:
    """What territory would have said: one collège of Lille, so that a census addresses somebody."""
    uai = Uai("0599001N")
    school = EtablissementState(
        subject=school_id(uai), uai=uai, name="Collège des Trois Moulins", nature="340", level="second-degre",
        sector="public", commune="59350", departement="59", academie="09", mail="ce.0599001n@ac-lille.example",
        opened_on=date(2017, 9, 1), closed_on=None, memberships=(),
    )  # fmt: skip
    headers = {
        "ce_id": str(uuid4()), "ce_type": school.ce_type, "ce_subject": str(school.subject),
        "ce_aggregateversion": "1", "ce_academie": "09", "ce_source": "/academies/09/territory",
        "ce_time": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    encoder = msgspec.json.Encoder(enc_hook=str)
    producer = AIOKafkaProducer(bootstrap_servers=broker)
    await producer.start()
    named = [(name, text.encode()) for name, text in headers.items()]
    await producer.send_and_wait(STATE, encoder.encode(school), key=str(school.subject).encode(), headers=named)
    await producer.stop()


async def until_it_takes_commands(url: str) -> None:
    """Ready, and the school heard of."""
    deadline = time.monotonic() + 30
    async with client(url) as office:
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                if (await post(office)).status_code == 201:
                    return
            await asyncio.sleep(0.1)
    raise TimeoutError("the service takes no command")


async def open_campaigns(url: str, told: Load) -> None:
    """One after the other until the service is gone; a connection that was refused acknowledged nothing."""
    async with client(url) as office:
        with suppress(httpx.TransportError):
            while True:
                answer = await post(office)
                if answer.status_code == 201:
                    told.acknowledged.add(UUID(answer.json()["id"]))
                else:
                    told.failed.append(answer.status_code)


def client(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, timeout=20)


async def post(office: httpx.AsyncClient) -> httpx.Response:
    wish = {
        "academie": "09",
        "object": "Identification des personnels",
        "function": "Secrétariat de direction",
        "letter": "Merci de répondre.",
        "signatory": "La directrice des ressources humaines",
        "contact": "formation@ac-lille.example",
        "deadline": (datetime.now(UTC).date() + timedelta(days=20)).isoformat(),
    }
    headers = {"Authorization": f"Bearer {TOKENS.sign(OFFICE, 'hr_networks')}", "Idempotency-Key": str(uuid4())}
    return await office.post(CAMPAIGNS, json=wish, headers=headers)


async def opened(broker: str) -> set[UUID]:
    """The campaigns that the topic tells of, to readers of what is committed."""
    reader = AIOKafkaConsumer(
        FACTS, bootstrap_servers=broker, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    await reader.start()
    found: set[UUID] = set()
    while polled := await reader.getmany(timeout_ms=1000):
        for records in polled.values():
            found |= {UUID((r.key or b"").decode()) for r in records if type_of(r.headers) == CensusOpened.ce_type}
    await reader.stop()
    return found


def type_of(headers: Sequence[tuple[str, bytes]]) -> str:
    return dict(headers)["ce_type"].decode()
