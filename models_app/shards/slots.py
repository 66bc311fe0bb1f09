"""Which shard a model belongs to: its name leads to one of many fixed slots, and the slot to a shard."""

import zlib

#: Many more than shards: of a number of shards that changes, most slots stay where they were, or all move at
#: once with their neighbours.
N_SLOTS = 256


def slot_of(name: str) -> int:
    """Return the slot of a model's name, for good.

    >>> slot_of("default"), slot_of("default") < N_SLOTS
    (170, True)
    """
    return zlib.crc32(name.encode()) % N_SLOTS


def shard_of(name: str, n_shards: int) -> int:
    """Return the number, from 0 on, of the shard that owns a model.

    >>> [shard_of("default", n) for n in (1, 2, 4)]
    [0, 1, 2]
    """
    return slot_of(name) * n_shards // N_SLOTS
