"""When the certificates end on which every login depends: a provider's, and ours as people reach it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import structlog
from cryptography import x509

from common import metrics

EVERY = 3600.0  # seconds
PATIENCE = 10.0
Endpoint = tuple[str, int]
log = structlog.get_logger()


def endpoints(urls: Iterable[str]) -> list[Endpoint]:
    """Those that speak TLS, each once."""
    parts = (urlsplit(url) for url in urls)
    return sorted({(part.hostname, part.port or 443) for part in parts if part.scheme == "https" and part.hostname})


@asynccontextmanager
async def watched(service: str, urls: Iterable[str]) -> AsyncIterator[None]:
    """Look at what speaks TLS among them, now and every hour, while it lasts."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_watch(service, endpoints(urls)))
        yield
        task.cancel()


async def _watch(service: str, those: Collection[Endpoint]) -> None:
    """What cannot be reached keeps its last figure: that it is down others tell."""
    while True:
        for host, port in those:
            try:
                ends = await expiry(host, port)
            except (OSError, TimeoutError, ValueError) as error:
                log.warning("certificate_not_read", endpoint=f"{host}:{port}", reason=type(error).__name__)
            else:
                metrics.certificate_expires.labels(service, f"{host}:{port}").set(ends)
        await asyncio.sleep(EVERY)


async def expiry(host: str, port: int) -> float:
    """Seconds since 1970, of a certificate that is only looked at: one that has ended already must be told too."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with asyncio.timeout(PATIENCE):
        _, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        writer.close()
    return x509.load_der_x509_certificate(shown).not_valid_after_utc.timestamp()
