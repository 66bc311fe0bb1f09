"""Which models stay hot: the least recently used give way when there are too many or too large ones."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from models_app.engine.queues import ModelQueue


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryLimits:
    """Limits of memory: how many models may be hot, and the bytes of their pickles together.

    A live model takes more memory than its pickle, by a factor of its own: the limit is a yardstick.
    """

    max_models: int = 5_000
    max_bytes: int = 1 << 30


class HotSet:
    """The hot models by their last use. Not thread-safe: for use under the engine's lock."""

    def __init__(self, limits: MemoryLimits) -> None:
        self._limits = limits
        self._bytes_by_queue: OrderedDict[ModelQueue, int] = OrderedDict()
        self._bytes = 0

    def used(self, queue: ModelQueue) -> None:
        """Note that a queue has had its turn, and what it holds now."""
        self._bytes -= self._bytes_by_queue.pop(queue, 0)
        if queue.hot is not None:
            self._bytes_by_queue[queue] = queue.hot.size_bytes
            self._bytes += queue.hot.size_bytes

    def surplus(self) -> list[ModelQueue]:
        """Return the queues to evict, and count them out; the one used last always stays."""
        evicted = []
        while len(self._bytes_by_queue) > 1 and self._is_over():
            queue, size = self._bytes_by_queue.popitem(last=False)
            self._bytes -= size
            evicted.append(queue)
        return evicted

    def __iter__(self) -> Iterator[ModelQueue]:
        return iter(list(self._bytes_by_queue))

    def __len__(self) -> int:
        return len(self._bytes_by_queue)

    def _is_over(self) -> bool:
        return len(self._bytes_by_queue) > self._limits.max_models or self._bytes > self._limits.max_bytes
