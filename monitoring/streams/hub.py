"""Channels and their listeners.

Engine threads publish; a listener belongs to an event loop and reads the ring of its channel from a position
of its own. There is no queue per listener, so that one that reads slowly costs nothing and holds nobody up.
"""

import asyncio
import threading
import time
from collections.abc import Sequence

from django.conf import settings
from django_eventstream.storage import EventDoesNotExist

from monitoring.streams.frames import FAREWELL, GREETING, KEEP_ALIVE, StreamEvent, reset_frame
from monitoring.streams.rings import Ring
from monitoring.streams.taps import Tap

MAX_RING_BYTES = 16 * 1024 * 1024
#: How long events are kept for listeners to come back after the last one has left.
GRACE_SECONDS = 60.0
KEEP_ALIVE_SECONDS = 15.0
# A loop wakes its listeners no more often than this: at full rate a write carries many events.
PACE_SECONDS = 0.005
MAX_CHUNK_EVENTS = 512
MAX_CHUNK_BYTES = 128 * 1024


class Listener:
    """One open stream: an asynchronous iterator of bytes to write.

    It is registered from the moment it is made, so that nothing is missed before the first read, until
    `close`.
    """

    def __init__(self, *, channel: "Channel", position: int, keep_alive_seconds: float) -> None:
        self.loop = asyncio.get_running_loop()
        self.ready = asyncio.Event()
        self.is_ending = False
        self._channel = channel
        self._position = position
        self._keep_alive_seconds = keep_alive_seconds
        self._is_greeted = False
        self._is_done = False

    def __aiter__(self) -> "Listener":
        return self

    async def __anext__(self) -> bytes:
        """Wait for something to write; raises StopAsyncIteration once the stream is to end."""
        try:
            return await self._next_chunk()
        except BaseException:
            # Cancelled: the client is gone, and not every server says so to the response as well.
            self.close()
            raise

    async def _next_chunk(self) -> bytes:
        if not self._is_greeted:
            self._is_greeted = True
            return GREETING
        while not self._is_done:
            # Cleared before reading: what is published after the read sets it again.
            self.ready.clear()
            if chunk := self._read():
                return chunk
            if self.is_ending:
                self.close()
                return FAREWELL
            if not await self._is_woken():
                return KEEP_ALIVE
        raise StopAsyncIteration

    async def _is_woken(self) -> bool:
        try:
            async with asyncio.timeout(self._keep_alive_seconds):
                await self.ready.wait()
        except TimeoutError:
            return False
        return True

    def _read(self) -> bytes:
        try:
            events = self._channel.after(self._position, limit=MAX_CHUNK_EVENTS)
        except EventDoesNotExist as error:
            self._position = error.current_id
            return reset_frame(self._channel.name, current_id=self._position)
        frames: list[bytes] = []
        size = 0
        for event in events:
            frames.append(event.frame(self._channel.name))
            size += len(frames[-1])
            self._position = event.id
            if size >= MAX_CHUNK_BYTES:
                break
        return b"".join(frames)

    def close(self) -> None:
        """Leave the channel; may be called any number of times, from any thread."""
        self._is_done = True
        self._channel.remove(self)


