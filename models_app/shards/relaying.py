"""Events of a shard for the web processes in which somebody listens."""

import threading
from collections.abc import Sequence

from models_app.domain.errors import ModelRaised
from models_app.engine.ports import Event
from models_app.shards import values
from models_app.shards.outboxes import FrameOutbox
from models_app.shards.values import Events, EventValue

# Who has so much to read still misses what comes meanwhile: answers are not to wait for events.
MAX_WAITING_BYTES = 16 * 1024 * 1024


class Relay:
    """Passes events on to those who want them; a subscriber of this process's services."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanting: frozenset[FrameOutbox] = frozenset()
        # Those that have missed some since they were told the last time.
        self._behind: set[FrameOutbox] = set()

    def want(self, outbox: FrameOutbox, *, wants: bool) -> None:
        """Note whether somebody listens at the other end of a connection."""
        with self._lock:
            self._wanting = self._wanting | {outbox} if wants else self._wanting - {outbox}
            self._behind.discard(outbox)

    def wants_events(self) -> bool:
        """Say whether anybody listens anywhere."""
        return bool(self._wanting)

    def receive(self, events: Sequence[Event]) -> None:
        """Send events on; called in engine threads, and never waits."""
        said = [value for event in events if (value := _value(event)) is not None]
        for outbox in self._wanting:
            if outbox.n_waiting_bytes >= MAX_WAITING_BYTES:
                self._behind.add(outbox)
                continue
            follow_a_gap = outbox in self._behind
            self._behind.discard(outbox)
            outbox.send([(values.UNASKED, Events(said, follow_a_gap))])


def _value(event: Event) -> EventValue | None:
    try:
        return values.event_value(event)
    except ModelRaised:
        # What can be written nowhere is no event either.
        return None
