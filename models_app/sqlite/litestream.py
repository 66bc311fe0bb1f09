"""What a replica of litestream's has of an SQLite database: by its newest file there, and the log here."""

import struct
from dataclasses import dataclass
from pathlib import Path

#: Of a file of litestream's (LTX): mark, flags, page size, pages, first and last transaction, milliseconds,
#: checksum, place in the log, bytes from there, both salts of the log, node.
_HEADER = struct.Struct(">4sIIIQQqQqqIIQ")
HEADER_BYTES = _HEADER.size
_MARK = b"LTX1"
# Of the index of the log, in the machine's order: page size, frames that are committed, salts.
_INDEX = struct.Struct("=14xHI12x")
_LOG_HEADER_BYTES, _FRAME_HEADER_BYTES = 32, 24


@dataclass(frozen=True, slots=True)
class LogPlace:
    """A place in an SQLite log: it has another `salt` each time that it begins anew."""

    salt: bytes
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Replicated:
    """The place up to which a replica has the log, and when it was read there, in seconds since the epoch."""

    place: LogPlace
    read_at: float


def parse_header(head: bytes) -> Replicated:
    """Return what the newest file of a replica has, from its first bytes; raises ValueError."""
    if len(head) < HEADER_BYTES or not head.startswith(_MARK):
        raise ValueError("The replica's newest file is none of litestream's.")
    fields = _HEADER.unpack(head[:HEADER_BYTES])
    milliseconds, offset, n_bytes, salt_1, salt_2 = fields[6], fields[8], fields[9], fields[10], fields[11]
    return Replicated(LogPlace(struct.pack(">II", salt_1, salt_2), offset + n_bytes), milliseconds / 1000)


def log_place(database: Path) -> LogPlace | None:
    """Return the end of what is committed in a database's log; None: nothing is. Raises OSError.

    The log's index says it, which those who have the database open keep beside it.
    """
    with Path(f"{database}-shm").open("rb") as file:
        head = file.read(48)
    if len(head) < 48:
        return None
    page_size, n_frames = _INDEX.unpack(head[: _INDEX.size])
    if not n_frames:
        return None
    # 65,536 does not fit into 16 bits, and is written as 1.
    frame_bytes = _FRAME_HEADER_BYTES + (65_536 if page_size == 1 else page_size)
    # The salts are there as the log has them, whatever the machine's order.
    return LogPlace(head[32:40], _LOG_HEADER_BYTES + n_frames * frame_bytes)


def n_bytes_behind(here: LogPlace | None, there: LogPlace) -> int:
    """Return how much of the log a replica has not; of one that has begun anew since, all.

    >>> n_bytes_behind(LogPlace(b"a", 8_272), LogPlace(b"a", 4_152))
    4120
    >>> n_bytes_behind(LogPlace(b"b", 4_152), LogPlace(b"a", 4_152))
    4152
    >>> n_bytes_behind(None, LogPlace(b"a", 4_152))
    0
    """
    if here is None:
        return 0
    return max(0, here.n_bytes - there.n_bytes) if here.salt == there.salt else here.n_bytes
