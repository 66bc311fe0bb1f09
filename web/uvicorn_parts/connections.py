"""An HTTP connection of uvicorn's server, and a request on the ordinary way."""

import asyncio
import logging
from collections import deque
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from web import refusals
from web.asgi import Scope
from web.connection import Connection
from web.flow import Flow, JoiningTransport
from web.refusals import UNANSWERED, Refusal

_logger = logging.getLogger("uvicorn.error")
_DISCONNECT: Any = {"type": "http.disconnect"}


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
