"""Delays of ground truths: read from the journal when somebody asks.

The journal knows when each learn was predicted. So the hot path keeps nothing for it, a restart loses
nothing, and it does not matter which process has learned.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from models_app.domain.learns import Learn
from models_app.journal.positions import Place
from models_app.journal.reading import Segment, newest_first
from models_app.services.finding import Served

#: Learns that are looked back at.
LEARNS = 1_000
# Of the journal, at a time: features may be of any size.
_MAX_CHARACTERS = 4 << 20
# Models that somebody looks at. Their learns are not read twice; the others' would be.
_MAX_MODELS = 200


@dataclass(slots=True)
class _Read:
    """The delays of a model's last learns up to `seq`, None for those that were predicted by the learn."""

    generation: int
    seq: int = 0
    delays: deque[float | None] = field(default_factory=lambda: deque(maxlen=LEARNS))


class DelayReader:
    """Reads delays, in any thread; each learn once, as long as its model is looked at."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_model: OrderedDict[int, _Read] = OrderedDict()

    def of(self, model: Served) -> list[float]:
        """Return the delays of those of the last learns that had been predicted before, in seconds.

        Raises `StorageUnavailable`.
        """
        with self._lock:
            read = self._by_model.get(model.pk)
            if read is None or read.generation != model.generation:
                read = self._by_model[model.pk] = _Read(model.generation)
            self._by_model.move_to_end(model.pk)
            while len(self._by_model) > _MAX_MODELS:
                self._by_model.popitem(last=False)
            self._read_on(model, read)
            return [delay for delay in read.delays if delay is not None]

    def _read_on(self, model: Served, read: _Read) -> None:
        """Read what was learned since the last time, no further back than it counts."""
        segments = list(_newest_segments(model.beginning.at(read.seq)))
        for segment in reversed(segments):
            read.seq = segment.last_seq
            read.delays.extend(map(_delay, segment.learns))


def _delay(learn: Learn) -> float | None:
    # Journals of earlier versions have learns that a clock has set before their predictions.
    return None if learn.predicted_at is None else max(0.0, learn.learned_at - learn.predicted_at)


def _newest_segments(after: Place) -> Iterator[Segment]:
    """Yield the newest segments, the latest first."""
    n_learns = 0
    for segment in newest_first(after, max_characters=_MAX_CHARACTERS):
        yield segment
        n_learns += len(segment.learns)
        if n_learns >= LEARNS:
            return


#: The one of this process.
delays = DelayReader()
