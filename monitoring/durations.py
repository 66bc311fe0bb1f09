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


_BRIEF = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"), (0.001, "ms"))


def brief(seconds: float) -> str:
    """Return a duration in one unit, with three digits.

    >>> brief(0.001254), brief(90.0), brief(5e-7)
    ('1.25 ms', '1.5 min', '0.0005 ms')
    """
    size, unit = next((item for item in _BRIEF if seconds >= item[0]), _BRIEF[-1])
    return f"{seconds / size:.3g} {unit}"
