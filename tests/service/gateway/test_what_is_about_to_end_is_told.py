"""Certificates and signing keys: the gateway tells when each ends or was renewed, even of one that has ended."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from common.signing_keys import SigningKeys, create_keys, rotate_keys
from gateway import certificates

ENDED = datetime(2007, 10, 26, tzinfo=UTC)


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[int]:
    """A TLS server whose certificate nobody vouches for and that ended years ago."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "provider.example")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    dated = builder.not_valid_before(ENDED - timedelta(days=365)).not_valid_after(ENDED)
    (tmp_path / "certificate").write_bytes(dated.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key").write_bytes(key.private_bytes(*pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


async def test_a_certificate_is_told_to_its_last_second_and_beyond(provider: int) -> None:
    assert await certificates.expiry("127.0.0.1", provider) == ENDED.timestamp()


def test_what_speaks_tls_is_watched_once() -> None:
    urls = ["https://idp.example/realms/lille", "https://idp.example/realms/amiens", "http://127.0.0.1:8081", ""]

    assert certificates.endpoints([*urls, "https://bassin.example:8443"]) == [
        ("bassin.example", 8443),
        ("idp.example", 443),
    ]


def test_a_rotation_is_told_by_what_the_keys_are_called(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    before = datetime.now(UTC).timestamp()
    create_keys(file)
    created = SigningKeys(file).rotated_at()
    rotate_keys(file)

    assert before - 0.001 <= created <= SigningKeys(file).rotated_at() <= datetime.now(UTC).timestamp()


def test_keys_that_another_tool_made_are_as_old_as_their_file(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    create_keys(file)
    keys = msgspec.json.decode(file.read_bytes())
    for key in keys["keys"]:
        key["kid"] = str(uuid4())
    file.write_bytes(msgspec.json.encode(keys))

    assert SigningKeys(file).rotated_at() == pytest.approx(file.stat().st_mtime, abs=0.001)
