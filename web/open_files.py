"""The limit of open files, and so of connections, that the system sets this process."""

import logging
import resource

logger = logging.getLogger(__name__)

#: Files that are no connection of a client: the database's, logs, answers that wait on the disk.
RESERVED = 256


def allow_connections(wanted: int) -> int:
    """Have the system allow that many connections, as far as it does, and return how many there may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted + RESERVED:
        soft = wanted + RESERVED if hard == resource.RLIM_INFINITY else min(wanted + RESERVED, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    allowed = connections_within(soft if soft != resource.RLIM_INFINITY else wanted + RESERVED, wanted)
    if allowed < wanted:
        logger.warning(
            "CONNECTIONS_MAX is %d, but the system lets this process open %d files: %d connections are taken",
            wanted,
            soft,
            allowed,
        )
    return allowed


def connections_within(n_files: int, wanted: int) -> int:
    """Return how many connections there may be among so many open files.

    >>> connections_within(4096, 2000), connections_within(1024, 2000), connections_within(100, 2000)
    (2000, 768, 50)
    """
    return min(wanted, max(n_files - RESERVED, n_files // 2, 1))
