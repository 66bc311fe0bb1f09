"""Durations for people."""

_UNITS = (
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("μs", 1_000),
    ("ns", 1),
)


def humanize(duration_ns: int) -> str:
    """Return a duration, given in nanoseconds, in whole units; those that are zero are left out.

    >>> humanize(3_408_682), humanize(61_000_000_005), humanize(0)
    ('3ms408μs682ns', '1m1s5ns', '0ns')
    """
    parts = []
    rest = duration_ns
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0ns"
