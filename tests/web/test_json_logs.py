import asyncio
import json
import logging
import sys
from typing import Any

import pytest

from chantilly_project.requests import ModelLine, ModelRequest
from models_app.engine.tracing import Trace, current_trace
from web.json_logs import JsonFormatter, RequestLog, RequestsRecord, _line
from web.observing import Request


def formatted(message: str, *arguments: object, **others: Any) -> Any:
    record = logging.LogRecord("a.logger", logging.WARNING, "", 0, message, arguments, **others)
    line = JsonFormatter(current=current_trace).format(record)
    assert "\n" not in line
    assert "\r" not in line
    return json.loads(line)


class TestJsonFormatter:
    def test_writes_what_a_record_says(self) -> None:
        line = formatted("%s of %d", "one", 2, exc_info=None)

        assert list(line) == ["time", "level", "logger", "message"]
        assert (line["level"], line["logger"], line["message"]) == ("WARNING", "a.logger", "one of 2")
        assert line["time"].endswith("Z")

    @pytest.mark.parametrize("text", ['a\nb\r\n{"level": "ERROR"}', "\x1b[2J", "\ud800", "\u2028", "ä"])
    def test_keeps_one_line_whatever_is_in_it(self, text: str) -> None:
        assert formatted("%s", text, exc_info=None)["message"] == text

    def test_has_the_exception_and_the_stack(self) -> None:
        try:
            raise ArithmeticError("no\nway")
        except ArithmeticError:
            line = formatted("m", exc_info=sys.exc_info(), sinfo="the stack")

        assert line["exception"].startswith("Traceback")
        assert line["exception"].endswith("ArithmeticError: no\nway")
        assert line["stack"] == "the stack"

    def test_says_which_request_a_record_is_of(self) -> None:
        token = current_trace.set(Trace(request_id="r1"))
        try:
            line = formatted("m", exc_info=None)
        finally:
            current_trace.reset(token)

        assert line["request_id"] == "r1"


def request(status: int) -> Request:
    scope = {"client": ("10.0.0.1", 5)}
    return ModelRequest(
        method="GET", path="/x\ny", scope=scope, status=status, request_id="r1", model="a\nb",
        started_at=1.0, ended_at=1.5, started_ns=0,
    )  # fmt: skip


def log(*requests: Request) -> None:
    """Have requests end in the same step of an event loop."""
    write = RequestLog(ModelLine)

    async def end() -> None:
        for ended in requests:
            write(ended)

    asyncio.run(end())


class TestRequestLog:
    @pytest.fixture
    def lines(self, caplog: pytest.LogCaptureFixture) -> Any:
        caplog.set_level(logging.INFO, "chantilly.requests")
        return lambda: [
            json.loads(line)
            for record in caplog.records
            for line in JsonFormatter(current=current_trace).format(record).split("\n")
        ]

    def test_writes_a_line_with_what_is_known(self, lines: Any) -> None:
        log(request(200))

        (line,) = lines()
        assert line["level"] == "INFO"
        assert line["client"] == "10.0.0.1"
        assert (line["path"], line["model"]) == ("/x\ny", "a\nb")
        assert line["duration_ms"] == 500
        assert not {"error", "records", "trace_id"} & set(line)

    @pytest.mark.parametrize(("status", "level"), [(404, "INFO"), (500, "ERROR"), (503, "ERROR")])
    def test_takes_the_servers_failures_more_seriously(self, lines: Any, status: int, level: str) -> None:
        log(request(status))

        assert [line["level"] for line in lines()] == [level]

    def test_can_be_written_by_another_formatter(self, lines: Any, caplog: pytest.LogCaptureFixture) -> None:
        log(request(200))

        form = "%(levelname)s %(name)s %(filename)s:%(lineno)d %(message)s"
        text = logging.Formatter(form).format(caplog.records[0])
        assert text == "INFO chantilly.requests :0 GET /x\ny 200"

    def test_writes_half_a_character(self) -> None:
        odd = request(200)
        odd.path = "/\ud800"

        # Not through a logger: what pytest keeps of a log has to be UTF-8.
        record = RequestsRecord(logging.INFO, [_line(odd, logging.INFO, ModelLine)])

        assert json.loads(JsonFormatter(current=current_trace).format(record))["path"] == "/\ud800"

    def test_writes_those_of_one_step_together(self, lines: Any, caplog: pytest.LogCaptureFixture) -> None:
        log(request(200), request(404))

        assert len(caplog.records) == 1
        assert [line["status"] for line in lines()] == [200, 404]

    def test_writes_nothing_below_the_level(self, lines: Any, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.WARNING, "chantilly.requests")

        log(request(200))

        assert lines() == []
