"""All that rests on parts of uvicorn which it keeps to itself. Nothing else here touches such parts.

The other modules subclass these classes, use the attributes that are named here, and override nothing of
uvicorn's.
"""

import asyncio
import logging
import socket
from collections import deque
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.protocols.utils import ClientDisconnected, get_local_addr, get_remote_addr, is_ssl
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.exceptions import ConnectionClosed, InvalidState
from websockets.frames import Frame

from web import refusals
from web.asgi import Scope
from web.connection import Connection
from web.flow import Flow, JoiningTransport
from web.phases import ProgressTimer
from web.refusals import UNANSWERED, Refusal

#: The versions of uvicorn that this was tested with, as `requirements.txt` has them.
TESTED_VERSIONS = ">=0.54,<0.55"

_logger = logging.getLogger("uvicorn.error")
_DISCONNECT: Any = {"type": "http.disconnect"}
_INVALID_TEXT = 1007
_TICKS_IN_A_SECOND = 10
_HURRY_SECONDS = 0.05


class HttpConnection(asyncio.Protocol):
    """A connection as uvicorn's server makes them, finds them in its state, and shuts them down.

    It starts tasks that answer requests. Subclasses read the requests.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        if not config.loaded:
            config.load()
        self.config = config
        self.app: Any = config.loaded_app
        self.loop = _loop or asyncio.get_running_loop()
        self.server_state = server_state
        self.app_state = app_state
        #: All that there are; the server stops once none is left.
        self.connections: set[Any] = server_state.connections
        #: What is under way; the server waits for it, and cancels it in the end.
        self.tasks: set[Any] = server_state.tasks
        #: The latest request; None before the first.
        self.cycle: Any = None
        #: Requests that wait for those before them, the latest first.
        self.pipeline: deque[Cycle] = deque()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; the server calls this."""
        self.connections.add(self)
        self.transport = transport
        self.flow = Flow(transport, self.pipeline)
        self.connection = Connection(transport)
        self.server = get_local_addr(transport)
        self.client = get_remote_addr(transport)
        self.scheme = "https" if is_ssl(transport) else "http"

    def connection_lost(self, exc: Exception | None) -> None:
        """Let those who answer know that the client is gone."""
        self.connections.discard(self)
        if self.cycle is not None:
            if not self.cycle.response_complete:
                self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.flow.resume_writing()
        if exc is None:
            self.transport.close()

    def pause_writing(self) -> None:
        """Write no more for now; the transport calls this."""
        self.flow.pause_writing()

    def resume_writing(self) -> None:
        """Write on; the transport calls this."""
        self.flow.resume_writing()

    def shutdown(self) -> None:
        """Close the connection, after the answer that is under way; the server calls this when it stops."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
        else:
            self.cycle.keep_alive = False

    def begin(self, cycle: "Cycle") -> None:
        """Have the application answer a request."""
        task = self.loop.create_task(cycle.run_asgi(self.app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def on_response_complete(self) -> None:
        """Go on after an answer."""
        raise NotImplementedError


class Cycle(RequestResponseCycle):
    """A request on the ordinary way, which fails in JSON, and may lose its body while it is answered."""

    def __init__(
        self,
        owner: HttpConnection,
        *,
        scope: Scope,
        transport: JoiningTransport,
        keep_alive: bool,
        expects_continue: bool,
    ) -> None:
        """`expects_continue`: the client wants to be asked for the body."""
        super().__init__(
            scope=scope,  # type: ignore[arg-type]
            transport=transport,  # type: ignore[arg-type]  # as much of one as is looked at
            flow=owner.flow,  # type: ignore[arg-type]
            logger=_logger,
            access_logger=_logger,
            access_log=False,
            default_headers=owner.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=expects_continue,
            keep_alive=keep_alive,
            on_response=owner.on_response_complete,
        )
        self._connection = owner.connection
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
            await refusal.send(self.scope, self.send)  # type: ignore[arg-type]
        else:
            self.response_complete = True
            self.on_response()


def _nothing() -> None:
    """Do nothing."""


class SocketConnection(WebSocketsSansIOProtocol):
    """A WebSocket from its handshake on. Nothing is read before that is answered; refusals log nothing.

    Subclasses look at `handshake_complete`, `read_paused`, `transport` and `progress`, and may `leave`.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.progress = ProgressTimer()

    def connection_made(self, transport: Any) -> None:
        """Begin; the HTTP protocol calls this, and hands over the handshake."""
        super().connection_made(transport)
        transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        """Read what the client has sent."""
        super().data_received(data)
        if not self.handshake_initiated:
            # The library has refused it.
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    async def send(self, message: Any) -> None:
        """Take a message of the application."""
        self.progress.n_steps += 1
        was_open = self.handshake_complete
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            # Refused, which is an answer too.
            self.handshake_complete = True
        if self.handshake_complete and not was_open and not self.transport.is_closing():
            self.transport.resume_reading()

    async def run_asgi(self) -> None:
        """Have the application serve the connection, and end it where it fails."""
        try:
            await self.app(self.scope, self.receive, self.send)
        except ClientDisconnected:
            pass
        except asyncio.CancelledError:
            self._refuse(refusals.stopping())
        except BaseException as error:
            self._refuse(refusals.failure(error, UNANSWERED))
        else:
            if not self.handshake_complete and not self.disconnected:
                self._refuse(refusals.failure(None, UNANSWERED))
        if self.close_timer is None:
            self.transport.close()

    def shutdown(self) -> None:
        """Close the connection; the server calls this when it stops."""
        if self.handshake_complete:
            super().shutdown()
        else:
            self.stop_keepalive()
            self._refuse(refusals.stopping())
            self.transport.close()

    def handle_cont(self, event: Frame) -> None:
        """Take a piece of a message; however small the pieces are, they take no more room than the whole."""
        pieces: Any = self.frames
        if not isinstance(pieces[0], bytearray):
            pieces[0] = bytearray(pieces[0])
        pieces[0] += event.data
        if event.fin:
            self.send_receive_event_to_app()

    def send_receive_event_to_app(self) -> None:
        """Pass a message on, unless it is text and is none."""
        self.progress.n_steps += 1
        data = bytes(self.frames[0])
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                data.decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.fail(_INVALID_TEXT, "A text message must be UTF-8.")
                self.handle_parser_exception()
                return
        self.frames = [data]
        super().send_receive_event_to_app()

    def handle_parser_exception(self) -> None:
        """Close the connection of a client that does not speak the protocol."""
        closed = self.conn.close_sent
        if closed is not None:
            self.queue.put_nowait(
                {"type": "websocket.disconnect", "code": closed.code, "reason": closed.reason}
            )
        self._end()

    def keepalive_timeout(self) -> None:
        """Close the connection of a client that does not answer a ping, if it was read meanwhile."""
        if self.read_paused:
            # Its answer waits behind messages for which there is no room yet.
            self.pong_timer = None
            self.schedule_ping()
        else:
            super().keepalive_timeout()

    def leave(self, code: int, reason: str) -> None:
        """Close the connection, and say why."""
        try:
            self.conn.send_close(code, reason)
        except (InvalidState, ConnectionClosed):
            self.transport.close()
            return
        self._end()

    def _end(self) -> None:
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        if not (self.handshake_complete or self.initial_response or self.transport.is_closing()):
            self.transport.write(refusal.answer(self.default_headers))


class TickingServer(uvicorn.Server):
    """Calls subclasses at their times."""

    def tick(self, *, hurry: bool) -> None:
        """Look after things: called about once a second, while it stops more often, and in a hurry."""

    def ready(self) -> None:
        """Called once clients are answered."""

    async def stopping(self) -> None:
        """Called when no new connections are taken any more, before the open ones end."""

    async def on_tick(self, counter: int) -> bool:
        """Look after things; called ten times a second."""
        if counter % _TICKS_IN_A_SECOND == 0:
            self.tick(hurry=False)
        return await super().on_tick(counter)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say that it is done."""
        await super().startup(sockets)
        self.ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        for server in self.servers:
            server.close()
        await self.stopping()
        hurrying = asyncio.create_task(self._tick_in_a_hurry())
        try:
            await super().shutdown(sockets)
        finally:
            hurrying.cancel()

    async def _tick_in_a_hurry(self) -> None:
        while True:
            self.tick(hurry=True)
            await asyncio.sleep(_HURRY_SECONDS)
