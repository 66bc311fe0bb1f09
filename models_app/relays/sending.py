"""What the engine of this process makes durable, for the other servers on the database."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence

from redis import Redis

from models_app.domain.errors import ModelRaised
from models_app.engine.ports import Event
from models_app.relays.connections import Worker
from models_app.relays.seals import Seal, Told
from models_app.shards import values
from models_app.shards.values import EventValue

#: How long it takes until somebody who begins to listen elsewhere is known here, in seconds.
LOOK_SECONDS = 0.1
# What is made durable within so long goes out together, in seconds.
_PACE_SECONDS = 0.01
#: Events beyond this are told to nobody: a Redis that is slow is not to cost memory.
MAX_WAITING_BYTES = 16 * 1024 * 1024
# One message has about that much.
_MESSAGE_BYTES = 512 * 1024
# What an event costs beside its features, as sent.
_OVERHEAD_BYTES = 200


class Sender(Worker):
    """Sends events while somebody listens at another server; a subscriber of this process's services.

    Engine threads leave events and never wait. Where events are told to nobody because Redis is away or
    slow, the others hear that there was a gap.
    """

    def __init__(self, connect: Callable[[], Redis], seal: Seal) -> None:
        super().__init__("the sending of events")
        self._connect = connect
        self._seal = seal
        self._number = 0
        self._lock = threading.Lock()
        self._waiting: list[Event] = []
        self._n_bytes = 0
        self._news = threading.Event()
        # Whether anybody listens elsewhere; None where it is not known.
        self._is_heard: bool | None = None
        self._is_behind = False
        self._looked_at = float("-inf")

    def wants_events(self) -> bool:
        """Say whether anybody listens at another server. Asked at every commit."""
        if self._is_heard is None:
            self._is_behind = True
        return bool(self._is_heard)

    def receive(self, events: Sequence[Event]) -> None:
        """Take events over, to be sent soon; called in engine threads."""
        with self._lock:
            if self._n_bytes > MAX_WAITING_BYTES:
                self._is_behind = True
                return
            self._waiting += events
            self._n_bytes += sum(map(_size, events))
        if not self._news.is_set():
            self._news.set()

    def work(self) -> None:
        """See the base."""
        client = self._connect()
        try:
            self._looked_at = float("-inf")
            while True:
                is_last = self.ends.is_set()
                self._tell(client)
                if is_last:
                    return
                self._news.wait(LOOK_SECONDS)
                self.ends.wait(_PACE_SECONDS)
        finally:
            client.close()

    def end(self, *, seconds: float) -> None:
        """See the base."""
        self.ends.set()
        self._news.set()
        super().end(seconds=seconds)

    def lose(self) -> None:
        """See the base."""
        self._is_heard = None
        # What was being sent may have come to some.
        self._is_behind = True

    def _tell(self, client: Redis) -> None:
        """Send what waits, and look who listens where that is due."""
        messages = [self._seal.close(self._next(), told) for told in self._take()]
        looks = time.monotonic() >= self._looked_at + LOOK_SECONDS
        if not messages and not looks:
            return
        pipeline = client.pipeline(transaction=False)
        for message in messages:
            pipeline.publish(self._seal.channel, message)
        if looks:
            pipeline.pubsub_numsub(self._seal.channel, self._seal.presence_of(self._seal.server))
        answers = pipeline.execute()
        if looks:
            (_, n_all), (_, n_own) = answers[-1]
            self._is_heard = n_all > n_own
            self._looked_at = time.monotonic()
        self.note_answer()

    def _take(self) -> Iterator[Told]:
        with self._lock:
            self._news.clear()
            events, self._waiting, self._n_bytes = self._waiting, [], 0
            # Before the first look nobody knows whom it concerns.
            is_behind = self._is_behind and self._is_heard is not None
            if is_behind:
                self._is_behind = False
        yield from map(Told, _in_messages(events))
        if is_behind and self._is_heard:
            yield Told([], before_a_gap=True)

    def _next(self) -> int:
        self._number += 1
        return self._number


def _in_messages(events: Sequence[Event]) -> Iterator[list[EventValue]]:
    message: list[EventValue] = []
    n_bytes = 0
    for event in events:
        try:
            message.append(values.event_value(event))
        except ModelRaised:
            # What can be written nowhere is no event either.
            continue
        n_bytes += _size(event)
        if n_bytes >= _MESSAGE_BYTES:
            yield message
            message, n_bytes = [], 0
    if message:
        yield message


def _size(event: Event) -> int:
    return len(event.features) + _OVERHEAD_BYTES
