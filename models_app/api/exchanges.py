"""POST /api/stream: NDJSON in, NDJSON out, while the request is still being sent."""

import asyncio
import tempfile
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse
from drf_spectacular.utils import extend_schema

from models_app.api import schemas
from models_app.api.dispatch import AsyncViewSet
from models_app.api.records import Batch

# Batches that are under way at a time, each of what came in one piece of the body (64 KB, mostly).
_BATCHES_UNDER_WAY = 4
_LINES_IN_A_BATCH = 1_000
# Answers that a client does not take yet: that much in memory, the rest in a file.
_SPOOLED_IN_MEMORY = 1 << 20


class ExchangeResponse(StreamingHttpResponse):
    """An answer whose making reads the request: the handler leaves the messages to it."""


class ExchangeViewSet(AsyncViewSet):
    """Many records on one connection."""

    #: The handler does not read the body, but hands over how to receive it, as `request.receive`.
    reads_body = True

    @extend_schema(
        operation_id="stream",
        summary="Predict and learn, many records on one connection",
        description="A JSON object a line; each is answered with a line, in order, while others still come.",
        request=schemas.RECORDS,
        responses={(200, "application/x-ndjson"): schemas.RECORD_ANSWER},
    )
    async def create(self, request: HttpRequest) -> ExchangeResponse:
        """Answer each line of the body with a line."""
        return ExchangeResponse(
            exchange(Lines(request.receive)),  # type: ignore[attr-defined]
            content_type="application/x-ndjson",
            headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
        )


class Lines:
    """The lines of a request's body, in groups as they come."""

    def __init__(self, receive: Any) -> None:
        self._receive = receive
        self._rest = b""
        self._has_more = True

    async def next_group(self) -> list[bytes] | None:
        """Return the lines that have come meanwhile, at least one; None at the end of the body."""
        while self._has_more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                # Half a line is none.
                self._has_more = False
                return None
            self._has_more = message.get("more_body", False)
            lines: list[bytes]
            *lines, self._rest = (self._rest + message.get("body", b"")).split(b"\n")
            if len(self._rest) > settings.MAX_BODY_BYTES:
                # Nobody can say where the next line begins.
                self._has_more = False
                return [*lines, self._rest[:1]]
            if not self._has_more and self._rest:
                lines.append(self._rest)
            if lines:
                return lines
        return None


async def exchange(lines: Lines) -> AsyncIterator[bytes]:
    """Yield the answers to lines. Reading goes on while answers wait for a client that takes none yet."""
    spool = _Spool()
    under_way: asyncio.Queue[tuple[Batch, int] | None] = asyncio.Queue(_BATCHES_UNDER_WAY)
    reading = asyncio.create_task(_read(lines, under_way))
    answering = asyncio.create_task(_answer(under_way, spool))
    try:
        while (answers := await spool.take()) is not None:
            yield answers
        await reading
    finally:
        reading.cancel()
        answering.cancel()
        await asyncio.gather(reading, answering, return_exceptions=True)
        spool.close()


async def _read(lines: Lines, under_way: "asyncio.Queue[tuple[Batch, int] | None]") -> None:
    first_line = 1
    try:
        while (group := await lines.next_group()) is not None:
            for start in range(0, len(group), _LINES_IN_A_BATCH):
                texts = group[start : start + _LINES_IN_A_BATCH]
                await under_way.put((Batch(texts), first_line))
                first_line += len(texts)
    finally:
        await under_way.put(None)


async def _answer(under_way: "asyncio.Queue[tuple[Batch, int] | None]", spool: "_Spool") -> None:
    try:
        while (item := await under_way.get()) is not None:
            batch, first_line = item
            spool.put(b"\n".join([*await batch.answers(first_line), b""]))
    finally:
        spool.end()


class _Spool:
    """Answers on their way out; beyond some memory they wait in a file, in their order.

    Clients such as `requests` read nothing before they have sent everything: to wait for them would be to
    wait for ever.
    """

    def __init__(self) -> None:
        self._memory: deque[bytes] = deque()
        self._size = 0
        self._file: Any = None
        self._read_at = self._written_to = 0
        self._has_ended = False
        self._changed = asyncio.Event()

    def put(self, answers: bytes) -> None:
        """Add answers; never waits."""
        if self._file is not None or self._size + len(answers) > _SPOOLED_IN_MEMORY:
            self._write(answers)
        else:
            self._memory.append(answers)
            self._size += len(answers)
        self._changed.set()

    def end(self) -> None:
        """Say that no more will come."""
        self._has_ended = True
        self._changed.set()

    async def take(self) -> bytes | None:
        """Return the next answers; None at the end."""
        while True:
            answers = self._next()
            if answers or self._has_ended:
                return answers or None
            self._changed.clear()
            await self._changed.wait()

    def close(self) -> None:
        """Give back the file."""
        if self._file is not None:
            self._file.close()

    def _next(self) -> bytes:
        if self._memory:
            answers = b"".join(self._memory)
            self._memory.clear()
            self._size = 0
            return answers
        return self._read() if self._file is not None else b""

    def _write(self, answers: bytes) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `close`
        self._file.seek(self._written_to)
        self._file.write(answers)
        self._written_to += len(answers)

    def _read(self) -> bytes:
        self._file.seek(self._read_at)
        answers: bytes = self._file.read(_SPOOLED_IN_MEMORY)
        self._read_at += len(answers)
        if self._read_at == self._written_to:
            self._file.close()
            self._file = None
            self._read_at = self._written_to = 0
        return answers
