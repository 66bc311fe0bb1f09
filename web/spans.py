"""Requests as OpenTelemetry's spans; imported only where traces are asked for.

Attributes: opentelemetry.io, "Semantic conventions for HTTP spans".
"""

import logging
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points

from django.http.request import split_domain_port
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer

from web.observing import Observer, Request

logger = logging.getLogger(__name__)

_SERVICE = "chantilly"
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}


def start(environ: Mapping[str, str]) -> Observer | None:
    """Begin to export, as OpenTelemetry's variables say; None where no exporter can be had.

    What waits is exported at the process's end.
    """
    resource = Resource.create()
    if str(resource.attributes.get("service.name", "")).startswith("unknown_service"):
        resource = resource.merge(Resource({"service.name": _SERVICE}))
    provider = TracerProvider(resource=resource)
    names = [name.strip() for name in environ.get("OTEL_TRACES_EXPORTER", "otlp").split(",")]
    exporters = [exporter for name in names for exporter in _exporters(name, environ)]
    for exporter in exporters:
        provider.add_span_processor(BatchSpanProcessor(exporter()))
    return SpanMaker(provider.get_tracer(_SERVICE)) if exporters else None


def _exporters(name: str, environ: Mapping[str, str]) -> Iterator[type]:
    if name == "otlp":
        protocols = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
        protocol = next((environ[key] for key in protocols if environ.get(key)), "http/protobuf")
        name = "otlp_proto_grpc" if protocol == "grpc" else "otlp_proto_http"
    found = entry_points(group="opentelemetry_traces_exporter", name=name)
    if not found:
        logger.warning("OTEL_* asks for the exporter %r, which is not installed", name)
    for entry in found:
        yield entry.load()


class SpanMaker:
    """Makes a span of a request at its end, with what came before the answer as spans below it."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._propagated = propagate.get_global_textmap().fields

    def __call__(self, request: Request) -> None:
        """Make the spans, unless the sampler has none of it."""
        scope = request.scope
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        # Most have none of what propagators look for, which takes long.
        is_continued = not self._propagated.isdisjoint(headers)
        method = request.method if request.method in _METHODS else "_OTHER"
        span = self._tracer.start_span(
            f"{method if method != '_OTHER' else 'HTTP'} {request.route}" if request.route else method,
            context=propagate.extract(headers) if is_continued else Context(),
            kind=SpanKind.SERVER,
            start_time=request.started_ns,
            attributes={
                "http.request.method": "GET" if scope["type"] == "websocket" else method,
                "url.path": request.path,
                "url.scheme": scope.get("scheme", "http"),
            },
        )
        context = span.get_span_context()
        if context.trace_flags.sampled:
            request.trace_id = f"{context.trace_id:032x}"
        if span.is_recording():
            _describe(span, request, headers)
            self._add_parts(span, request)
        span.end(_nanoseconds(request, request.ended_at))

    def _add_parts(self, span: Span, request: Request) -> None:
        below = trace.set_span_in_context(span)
        for name, begun_at, ended_at in request.parts():
            part = self._tracer.start_span(name, below, start_time=_nanoseconds(request, begun_at))
            part.end(_nanoseconds(request, ended_at))


def _describe(span: Span, request: Request, headers: Mapping[str, str]) -> None:
    host, port = split_domain_port(headers.get("host", ""))
    attributes = {
        "http.route": request.route,
        "http.response.status_code": request.status,
        "client.address": request.client,
        "server.address": host or None,
        "server.port": int(port) if port else None,
        "user_agent.original": headers.get("user-agent"),
        "chantilly.request_id": request.request_id,
        "chantilly.error_id": request.error_id,
        **request.attributes(),
    }
    if request.outcome != "ok":
        attributes["error.type"] = request.error or str(request.status or "gone")
    span.set_attributes({name: value for name, value in attributes.items() if value is not None})
    if request.outcome == "failed":
        # What the client did wrong is no error of the server's.
        span.set_status(StatusCode.ERROR)


def _nanoseconds(request: Request, moment: float) -> int:
    """Return a time of `perf_counter` in nanoseconds since the epoch, by the request's own clock."""
    return request.started_ns + round((moment - request.started_at) * 1e9)
