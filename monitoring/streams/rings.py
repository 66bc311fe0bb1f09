"""The newest events of one channel, bounded by number and by bytes."""

import time
from collections import deque
from itertools import islice

from django_eventstream.storage import EventDoesNotExist

from monitoring.streams.frames import StreamEvent


class Ring:
    """A run of events with consecutive ids. Not thread-safe: the channel it belongs to holds a lock.

    Ids start from the clock, in microseconds: faster than any channel publishes, so that every id that an
    earlier process gave away is older than all of this one's, and small enough for JavaScript's numbers.
    """

    def __init__(self, *, max_events: int, max_bytes: int) -> None:
        self.last_id = time.time_ns() // 1000
        self._events: deque[StreamEvent] = deque()
        self._bytes = 0
        self._max_events = max_events
        self._max_bytes = max_bytes

    def __len__(self) -> int:
        return len(self._events)

    def append(self, event: StreamEvent) -> None:
        """Give the event the next id and keep it; the oldest go while there are too many."""
        self.last_id += 1
        event.id = self.last_id
        self._events.append(event)
        self._bytes += event.size
        while len(self._events) > self._max_events or (
            # The newest is kept whatever its size, otherwise nobody ever gets a large one.
            self._bytes > self._max_bytes and len(self._events) > 1
        ):
            self._bytes -= self._events.popleft().size

    def skip(self, event: StreamEvent | None = None) -> None:
        """Forget everything, and let who comes back with an earlier id know that something was missed."""
        self._events.clear()
        self._bytes = 0
        self.last_id += 1
        if event is not None:
            event.id = self.last_id

    def after(self, position: int, *, limit: int) -> list[StreamEvent]:
        """Return the events that follow the id `position`, the oldest first.

        Raises EventDoesNotExist where some of them are gone, or the id was never given.
        """
        missing = self.last_id - position
        if not 0 <= missing <= len(self._events):
            raise EventDoesNotExist(f"No event {position} is kept.", self.last_id)
        # From the newest end: readers are nearly always almost there.
        newest = list(islice(reversed(self._events), missing))
        newest.reverse()
        return newest[:limit]
