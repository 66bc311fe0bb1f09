"""Where the engine's time goes, by model: waiting in the queue, computing, committing."""

from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate

#: Upper bounds of a histogram's buckets, in seconds; one more bucket takes what is longer.
BOUNDS = (
    0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5,
    1.0, 2.0, 5.0, 10.0,
)  # fmt: skip
# Names that were used long ago give way.
_MAX_MODELS = 10_000


class Histogram:
    """Counts durations by bucket. One thread at a time records; any may read.

    >>> histogram = Histogram()
    >>> histogram.record(0.0015)
    >>> histogram.counts[BOUNDS.index(0.002)], histogram.seconds
    (1, 0.0015)
    """

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def record(self, seconds: float, n: int = 1) -> None:
        """Count a duration, that of `n` requests."""
        self.counts[bisect_left(BOUNDS, seconds)] += n
        self.seconds += n * seconds

    def quantile(self, share: float) -> float | None:
        """Estimate what that share of the durations does not exceed, in seconds; None: there are none.

        It lies between two bounds, and is taken to lie as far between them as the share does: what
        Prometheus's `histogram_quantile` does.

        >>> histogram = Histogram()
        >>> histogram.record(0.0015, 10)
        >>> histogram.quantile(0.5)
        0.0015
        """
        counts = list(self.counts)
        wanted = share * sum(counts)
        if not wanted:
            return None
        sums = list(accumulate(counts))
        number = next(number for number, n in enumerate(sums) if n >= wanted)
        if number == len(BOUNDS):
            return BOUNDS[-1]
        lower = BOUNDS[number - 1] if number else 0.0
        n_below = sums[number] - counts[number]
        return lower + (BOUNDS[number] - lower) * (wanted - n_below) / counts[number]

    @property
    def n(self) -> int:
        """How many durations were counted."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Timings:
    """One model's histograms.

    By request: `answer`, from the queue to the answer, and `wait`, from the queue to the turn. By batch: the
    others.
    """

    answer: Histogram = field(default_factory=Histogram)
    wait: Histogram = field(default_factory=Histogram)
    compute: Histogram = field(default_factory=Histogram)
    commit: Histogram = field(default_factory=Histogram)


class TimingsByModel:
    """The timings of the models that were served, by name."""

    def __init__(self) -> None:
        self._by_name: dict[str, Timings] = {}

    def of(self, name: str) -> Timings:
        """Return a model's timings, to record to."""
        timings = self._by_name.get(name)
        if timings is None:
            timings = self._by_name.setdefault(name, Timings())
            while len(self._by_name) > _MAX_MODELS:
                self._by_name.pop(next(iter(self._by_name)), None)
        return timings

    def report(self) -> dict[str, Timings]:
        """Return all timings by model; they go on counting."""
        return dict(self._by_name)
