"""POST /api/stream: NDJSON in, NDJSON out, while the request is still being sent."""

import asyncio
import tempfile
from collections import deque
from collections.abc import AsyncGenerator
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from models_app.api import describing, needs, request_bodies, schemas
from models_app.api.flow_control import FlowControl
from models_app.api.records import Submission, refusal
from models_app.domain.errors import InvalidRequest, ServerStopping
from models_app.services import hooks
from models_app.wire.reading import Text
from web.answers import ExchangeResponse
from web.asgi import Message, Receive
from web.dispatch import AsyncViewSet

# A batch is answered as a whole: larger ones would not be faster, and have a slow model's client wait.
_LINES_IN_A_BATCH = 64
# Answers that a client does not take yet: that much in memory, the rest in a file.
_SPOOLED_IN_MEMORY = 1 << 20


class ExchangeViewSet(AsyncViewSet):
    """Many records on one connection."""

    #: The handler does not read the body, but hands over how to receive it, as `request.receive`.
    reads_body = True

    @describing.operation(
        need=needs.SEND_RECORDS,
        operation_id="stream",
        summary="Predict and learn, many records on one connection",
        description="A JSON object a line; each is answered with a line, in order, while others still come.",
        request=request_bodies.RECORDS,
        responses={(200, schemas.NDJSON): schemas.text_of(schemas.RECORD_ANSWER, "An answer a line.")},
    )
    async def create(self, request: HttpRequest) -> ExchangeResponse:
        """Answer each line of the body with a line."""
        lines = Lines(request.receive)  # type: ignore[attr-defined]
        if _waits_to_be_asked(request):
            await lines.ask()
        return ExchangeResponse(
            exchange(lines),
            content_type=schemas.NDJSON,
            headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
        )


def _waits_to_be_asked(request: HttpRequest) -> bool:
    """Say whether the client wants to hear `100 Continue` first, as curl does."""
    return any(name == b"expect" for name, _ in request.scope["headers"])  # type: ignore[attr-defined]


class Lines:
    """The lines of a request's body, in groups as they come."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._limit: int = settings.MAX_BODY_BYTES
        self._asked_for: Message | None = None
        self._has_more = True
        # Of a line whose end has not come yet.
        self._pieces: list[bytes] = []
        self._n_bytes = 0

    async def ask(self) -> None:
        """Wait for the first piece: only when it is asked for is the client asked to send it."""
        self._asked_for = await self._receive()

    async def next_group(self) -> list[Text] | None:
        """Return the lines that have come meanwhile, at least one; None at the end of the body."""
        while self._has_more:
            message, self._asked_for = self._asked_for or await self._receive(), None
            if message["type"] == "http.disconnect":
                # Half a line is none.
                self._has_more = False
                return None
            self._has_more = message.get("more_body", False)
            lines = self._split(message.get("body", b""))
            if lines:
                return lines
        return None

    async def drop(self) -> None:
        """Read what still comes, for nobody: a client may read nothing before it has sent everything."""
        while self._has_more:
            self._has_more = (await self._receive()).get("more_body", False)

    def _split(self, piece: bytes) -> list[Text]:
        *ends, rest = piece.split(b"\n")
        lines: list[Text] = []
        if ends:
            lines.append(self._end(ends[0]))
            lines += [line if len(line) <= self._limit else self._too_long() for line in ends[1:]]
        self._keep(rest)
        if not self._has_more and self._n_bytes:
            lines.append(self._end(b""))
        return lines

    def _end(self, piece: bytes) -> Text:
        self._keep(piece)
        line = b"".join(self._pieces) if self._n_bytes <= self._limit else self._too_long()
        self._pieces.clear()
        self._n_bytes = 0
        return line

    def _keep(self, piece: bytes) -> None:
        self._n_bytes += len(piece)
        if self._n_bytes <= self._limit:
            self._pieces.append(piece)
        else:
            # To be refused when its end comes, which takes nothing of it.
            self._pieces.clear()

    def _too_long(self) -> InvalidRequest:
        return InvalidRequest(f"A line must not exceed {self._limit} bytes.")


async def exchange(lines: Lines) -> AsyncGenerator[bytes, None]:
    """Yield the answers to lines. Reading goes on while answers wait for a client that takes none yet."""
    work = _Exchange(lines)
    working = asyncio.create_task(work.run())
    try:
        while (answers := await work.spool.take()) is not None:
            yield answers
        # Not all is well because all answers are out.
        await working
    finally:
        tasks = [working, *work.dropping]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        work.spool.close()


class _Exchange:
    """The work on one request: a task that reads and submits, and one that gathers the answers."""

    def __init__(self, lines: Lines) -> None:
        self.spool = _Spool()
        #: What reads on where nothing more is answered.
        self.dropping: list[asyncio.Task[None]] = []
        self._lines = lines
        self._loop = asyncio.get_running_loop()
        self._flow = FlowControl()
        self._queue: asyncio.Queue[tuple[Submission, int] | None] = asyncio.Queue()
        self._n_lines = 0
        self._is_stopping = False

    async def run(self) -> None:
        """Answer all lines into the spool, or until the server stops."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._reading = tasks.create_task(self._read())
                tasks.create_task(self._answer())
                _open.add(self)
        finally:
            _open.discard(self)
            self.spool.end()

    def stop(self) -> None:
        """Read no further; what was submitted is answered still. May be called from any thread."""
        self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        self._is_stopping = True
        self._reading.cancel()
        self.dropping.append(self._loop.create_task(self._lines.drop()))

    async def _read(self) -> None:
        try:
            while (group := await self._lines.next_group()) is not None:
                for start in range(0, len(group), _LINES_IN_A_BATCH):
                    await self._submit(group[start : start + _LINES_IN_A_BATCH])
        except ServerStopping:
            self._is_stopping = True
        finally:
            self._queue.put_nowait(None)

    async def _submit(self, texts: list[Text]) -> None:
        await self._flow.enter(sum(len(text) for text in texts if isinstance(text, bytes)))
        submission, first_line = await Submission.submitted(texts), self._n_lines + 1
        self._queue.put_nowait((submission, first_line))
        self._n_lines += len(texts)
        if first_line == 1:
            # The engine may have a wrong idea of the default model until then, and send these another way.
            await submission.answered()

    async def _answer(self) -> None:
        while (item := await self._queue.get()) is not None:
            submission, first_line = item
            self.spool.put(b"\n".join([*await submission.answers(first_line), b""]))
            self._flow.leave()
        if self._is_stopping:
            # So that the client knows where to go on.
            self.spool.put(refusal(ServerStopping(), self._n_lines + 1) + b"\n")


_open: set[_Exchange] = set()


def stop_all() -> None:
    """Have the exchanges of the process end. May be called from any thread; does not wait."""
    for work in tuple(_open):
        work.stop()


hooks.shutdown.add(stop_all)


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
