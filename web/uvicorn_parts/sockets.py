"""A WebSocket, as uvicorn serves it with the websockets library."""

import asyncio
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import ConnectionClosed, InvalidState
from websockets.frames import Frame

from web import refusals
from web.phases import ProgressTimer
from web.refusals import UNANSWERED, Refusal

_INVALID_TEXT = 1007


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
