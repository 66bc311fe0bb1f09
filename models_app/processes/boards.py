"""A board in shared memory: what each thread of a process is working on, to be read after its death."""

import mmap
import threading

# A name of 200 characters of up to 4 bytes, with its length before it.
_NAME_BYTES, _HEAD_BYTES = 800, 8
_SLOT_BYTES = _NAME_BYTES + _HEAD_BYTES
# Memory is taken as it is used.
_N_SLOTS = 1024


class Slot:
    """A thread's own place on a board.

    The name stays where it is; two bytes say whether it counts, and how long it is.
    """

    __slots__ = ("_at", "_last", "_memory", "_n", "number")

    def __init__(self, memory: memoryview, number: int) -> None:
        self._memory = memory
        self.number = number
        self._at = number * _SLOT_BYTES
        self._last: str | None = None
        self._n = 0

    def enter(self, name: str) -> None:
        """Note what is being worked on from now on."""
        if name is not self._last:
            data = name.encode("utf-8", "surrogatepass")[:_NAME_BYTES]
            start = self._at + _HEAD_BYTES
            self._memory[start : start + len(data)] = data
            self._memory[self._at + 1 : self._at + 3] = len(data).to_bytes(2, "little")
            self._last = name
        self._memory[self._at] = 1

    def leave(self) -> None:
        """Note that it is done."""
        self._memory[self._at] = 0


class Board:
    """One slot a thread. It is made before the process that writes to it, and outlives that."""

    def __init__(self) -> None:
        self._memory = memoryview(mmap.mmap(-1, _N_SLOTS * _SLOT_BYTES))
        self._free = list(range(_N_SLOTS - 1, 0, -1))
        self._lock = threading.Lock()

    def take_slot(self) -> Slot:
        """Return a slot of the calling thread's own; where there are none, one that others have, too."""
        with self._lock:
            return Slot(self._memory, self._free.pop() if self._free else 0)

    def give_back(self, slot: Slot) -> None:
        """Have another thread use a slot."""
        with self._lock:
            if slot.number:
                self._free.append(slot.number)

    def names(self) -> list[str]:
        """Return what was being worked on, each name once; whatever a process that went wild has written."""
        found = set()
        for start in range(0, len(self._memory), _SLOT_BYTES):
            if self._memory[start] == 1:
                length = int.from_bytes(self._memory[start + 1 : start + 3], "little")
                begin = start + _HEAD_BYTES
                data = bytes(self._memory[begin : begin + min(length, _NAME_BYTES)])
                found.add(data.decode("utf-8", "ignore"))
        return sorted(found - {""})

    def clear(self) -> None:
        """Have nothing on it; for when no process writes to it."""
        for start in range(0, len(self._memory), _SLOT_BYTES):
            self._memory[start] = 0


class Mark:
    """A mark in shared memory that a child sets, and its parent takes off."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 1)

    def set(self) -> None:
        """Set it."""
        self._memory[0] = 1

    def take_off(self) -> bool:
        """Take it off; say whether it was set."""
        was_set = self._memory[0] == 1
        self._memory[0] = 0
        return was_set