class _Group:
    """The listeners of one channel in one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.listeners: set[Listener] = set()
        self.is_scheduled = False
        self.woken_at = float("-inf")


class Channel:
    """A named sequence of events, and who listens to it. Thread-safe."""

    def __init__(
        self,
        name: str,
        *,
        max_events: int,
        max_bytes: int = MAX_RING_BYTES,
        grace_seconds: float = GRACE_SECONDS,
        keep_alive_seconds: float = KEEP_ALIVE_SECONDS,
    ) -> None:
        self.name = name
        self._ring = Ring(max_events=max_events, max_bytes=max_bytes)
        self._grace_seconds = grace_seconds
        self._keep_alive_seconds = keep_alive_seconds
        self._groups: dict[asyncio.AbstractEventLoop, _Group] = {}
        self._taps: set[Tap] = set()
        self._kept_until = float("-inf")
        # Nobody holds an id of the ring as it is: no need to invalidate it again.
        self._is_forgotten = True
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._ring)

    def wants_events(self) -> bool:
        """Say whether anybody listens, or did until lately. If not, the next event counts as missed."""
        if self._is_forgotten:
            # Since then nobody has come.
            return False
        if self._is_wanted():
            return True
        with self._lock:
            self._forget()
        return False

    def publish(self, events: Sequence[StreamEvent]) -> None:
        """Append events, which get their ids, and wake who listens. Cheap; does not block on anybody."""
        with self._lock:
            keep = self._ring.append if self._is_wanted() else self._ring.skip
            for event in events:
                keep(event)
            for tap in self._taps:
                tap.offer(events)
            groups = self._groups_to_wake()
        self._schedule(groups)

    def after(self, position: int, *, limit: int) -> list[StreamEvent]:
        """Return the events that follow the id `position`; raises EventDoesNotExist as the ring does."""
        with self._lock:
            return self._ring.after(position, limit=limit)

    def listen(self, *, after: int | None = None) -> Listener:
        """Open a stream in the running event loop, of what follows the id `after`, or from now on."""
        with self._lock:
            position = self._ring.last_id if after is None else after
            listener = Listener(channel=self, position=position, keep_alive_seconds=self._keep_alive_seconds)
            group = self._groups.setdefault(listener.loop, _Group(listener.loop))
            group.listeners.add(listener)
            self._is_forgotten = False
        return listener

    def remove(self, listener: Listener) -> None:
        """Forget a listener, if it is there."""
        with self._lock:
            group = self._groups.get(listener.loop)
            if group is None or listener not in group.listeners:
                return
            group.listeners.remove(listener)
            if not group.listeners:
                self._drop(group)

    def tap(self, *, n_newest: int, models: frozenset[str] | None = None) -> Tap:
        """Return what collects the newest events from now on, until `remove_tap`."""
        with self._lock:
            tap = Tap(n_newest=n_newest, models=models)
            self._taps.add(tap)
            self._is_forgotten = False
        return tap

    def remove_tap(self, tap: Tap) -> None:
        """Forget a tap, if it is there."""
        with self._lock:
            self._taps.discard(tap)

    def end_streams(self) -> None:
        """Let every open stream end after what is still to be read."""
        with self._lock:
            for tap in self._taps:
                tap.is_ending = True
            for group in self._groups.values():
                for listener in group.listeners:
                    listener.is_ending = True
            groups = self._groups_to_wake()
        self._schedule(groups)

    def forget(self) -> None:
        """Forget all events; who listens hears that something was missed, and goes on."""
        with self._lock:
            self._ring.skip()
            groups = self._groups_to_wake()
        self._schedule(groups)

    def listener_count(self) -> int:
        """Return the number of open streams."""
        with self._lock:
            return sum(len(group.listeners) for group in self._groups.values()) + len(self._taps)

    def _is_wanted(self) -> bool:
        return bool(self._groups) or bool(self._taps) or time.monotonic() < self._kept_until

    def _forget(self) -> None:
        # Asked again under the lock: somebody may have come.
        if not self._is_wanted() and not self._is_forgotten:
            self._ring.skip()
            self._is_forgotten = True

    def _drop(self, group: _Group) -> None:
        del self._groups[group.loop]
        if not self._groups:
            self._kept_until = time.monotonic() + self._grace_seconds

    def _groups_to_wake(self) -> list[_Group]:
        groups = [group for group in self._groups.values() if not group.is_scheduled]
        for group in groups:
            group.is_scheduled = True
        return groups

    def _schedule(self, groups: list[_Group]) -> None:
        for group in groups:
            try:
                group.loop.call_soon_threadsafe(self._pace, group)
            except RuntimeError:
                # The loop was closed with streams open: nobody is left to read them.
                with self._lock:
                    if self._groups.get(group.loop) is group:
                        self._drop(group)

    def _pace(self, group: _Group) -> None:
        delay = group.woken_at + PACE_SECONDS - group.loop.time()
        if delay > 0:
            group.loop.call_later(delay, self._wake, group)
        else:
            self._wake(group)

    def _wake(self, group: _Group) -> None:
        with self._lock:
            group.is_scheduled = False
            listeners = tuple(group.listeners)
        group.woken_at = group.loop.time()
        for listener in listeners:
            listener.ready.set()


# One set of channels a process.
_channels: dict[str, Channel] = {}
_channels_lock = threading.Lock()


def get_channel(name: str) -> Channel:
    """Return the channel of this name; it is made at the first use."""
    channel = _channels.get(name)
    if channel is None:
        with _channels_lock:
            channel = _channels.setdefault(name, Channel(name, max_events=settings.STREAM_BACKLOG))
    return channel


def close_all() -> None:
    """End every open stream of the process. May be called from any thread; does not wait."""
    for channel in tuple(_channels.values()):
        channel.end_streams()
