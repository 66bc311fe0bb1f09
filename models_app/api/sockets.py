"""ws://.../ws/stream: records as messages, many in flight, answered in order."""

import asyncio
import logging
from typing import Any

import msgspec
from channels.generic.websocket import AsyncWebsocketConsumer

from models_app.api.records import Batch
from models_app.domain.errors import ServerStopping

logger = logging.getLogger(__name__)

# Messages that wait for their answer at a time. Who sends more waits: nothing is read from him meanwhile.
_MESSAGES_UNDER_WAY = 64
MAX_RECORDS = 10_000

_GOING_AWAY = 1001
_TOO_BIG = 1009

_decoder = msgspec.json.Decoder(list[msgspec.Raw])
# A batch, and whether its message was a list.
_UnderWay = tuple[Batch, bool]


class StreamConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """One connection. A message is one record or a list of them; so is its answer."""

    async def connect(self) -> None:
        """Accept the client; its site was looked at before it got here."""
        self._under_way: asyncio.Queue[_UnderWay] = asyncio.Queue(_MESSAGES_UNDER_WAY)
        self._answering = asyncio.create_task(self._answer())
        await self.accept()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Submit a message's records."""
        message = bytes_data if text_data is None else text_data.encode()
        texts, is_list = _records(message or b"")
        if len(texts) > MAX_RECORDS:
            await self.close(_TOO_BIG, f"A message may have {MAX_RECORDS} records at the most.")
            return
        try:
            batch = Batch(texts)
        except ServerStopping as refusal:
            await self.close(_GOING_AWAY, str(refusal.message))
            return
        await self._under_way.put((batch, is_list))

    async def disconnect(self, code: int) -> None:
        """Let go; what was submitted is done all the same."""
        self._answering.cancel()
        await asyncio.gather(self._answering, return_exceptions=True)

    async def _answer(self) -> None:
        is_there = True
        while True:
            batch, is_list = await self._under_way.get()
            answers = await batch.answers()
            # Goes on without a client: who waits for room in the queue must not wait for ever.
            is_there = is_there and await self._send_answers(answers, is_list)

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
    if message.lstrip()[:1] != b"[":
        return [message], False
    try:
        return _decoder.decode(message), True
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return [message], False
