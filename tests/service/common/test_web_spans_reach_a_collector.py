"""With OTEL_EXPORTER_OTLP_ENDPOINT set, a real OTLP receiver gets the spans; without it nothing is even loaded."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from litestar import get
from litestar.params import FromPath, FromQuery
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from common import trace
from common.web import Description, http_app

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Collector(ThreadingHTTPServer):
    received: list[ExportTraceServiceRequest]


class Receive(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the signature of http.server
        """Says nothing."""


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    collector = Collector(("127.0.0.1", 0), Receive)
    collector.received = []
    thread = threading.Thread(target=collector.serve_forever)
    thread.start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    yield collector
    collector.shutdown()
    thread.join()
    collector.server_close()


@get("/v1/schools/{uai:str}")
async def school(uai: FromPath[str], nom: FromQuery[str] = "") -> str:
    with trace.continued(trace.traceparent(), "look it up"):
        return uai


def spans_of(collector: Collector) -> list[Span]:
    return [
        span
        for request in collector.received
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


async def test_a_request_is_a_span_of_the_caller_s_trace(collector: Collector) -> None:
    app: Any = http_app("territory", [school], description=Description(title="x", text="x"))
    async with app.lifespan(), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        await client.get("/v1/schools/0590318A?nom=Martin", headers=headers)
        await client.get("/v1/schools/0590318A", headers={"traceparent": f"00-{TRACE}-{PARENT}-00"})  # not sampled

    inner, outer = spans_of(collector)
    assert (outer.name, inner.name) == ("GET /v1/schools/{uai}", "look it up")
    assert (outer.trace_id.hex(), outer.parent_span_id.hex()) == (TRACE, PARENT)
    assert inner.parent_span_id == outer.span_id
    assert outer.kind == Span.SPAN_KIND_SERVER
    assert {a.key: a.value.int_value for a in outer.attributes}["http.response.status_code"] == 200
    assert outer.start_time_unix_nano <= inner.start_time_unix_nano <= outer.end_time_unix_nano
    assert "Martin" not in str(spans_of(collector))
    names = {a.key: a.value.string_value for a in collector.received[0].resource_spans[0].resource.attributes}
    assert (names["service.namespace"], names["service.name"]) == ("bassin", "territory")


async def test_a_thread_that_begins_here_is_sampled_while_somebody_collects(collector: Collector) -> None:
    app: Any = http_app("territory", [school], description=Description(title="x", text="x"))
    async with app.lifespan():
        assert trace.follow(None).flags == "01"
    assert trace.follow(None).flags == "00"


async def test_without_an_endpoint_nothing_is_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    app: Any = http_app("territory", [school], description=Description(title="x", text="x"))
    async with app.lifespan():
        assert trace.follow(None).flags == "00"


def test_opentelemetry_is_not_loaded_by_a_service_that_does_not_use_it() -> None:
    code = "import sys, common.web; sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
