"""One service in a process of its own, asked by the office of an académie that holds one school: hr_networks."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from uuid import UUID, uuid4, uuid5

import httpx
import msgspec
from aiokafka import AIOKafkaProducer
from joserfc.jwk import ECKey, KeySet

from common.contracts.territory import STATE, EtablissementState
from common.identifiers import BASSIN, CodeAcademie, Uai, school_id
from common.identity import Agent, Mandate, Role
from common.internal_tokens import InternalTokens
from common.local.ports import free_ports
from common.migrate import ServiceUrls
from common.tokens import FixedKeys

CAMPAIGNS = "/v1/hr-networks/campaigns"
KEY = ECKey.generate_key("P-256", {"kid": "stop", "alg": "ES256", "use": "sig"}, private=True)
TOKENS = InternalTokens(FixedKeys({}), signing=lambda: KEY)
OFFICE = Agent(
    id=uuid5(BASSIN, "agent:stop"),
    academie=CodeAcademie("09"),
    mandates=(Mandate(role=Role.RESPONSABLE_FORMATION, academie=CodeAcademie("09")),),
)


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
def serving(
    urls: ServiceUrls, broker: str, keys: str, **settings: str
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """The product's own process; yields its address, and itself."""
    [port] = free_ports(1)
    environment = {
        **os.environ,
        "BASSIN_ACADEMIES": "09,20",
        "BASSIN_DATABASE_URL": urls.app,
        "BASSIN_RELAY_DATABASE_URL": urls.relay,
        "BASSIN_KAFKA": broker,
        "BASSIN_GATEWAY_JWKS_URL": keys,
        "BASSIN_HTTP_PORT": str(port),
        **{f"BASSIN_{name.upper()}": value for name, value in settings.items()},
    }
    command = [str(Path(sys.executable).parent / "bassin"), "serve", "hr_networks"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.kill()


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


async def until_it_takes_commands(url: str) -> UUID:
    """Ready, and the school heard of; returns the census that it took."""
    deadline = time.monotonic() + 30
    async with client(url) as office:
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                if (answer := await post(office)).status_code == 201:
                    return UUID(answer.json()["id"])
            await asyncio.sleep(0.1)
    raise TimeoutError("the service takes no command")


def client(url: str) -> httpx.AsyncClient:
    """Of an office."""
    return httpx.AsyncClient(base_url=url, timeout=20, auth=signed)


def signed(request: httpx.Request) -> httpx.Request:
    """Anew for each: such a token is good for a minute."""
    request.headers["Authorization"] = f"Bearer {TOKENS.sign(OFFICE, 'hr_networks')}"
    return request


async def post(office: httpx.AsyncClient, key: str = "") -> httpx.Response:
    wish = {
        "academie": "09",
        "object": "Identification des personnels",
        "function": "Secrétariat de direction",
        "letter": "Merci de répondre.",
        "signatory": "La directrice des ressources humaines",
        "contact": "formation@ac-lille.example",
        "deadline": (datetime.now(UTC).date() + timedelta(days=20)).isoformat(),
    }
    return await office.post(CAMPAIGNS, json=wish, headers={"Idempotency-Key": key or str(uuid4())})
