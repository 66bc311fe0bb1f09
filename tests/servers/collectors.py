"""A collector of OpenTelemetry's spans: OTLP over HTTP on loopback."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

NAMES = {0: "unspecified", 1: "internal", 2: "server"}


@dataclass(frozen=True, slots=True)
class Span:
    """A span as it was exported; ids in hexadecimal, times in nanoseconds since the epoch."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    begun_at: int
    ended_at: int
    is_error: bool
    attributes: dict[str, Any]


@dataclass(slots=True)
class Collector:
    """A collector of traces: the spans that have arrived."""

    port: int
    spans: list[Span] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The endpoint."""
        return f"http://127.0.0.1:{self.port}"

    def named(self, name: str) -> list[Span]:
        """Return the spans of a name."""
        return [span for span in self.spans if span.name == name]

    def below(self, span: Span) -> list[Span]:
        """Return a span's children in the order of their beginnings."""
        children = [other for other in self.spans if other.parent_id == span.span_id]
        return sorted(children, key=lambda child: child.begun_at)


@contextmanager
def collecting() -> Iterator[Collector]:
    """Take spans on 127.0.0.1 until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.spans += _spans(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _spans(request: Any) -> Iterator[Span]:
    for of_resource in request.resource_spans:
        service = _attributes(of_resource.resource)["service.name"]
        for span in (span for scope in of_resource.scope_spans for span in scope.spans):
            yield Span(
                service=service,
                name=span.name,
                kind=NAMES[span.kind],
                trace_id=span.trace_id.hex(),
                span_id=span.span_id.hex(),
                parent_id=span.parent_span_id.hex(),
                begun_at=span.start_time_unix_nano,
                ended_at=span.end_time_unix_nano,
                is_error=span.status.code == 2,
                attributes=_attributes(span),
            )


def _attributes(described: Any) -> dict[str, Any]:
    return {
        attribute.key: getattr(attribute.value, attribute.value.WhichOneof("value"))
        for attribute in described.attributes
    }
