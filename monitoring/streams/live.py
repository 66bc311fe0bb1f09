"""The stream of a page: what somebody can follow, however much happens."""

import asyncio

from monitoring.streams.channels import EVENTS, FLAVORS, METRICS, MODELS
from monitoring.streams.frames import FAREWELL, GREETING, KEEP_ALIVE, plain_frame
from monitoring.streams.hub import KEEP_ALIVE_SECONDS, get_channel
from monitoring.streams.taps import Tap

#: From one write to the next, at the least.
PACE_SECONDS = 0.25
#: Where events are large, writes are further apart, so that no more than this goes out in the long run.
BYTES_PER_SECOND = 256 * 1024
#: Events in one write, apart from those that are never left out.
N_NEWEST = 20


class LiveStream:
    """One open stream: an asynchronous iterator of bytes to write. Registered until `close`.

    `models` are those that it shows. Of all models (None) it also has the metrics and what has changed
    on the overview.
    """

    def __init__(
        self, *, models: frozenset[str] | None, keep_alive_seconds: float = KEEP_ALIVE_SECONDS
    ) -> None:
        self._taps: dict[str, Tap] = {EVENTS: get_channel(EVENTS).tap(n_newest=N_NEWEST, models=models)}
        if models is None:
            for channel in (METRICS, FLAVORS):
                self._taps[channel] = get_channel(channel).tap(n_newest=1)
            # There is one a second at the most; each has what the others have not.
            self._taps[MODELS] = get_channel(MODELS).tap(n_newest=N_NEWEST)
        self._keep_alive_seconds = keep_alive_seconds
        self._loop = asyncio.get_running_loop()
        self._is_greeted = False
        self._is_done = False
        self._written_at = self._loop.time()
        self._quiet_until = self._written_at

    def __aiter__(self) -> "LiveStream":
        return self

    async def __anext__(self) -> bytes:
        """Wait for something to write; raises StopAsyncIteration once the stream is to end."""
        try:
            chunk = await self._next_chunk()
        except BaseException:
            # Cancelled: the client is gone, and not every server says so to the response as well.
            self.close()
            raise
        self._written_at = self._loop.time()
        self._quiet_until = self._written_at + len(chunk) / BYTES_PER_SECOND
        return chunk

    async def _next_chunk(self) -> bytes:
        if not self._is_greeted:
            self._is_greeted = True
            return GREETING
        while not self._is_done:
            await asyncio.sleep(PACE_SECONDS)
            if any(tap.is_ending for tap in self._taps.values()):
                self.close()
                return FAREWELL
            if self._loop.time() >= self._quiet_until and (chunk := self._read()):
                return chunk
            if self._loop.time() >= self._written_at + self._keep_alive_seconds:
                return KEEP_ALIVE
        raise StopAsyncIteration

    def _read(self) -> bytes:
        frames = []
        for channel, tap in self._taps.items():
            events, n_left_out = tap.take()
            for event in events:
                # The other channels have one kind each.
                kind = event.kind if channel == EVENTS else channel
                frames.append(plain_frame(kind, event.render()))
            if channel == EVENTS and n_left_out:
                frames.append(plain_frame("skipped", f'{{"n": {n_left_out}}}'))
        return b"".join(frames)

    def close(self) -> None:
        """Leave the channels; may be called any number of times, from any thread."""
        self._is_done = True
        for channel, tap in self._taps.items():
            get_channel(channel).remove_tap(tap)
