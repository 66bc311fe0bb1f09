"""The log as JSON, an object a line, for collectors such as Loki's."""

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import msgspec

from web.observing import Request, current_request

# Above the packages' own: it is logged whatever their levels are.
_logger = logging.getLogger("chantilly.requests")
_encoder = msgspec.json.Encoder()


class JsonFormatter(logging.Formatter):
    """Writes a record as one line, a request as one: what clients send cannot begin another."""

    def __init__(self, *, current: ContextVar[Any] = current_request) -> None:
        """`current` has the request that is served, with its `request_id`."""
        super().__init__()
        self._current = current

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        if isinstance(record, RequestsRecord):
            return "\n".join(map(_encode, record.lines))
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        request = self._current.get()
        if request is not None:
            line["request_id"] = request.request_id
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = self.formatStack(record.stack_info)
        return _encode(line)


class RequestLine(msgspec.Struct, gc=False, omit_defaults=True):
    """A request's fields in the log; what is not known is left out. A subclass may know more."""

    time: datetime
    level: str
    logger: str
    message: str
    request_id: str
    method: str
    path: str
    outcome: str
    duration_ms: float
    client: str | None = None
    route: str | None = None
    status: int | None = None
    error: str | None = None
    error_id: str | None = None
    trace_id: str | None = None


# All that a record has, for formatters other than the one here.
_BLANK = logging.LogRecord("", logging.INFO, "", 0, "", (), None).__dict__


class RequestsRecord(logging.LogRecord):
    """A record of some requests, a line each. To find out where it was made takes longer than the rest."""

    def __init__(self, level: int, lines: Sequence[RequestLine]) -> None:
        # Not the parent's: it makes everything.
        self.__dict__.update(_BLANK)
        self.name = _logger.name
        self.levelno = level
        self.levelname = logging.getLevelName(level)
        self.msg = "\n".join(line.message for line in lines)
        self.created = lines[0].time.timestamp()
        self.lines = lines


class RequestLog:
    """Writes a line for each request; those that end in the same step of the event loop share a write.

    A write hands the interpreter to another thread, which costs more than the line.
    """

    def __init__(self, line: type[RequestLine] = RequestLine) -> None:
        """`line` has the fields that requests have `noted`."""
        self._type = line
        self._waiting: list[RequestLine] = []

    def __call__(self, request: Request) -> None:
        """Write a line before the event loop's next step; at once where the server has failed."""
        has_failed = request.outcome == "failed"
        level = logging.ERROR if has_failed else logging.INFO
        if not _logger.isEnabledFor(level):
            return
        line = _line(request, level, self._type)
        if has_failed:
            _logger.handle(RequestsRecord(level, [line]))
            return
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._write)
        self._waiting.append(line)

    def _write(self) -> None:
        lines, self._waiting = self._waiting, []
        _logger.handle(RequestsRecord(logging.INFO, lines))


def _line(request: Request, level: int, kind: type[RequestLine]) -> RequestLine:
    return kind(
        time=datetime.fromtimestamp(time.time(), UTC),
        level=logging.getLevelName(level),
        logger=_logger.name,
        message=f"{request.method} {request.path} {request.status}",
        request_id=request.request_id,
        method=request.method,
        path=request.path,
        outcome=request.outcome,
        duration_ms=round((request.ended_at - request.started_at) * 1_000, 3),
        client=request.client,
        route=request.route,
        status=request.status,
        error=request.error,
        error_id=request.error_id,
        trace_id=request.trace_id,
        **request.noted(),
    )


def _encode(line: object) -> str:
    try:
        return _encoder.encode(line).decode()
    except UnicodeEncodeError:
        # Halves of characters, which no UTF-8 can hold.
        return json.dumps(msgspec.to_builtins(line))
