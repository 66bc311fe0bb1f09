"""ws://.../ws/stream: records as messages, many in flight, answered in order."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

from channels.consumer import get_handler_name
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer

from models_app.api import exceptions, needs, queries
from models_app.api.flow_control import FlowControl
from models_app.api.records import Submission
from models_app.domain.errors import InvalidRequest, ServerStopping, TooManyStreams
from models_app.wire import arrays
from models_app.wire.limits import MAX_RECORDS
from web import aside
from web.access import TICKET
from web.asgi import Receive, Scope, Send
from web.seats import Seats, client_of

logger = logging.getLogger(__name__)

_GOING_AWAY = 1001
_REFUSED = 1008
_TOO_BIG = 1009
_TRY_AGAIN_LATER = 1013
#: What the address may have after its question mark, as `queries.check` takes it.
PARAMETERS: dict[str, bool] = {TICKET: False}

#: The WebSockets that are open.
sockets = Seats("WebSockets", full=TooManyStreams)


@dataclass(frozen=True, slots=True)
class _UnderWay:
    submission: Submission
    is_list: bool


@dataclass(frozen=True, slots=True)
class _Closing:
    """The end, after the answers to what came before."""

    code: int
    reason: str


class StreamConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """One connection. A message is one record or a list of them; so is its answer."""

    need = needs.SEND_RECORDS_BY_SOCKET

    async def __call__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Serve the connection to its end, if it asks for nothing unknown and there is a seat for it."""
        try:
            if query := scope.get("query_string"):
                queries.check(query, PARAMETERS)
            leave = sockets.take(client_of(scope))
        except (InvalidRequest, TooManyStreams) as error:
            close_code = _TRY_AGAIN_LATER if isinstance(error, TooManyStreams) else _REFUSED
            await exceptions.refusal_of(error).send(scope, send, close_code=close_code)
            return
        try:
            await self._serve(scope, receive, send)
        finally:
            leave()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        # What was submitted by the end is done all the same.
        self._flow = FlowControl()
        self._queue: asyncio.Queue[_UnderWay | _Closing] = asyncio.Queue()
        self._has_begun = False
        answering = asyncio.create_task(self._answer())
        try:
            await super().__call__(scope, receive, send)
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Handle a message. The parent's way looks after database connections first, of which it has none."""
        await getattr(self, get_handler_name(message))(message)

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        """Leave."""
        raise StopConsumer

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Submit a message's records, once there is room for them."""
        message = text_data.encode() if text_data is not None else bytes_data or b""
        if not await self._flow.enter(len(message)):
            return
        is_long = len(message) > aside.MAX_BYTES_ON_LOOP
        texts, is_list = await aside.run(_records, message) if is_long else _records(message)
        if len(texts) > MAX_RECORDS:
            self._close_next(_TOO_BIG, f"A message may have {MAX_RECORDS} records at the most.")
            return
        try:
            submission = await Submission.submitted(texts)
        except ServerStopping as refusal:
            self._close_next(_GOING_AWAY, str(refusal.message))
            return
        self._queue.put_nowait(_UnderWay(submission, is_list))
        if not self._has_begun:
            # The engine may have a wrong idea of the default model until then, and send these another way.
            await submission.answered()
            self._has_begun = True

    def _close_next(self, code: int, reason: str) -> None:
        self._flow.close()
        self._queue.put_nowait(_Closing(code, reason))

    async def _answer(self) -> None:
        while True:
            match await self._queue.get():
                case _UnderWay(submission, is_list):
                    if not await self._send_answers(await submission.answers(), is_list):
                        # Whoever waits for room would wait for ever.
                        self._flow.close()
                        return
                    self._flow.leave()
                case _Closing(code, reason):
                    await self.close(code, reason)
                    return

    async def _send_answers(self, answers: list[bytes], is_list: bool) -> bool:
        """Send one message's answers; return whether the client is still there."""
        text = b"[" + b",".join(answers) + b"]" if is_list else answers[0]
        try:
            await self.send(text_data=text.decode())
        except Exception as error:
            # What a server raises for a closed connection is its own affair.
            logger.debug("a client went away with answers under way: %r", error)
            return False
        return True


def _records(message: bytes) -> tuple[list[Any], bool]:
    """Return the records of a message, and whether it was a list. What is neither is one bad record."""
    if not arrays.is_array(message):
        return [message], False
    try:
        return arrays.items(message), True
    except InvalidRequest:
        return [message], False
