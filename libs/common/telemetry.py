"""Whether spans go to an OpenTelemetry collector: off and not even loaded without OTEL_EXPORTER_OTLP_ENDPOINT."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common.settings import SettingsError
from common.trace import exported

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@asynccontextmanager
async def running(service: str) -> AsyncIterator[None]:
    """Export the spans of this process while it lasts; what is held at the end is sent.

    Raises:
        SettingsError: an endpoint is named and the extra `telemetry` is not installed.
    """
    if not os.environ.get(ENDPOINT):
        yield
        return
    try:
        from common.telemetry_otlp import Spans  # noqa: PLC0415  an optional extra, and memory others should not pay
    except ImportError as absent:
        raise SettingsError([f"{ENDPOINT} is set, and the extra `telemetry` is not installed"]) from absent
    spans = Spans(service)
    try:
        with exported(spans.add):
            yield
    finally:
        await asyncio.to_thread(spans.close)
