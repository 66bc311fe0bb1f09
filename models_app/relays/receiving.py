"""What other servers on the database have made durable, for who listens in this process."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from redis import Redis
from redis.client import PubSub

from models_app.engine.ports import Event
from models_app.engine.repeats import Repeats
from models_app.relays.connections import PATIENCE_SECONDS, Worker
from models_app.relays.seals import NotOurs, Seal, Told
from models_app.relays.sending import LOOK_SECONDS
from models_app.shards import values

logger = logging.getLogger(__name__)
_repeated = Repeats(logger)

# Whoever says nothing is asked for a sign so often, and given up after the second, in seconds.
_PING_SECONDS, _SILENT_SECONDS = 2.0, 2 * PATIENCE_SECONDS + 2.0
# After so long senders know again that somebody listens here.
_KNOWN_SECONDS = 5 * LOOK_SECONDS


class EventListener(Protocol):
    """Hears of the events of other servers, in the receiver's thread."""

    def wants_events(self) -> bool:
        """Say whether anybody listens in this process."""

    def publish(self, events: Sequence[Event]) -> None:
        """Hear of events, those of one model at one server in their order."""

    def missed(self) -> None:
        """Hear that there were others, of which nothing is known."""


class Receiver(Worker):
    """Receives events while somebody listens in this process.

    Where Redis is lost, those who listen have missed something, and once more when it is there again.
    """

    def __init__(self, connect: Callable[[], Redis], seal: Seal, listener: EventListener) -> None:
        super().__init__("the receiving of events")
        self._connect = connect
        self._seal = seal
        self._listener = listener
        # By process, the number of its last message.
        self._last: dict[bytes, int] = {}
        self._is_subscribed = False
        self._was_lost = False
        # When to say that something was missed.
        self._gap_at: float | None = None

    def work(self) -> None:
        """See the base."""
        client = self._connect()
        try:
            while not self.ends.is_set():
                if self._listener.wants_events():
                    with PubSub(client.connection_pool) as pubsub:
                        self._follow(pubsub)
                else:
                    # Who listens again begins anew.
                    self._was_lost = False
                    self.ends.wait(LOOK_SECONDS)
        finally:
            client.close()

    def lose(self) -> None:
        """See the base."""
        if self._is_subscribed:
            self._listener.missed()
        self._is_subscribed = False
        self._was_lost = True
        self._gap_at = None

    def _follow(self, pubsub: PubSub) -> None:
        pubsub.subscribe(self._seal.channel, self._seal.presence_of(self._seal.server))
        heard_at = pinged_at = time.monotonic()
        while self._listener.wants_events() and not self.ends.is_set():
            message = pubsub.get_message(timeout=LOOK_SECONDS)
            now = time.monotonic()
            if message is not None:
                heard_at = now
                self._take(message)
            elif now - heard_at > _SILENT_SECONDS:
                raise TimeoutError("Redis gives no sign of life")
            elif now - max(heard_at, pinged_at) > _PING_SECONDS:
                pinged_at = now
                pubsub.ping()
            if self._gap_at is not None and now >= self._gap_at:
                self._gap_at = None
                self._listener.missed()
        self._is_subscribed = False

    def _take(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "message":
            self._hear(message["data"])
        elif message["type"] == "subscribe" and message["channel"] == self._seal.channel.encode():
            self._begin()

    def _begin(self) -> None:
        """Note that what is told from now on comes here."""
        self.note_answer()
        self._last.clear()
        if self._was_lost or self._is_subscribed:
            # What is done before the others know is told to nobody.
            self._gap_at = time.monotonic() + _KNOWN_SECONDS
        self._is_subscribed, self._was_lost = True, False

    def _hear(self, message: bytes) -> None:
        try:
            head = self._seal.head(message)
            if head.server == self._seal.server:
                return
            told = self._seal.open(message)
        except NotOurs as error:
            _repeated.warning(str(error), "A message of Redis is left out: %s", error)
            return
        last = self._last.get(head.process)
        if last is not None and head.number <= last:
            # Somebody plays old ones.
            return
        self._last[head.process] = head.number
        if last is not None and head.number > last + 1:
            self._listener.missed()
        self._pass_on(told)

    def _pass_on(self, told: Told) -> None:
        if told.events:
            self._listener.publish([values.event_of(value) for value in told.events])
        if told.before_a_gap:
            self._listener.missed()
