"""Our spans as OpenTelemetry's: the only module that imports it. They hold route templates and statuses, no person."""

from collections.abc import Callable
from types import MappingProxyType

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from common.trace import Trace

KINDS = MappingProxyType({"server": SpanKind.SERVER, "consumer": SpanKind.CONSUMER, "internal": SpanKind.INTERNAL})


class Spans:
    """Sends in a thread of its own, in batches; OTEL_* variables say where and how."""

    def __init__(self, service: str) -> None:
        self._resource = Resource.create({"service.namespace": "bassin", "service.name": service})
        self._batches = BatchSpanProcessor(OTLPSpanExporter())

    def add(self, trace: Trace, begun: int, ended: int) -> None:
        failed = int(trace.attributes.get("http.response.status_code", 0)) >= 500
        span = ReadableSpan(
            trace.name or "bassin",
            context=_place(trace, trace.span_id, remote=False),
            parent=None if trace.parent_id is None else _place(trace, trace.parent_id, remote=True),
            resource=self._resource,
            attributes=trace.attributes,
            kind=KINDS[trace.kind],
            status=Status(StatusCode.ERROR if failed else StatusCode.UNSET),
            start_time=begun,
            end_time=ended,
        )
        self._batches.on_end(span)

    def close(self) -> None:
        shutdown: Callable[[], None] = self._batches.shutdown  # the library leaves it untyped
        shutdown()


def _place(trace: Trace, span_id: str, *, remote: bool) -> SpanContext:
    flags = TraceFlags(int(trace.flags, 16))
    return SpanContext(int(trace.trace_id, 16), int(span_id, 16), is_remote=remote, trace_flags=flags)
