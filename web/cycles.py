"""Requests under way: uvicorn's cycle of one, the shorter one of the short way, and how they are written."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from web import refusals
from web.asgi import AnswerSoon
from web.connection import Connection
from web.refusals import Refusal

#: For the log.
UNANSWERED = "a request was not answered"
_DISCONNECT: Any = {"type": "http.disconnect"}


class Cycle(RequestResponseCycle):
    """A request on the ordinary way, which fails in JSON, and may lose its body while it is answered."""

    def __init__(self, *, connection: Connection, **options: Any) -> None:
        super().__init__(**options)
        self._connection = connection
        self._is_cut = False

    def cut(self) -> None:
        """Let the application hear that the rest of the body does not come; it can answer still."""
        self._is_cut = True
        self.message_event.set()

    async def receive(self) -> Any:
        """Return the next message for the application."""
        message = _DISCONNECT if self._is_cut else await super().receive()
        return _DISCONNECT if self._is_cut else message

    async def send(self, message: Any) -> None:
        """Take a message of the application."""
        if self.more_body and not self.response_started and not self._connection.rests:
            # The rest of the body is read, so that the client reads the answer, and then this is over.
            self.keep_alive = False
        await super().send(message)

    async def run_asgi(self, app: Any) -> None:
        """Have the application answer, and answer for it where it does not."""
        try:
            await app(self.scope, self.receive, self.send)
        except asyncio.CancelledError:
            # The server has waited for its last requests as long as it may.
            await self._end(refusals.stopping())
        except BaseException as error:
            await self._end(refusals.failure(error, UNANSWERED))
        else:
            if not self.response_complete and not self.disconnected:
                await self._end(None if self._is_cut else refusals.failure(None, UNANSWERED))
        finally:
            self.on_response = _nothing

    async def _end(self, refusal: Refusal | None) -> None:
        if self.response_complete or self.disconnected:
            return
        if self.response_started:
            # Half an answer: the client sees from the connection's end that it is no more.
            self.response_complete = True
            self.transport.close()
        elif refusal is not None:
            self.keep_alive = False
            await self.send(
                {"type": "http.response.start", "status": refusal.status, "headers": refusal.lines()}
            )
            await self.send({"type": "http.response.body", "body": refusal.body()})
        else:
            self.response_complete = True
            self.on_response()


def _nothing() -> None:
    """Do nothing."""


class ShortCycle:
    """A request on the short way: as much of uvicorn's cycle as the rest of the protocol looks at."""

    __slots__ = (
        "answer_soon", "asked", "body", "disconnected", "headers", "keep_alive", "message_event", "more_body",
        "response_complete",
    )  # fmt: skip

    def __init__(self, answer_soon: AnswerSoon) -> None:
        self.answer_soon = answer_soon
        self.asked: Any = None
        self.body = bytearray()
        self.disconnected = False
        self.keep_alive = True
        self.message_event = _NOBODY_WAITS
        self.more_body = True
        self.response_complete = False

    def cancel(self, msg: object = None) -> None:
        """Have it answered at once."""
        # Not within this call: who makes it goes through the tasks, and the answer takes this one out.
        asyncio.get_running_loop().call_soon(self.asked.cancel)


class _NoEvent:
    def set(self) -> None:
        """Wake nobody."""


_NOBODY_WAITS = _NoEvent()


class PipelineFlow(FlowControl):
    """Flow control that reads nothing more while whole requests wait for their turn."""

    def __init__(self, transport: asyncio.Transport, pipeline: "deque[Any]") -> None:
        super().__init__(transport)
        self._pipeline = pipeline

    def resume_reading(self) -> None:
        """Read on, unless there is something to do first."""
        if not self._pipeline:
            super().resume_reading()


class JoiningTransport:
    """A transport for one answer, which puts its head and the body after it into one packet.

    Each write is a system call, the dearest part of a short answer, and wakes the client. A head whose body
    does not follow in the same step of the event loop is sent at the end of the step. `finish` closes the
    connection once all is written.
    """

    __slots__ = ("_begun", "_finish", "_head", "_transport")

    def __init__(self, transport: asyncio.Transport, finish: Callable[[], None]) -> None:
        self._transport = transport
        self._finish = finish
        self._begun = False
        self._head = b""

    def write(self, data: bytes) -> None:
        """Send, the first data together with what comes after it."""
        if self._begun:
            self._transport.write(self._take() + data)
        else:
            self._begun = True
            self._head = data
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Send the head if it still waits."""
        if self._head:
            self._transport.write(self._take())

    def close(self) -> None:
        """Close the transport, once everything is sent."""
        self.flush()
        self._finish()

    def is_closing(self) -> bool:
        """Say whether the transport is closed or being closed."""
        return self._transport.is_closing()

    def _take(self) -> bytes:
        head, self._head = self._head, b""
        return head
