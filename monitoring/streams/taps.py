"""Taps of a channel for pages: its newest few events, and how many others there were."""

import threading
from collections import deque
from collections.abc import Sequence

from monitoring.streams.frames import StreamEvent

#: Kinds of which a page is to miss none.
RARE_KINDS = {"drift", "warning", "contract"}
#: More of them than anybody reads.
MAX_RARE = 100


class Tap:
    """Collects events between two looks at it. Bounded, whatever happens in between; thread-safe.

    Where `models` are given, it is about events of these.
    """

    def __init__(self, *, n_newest: int, models: frozenset[str] | None = None) -> None:
        self.is_ending = False
        self._models = models
        self._n_newest = n_newest
        self._newest: deque[StreamEvent] = deque(maxlen=n_newest)
        self._rare: deque[StreamEvent] = deque(maxlen=MAX_RARE)
        self._n = 0
        self._lock = threading.Lock()

    def offer(self, events: Sequence[StreamEvent]) -> None:
        """Take what there is room for; events have their ids."""
        if self._models is not None:
            events = [event for event in events if event.model in self._models]
        with self._lock:
            self._n += len(events)
            self._newest.extend(events[-self._n_newest :])
            self._rare.extend(event for event in events if event.kind in RARE_KINDS)

    def take(self) -> tuple[list[StreamEvent], int]:
        """Return what was collected since the last look, in order, and the number of events left out."""
        with self._lock:
            taken = {event.id: event for event in (*self._rare, *self._newest)}
            n_left_out = self._n - len(taken)
            self._newest.clear()
            self._rare.clear()
            self._n = 0
        return [taken[number] for number in sorted(taken)], n_left_out
