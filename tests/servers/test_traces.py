"""Traces: what a collector gets, by OpenTelemetry's own SDK."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.clients import Answer, Client
from tests.servers.collectors import Collector, Span, collecting
from tests.servers.conftest import Start
from tests.servers.servers import Server
from tests.servers.test_contract import HOUSE, regression
from tests.servers.waiting import wait_until

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT_ID = "b7ad6b7169203331"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def traced(
    template: Path, tmp_path_factory: pytest.TempPathFactory, collector: Collector
) -> Iterator[Server]:
    server = Server(
        template,
        tmp_path_factory.mktemp("traced"),
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_BSP_SCHEDULE_DELAY="50",
        LOG_FORMAT="JSON",
    )
    server.start()
    yield server
    server.close()


@pytest.fixture
def client(traced: Server) -> Iterator[Client]:
    with traced.client() as client:
        client.init("regression")
        client.upload(regression(), "house")
        yield client


def span_of(collector: Collector, answer: Answer) -> Span:
    """Return the span of a request that was answered."""

    def found() -> list[Span]:
        wanted = answer.headers["x-request-id"]
        return [span for span in collector.spans if span.attributes.get("chantilly.request_id") == wanted]

    wait_until(lambda: bool(found()))
    (span,) = found()
    return span


def has_loaded_protobuf(server: Server) -> bool:
    """Say whether the process has loaded what spans are encoded with."""
    return "google/_upb" in Path(f"/proc/{server.pid}/maps").read_text()


class TestSpans:
    @pytest.mark.parametrize("headers", [{}, {"X-Forwarded-For": "203.0.113.7"}])
    def test_say_where_the_time_of_a_learn_went(
        self, client: Client, collector: Collector, headers: dict[str, str]
    ) -> None:
        client.learn(features=HOUSE, ground_truth=1)
        body = json.dumps({"features": HOUSE, "ground_truth": 2}).encode()

        span = span_of(collector, client.request("POST", "/api/learn", body, headers))

        wait_until(lambda: len(collector.below(span)) == 3)
        parts = collector.below(span)
        assert (span.service, span.name, span.kind) == ("chantilly", "POST /api/learn", "server")
        assert (span.parent_id, span.is_error) == ("", False)
        assert (
            span.attributes.items()
            >= {
                "http.request.method": "POST",
                "http.route": "/api/learn",
                "http.response.status_code": 201,
                "url.path": "/api/learn",
                "url.scheme": "http",
                "server.address": "127.0.0.1",
                "client.address": headers.get("X-Forwarded-For", "127.0.0.1"),
                "chantilly.model": "house",
            }.items()
        )
        assert [part.name for part in parts] == ["queue wait", "compute", "commit"]
        assert {part.trace_id for part in parts} == {span.trace_id}
        moments = [span.begun_at, *(at for part in parts for at in (part.begun_at, part.ended_at))]
        assert moments == sorted(moments)
        assert moments[-1] <= span.ended_at

    def test_go_on_with_the_trace_of_who_asks(self, client: Client, collector: Collector) -> None:
        headers = {"traceparent": f"00-{TRACE_ID}-{PARENT_ID}-01"}

        span = span_of(collector, client.request("GET", "/api/metrics?model=house", headers=headers))

        assert (span.trace_id, span.parent_id) == (TRACE_ID, PARENT_ID)
        assert span.attributes["chantilly.model"] == "house"

    def test_are_left_out_where_who_asks_does_not_sample(
        self, client: Client, collector: Collector, traced: Server
    ) -> None:
        headers = {"traceparent": f"00-{TRACE_ID[::-1]}-{PARENT_ID}-00"}
        client.request("GET", "/api/models", headers=headers)

        span_of(collector, client.get("/api/models"))

        assert TRACE_ID[::-1] not in {span.trace_id for span in collector.spans}
        assert TRACE_ID[::-1] not in traced.log

    def test_say_what_was_refused_and_by_which_code(self, client: Client, collector: Collector) -> None:
        span = span_of(collector, client.learn(id="nobody", ground_truth=1))

        assert span.attributes["error.type"] == "prediction_not_pending"
        assert span.attributes["http.response.status_code"] == 400
        # The client's mistake.
        assert not span.is_error

    def test_report_pages_and_methods_that_nobody_knows(self, client: Client, collector: Collector) -> None:
        page = span_of(collector, client.get("/models/house/"))
        odd = span_of(collector, client.request("PROPFIND", "/api/models"))

        assert page.name == "GET /models/<str:name>/"
        assert (odd.name, odd.attributes["http.request.method"]) == ("HTTP /api/models", "_OTHER")

    def test_have_the_id_that_the_log_has(self, client: Client, collector: Collector, traced: Server) -> None:
        answer = client.predict(features=HOUSE)

        span = span_of(collector, answer)

        wanted = answer.headers["x-request-id"]
        (line,) = [line for line in traced.reported if line.get("request_id") == wanted]
        assert line["trace_id"] == span.trace_id
        assert [part.name for part in collector.below(span)] == ["queue wait", "compute"]


class TestStart:
    def test_exports_what_is_left_at_the_end(self, start: Start) -> None:
        with collecting() as collector:
            server = start(
                OTEL_TRACES_EXPORTER="otlp",
                OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{collector.url}/v1/traces",
                OTEL_SERVICE_NAME="models",
                OTEL_BSP_SCHEDULE_DELAY="3600000",
            )
            with server.client() as client:
                client.get("/api/models")
            assert has_loaded_protobuf(server)
            assert collector.spans == []
            assert server.stop() == 0

        assert "GET /api/models" in {span.name for span in collector.spans}
        assert {span.service for span in collector.spans} == {"models"}

    def test_does_not_hold_up_the_end_where_nobody_collects(self, start: Start) -> None:
        server = start(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
        server.may_complain = True
        with server.client() as client:
            assert client.get("/api/models").status == 200

        assert server.stop() == 0

    @pytest.mark.parametrize(
        "variables",
        [
            {},
            {"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"},
            {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"},
        ],
    )
    def test_takes_nothing_where_nobody_asks(self, start: Start, variables: dict[str, str]) -> None:
        server = start(**variables)  # type: ignore[arg-type]
        with server.client() as client:
            answer = client.get("/api/models")

        assert "x-request-id" not in answer.headers
        assert not has_loaded_protobuf(server)

    def test_says_that_an_exporter_is_missing(self, start: Start) -> None:
        server = start(OTEL_TRACES_EXPORTER="pigeon")
        with server.client() as client:
            assert "x-request-id" not in client.get("/api/models").headers

        assert "OTEL_* asks for the exporter 'pigeon', which is not installed" in server.log
