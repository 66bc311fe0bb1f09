"""Progress of the benchmark while it runs."""

import sys
import time

from benchmarks.results import Values, median, spread

_started = time.perf_counter()


def say(what: str, values: Values | None = None) -> None:
    """Print a line to the standard error, with the seconds since the start."""
    line = f"{time.perf_counter() - _started:6.1f} s  {what}"
    if values is not None:
        line += f"  {shown(values)}"
    print(line, file=sys.stderr, flush=True)


def connections(n: int) -> str:
    """Return a number of connections as text."""
    return "1 connection" if n == 1 else f"{n} connections"


def number(value: float) -> str:
    """Return a number with three digits that count, at least.

    >>> number(1234.5), number(56.78), number(0.7512)
    ('1,234', '56.8', '0.75')
    """
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def shown(values: Values) -> str:
    """Return median and spread as text.

    >>> shown([1.0, 2.0, 4.0])
    '2.00 (1.00-4.00)'
    """
    middle, ends = median(values), spread(values)
    if middle is None or ends is None:
        return "failed"
    return f"{number(middle)} ({number(ends[0])}-{number(ends[1])})"


def middle(values: Values) -> str:
    """Return the median as text."""
    value = median(values)
    return "failed" if value is None else number(value)
