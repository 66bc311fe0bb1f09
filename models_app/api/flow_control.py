"""Flow control of a connection that carries many records."""

import asyncio
from collections import deque

#: What is under way at a time on one connection: enough to fill the engine's batches.
MAX_BATCHES = 64
MAX_BYTES = 4 << 20


class FlowControl:
    """How much of a connection may be under way at a time: so many batches, and so many bytes of them.

    What does not fit waits, and the connection is not read meanwhile. A batch that is larger than all of it
    passes alone. One task enters, another leaves.
    """

    def __init__(self, *, max_batches: int = MAX_BATCHES, max_bytes: int = MAX_BYTES) -> None:
        self._max_batches = max_batches
        self._max_bytes = max_bytes
        self._sizes: deque[int] = deque()
        self._n_bytes = 0
        self._is_closed = False
        self._changed = asyncio.Event()

    async def enter(self, n_bytes: int) -> bool:
        """Wait for room and take it; False: nobody waits for answers any more."""
        while self._sizes and not self._is_closed and not self._fits(n_bytes):
            self._changed.clear()
            await self._changed.wait()
        self._sizes.append(n_bytes)
        self._n_bytes += n_bytes
        return not self._is_closed

    def leave(self) -> None:
        """Give back the room of the oldest batch."""
        self._n_bytes -= self._sizes.popleft()
        self._changed.set()

    def close(self) -> None:
        """Let nobody in any more, nor wait."""
        self._is_closed = True
        self._changed.set()

    def _fits(self, n_bytes: int) -> bool:
        return len(self._sizes) < self._max_batches and self._n_bytes + n_bytes <= self._max_bytes
