"""Times of serving a model: waiting in the queue, computing, committing; and refusals."""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from operator import add

from models_app.domain.learns import Learn
from models_app.domain.quantiles import quantiles
from models_app.engine.ports import ModelState

#: Upper bounds of a histogram's buckets, in seconds; one more bucket takes what is longer.
BOUNDS = (
    0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5,
    1.0, 2.0, 5.0, 10.0,
)  # fmt: skip
#: The same for the time from a prediction to its ground truth: a tenth of a second to 30 days.
DELAY_BOUNDS = (
    0.1, 1.0, 10.0, 60.0, 600.0, 3_600.0, 21_600.0, 86_400.0, 604_800.0, 2_592_000.0,
)  # fmt: skip
#: Quantiles are those of so many durations, the last ones.
RECENT = 1_000
# Old durations are dropped when there are some too many: dropping moves all the others.
_MAX_RECENT = RECENT + 250
# Names that were used long ago give way.
_MAX_MODELS = 10_000


class Histogram:
    """Counts durations by bucket. One thread at a time records; any may read.

    >>> histogram = Histogram()
    >>> histogram.record(0.0015)
    >>> histogram.counts[BOUNDS.index(0.002)], histogram.seconds
    (1, 0.0015)
    """

    __slots__ = ("bounds", "counts", "seconds")

    def __init__(self, bounds: Sequence[float] = BOUNDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.seconds = 0.0

    def record(self, seconds: float, n: int = 1) -> None:
        """Count a duration, that of `n` requests."""
        self.counts[bisect_left(self.bounds, seconds)] += n
        self.seconds += n * seconds

    def record_all(self, durations: Sequence[float]) -> None:
        """Count a duration of each of several requests."""
        for number in map(bisect_left, repeat(self.bounds), durations):
            self.counts[number] += 1
        self.seconds += sum(durations)

    @property
    def n(self) -> int:
        """Return how many durations were counted."""
        return sum(self.counts)


class Durations(Histogram):
    """A histogram that keeps the last durations, too.

    >>> durations = Durations()
    >>> durations.record(9.0, 5)
    >>> durations.record(2.0, RECENT)
    >>> durations.quantiles([0.01, 0.99]), durations.n
    ([2.0, 2.0], 1005)
    """

    __slots__ = ("_recent",)

    def __init__(self) -> None:
        super().__init__()
        # Seven digits suffice, at half the memory.
        self._recent = array("f")

    @classmethod
    def of(cls, *several: "Durations") -> "Durations":
        """Return several together, as they are now."""
        together = cls()
        for durations in several:
            together.counts = list(map(add, together.counts, durations.counts))
            together.seconds += durations.seconds
            together._recent += durations.recent
        return together

    @classmethod
    def known(cls, recent: "array[float]") -> "Durations":
        """Return durations of which the last ones are these; the counts are for the caller to set."""
        durations = cls()
        durations._recent = recent
        return durations

    @property
    def recent(self) -> "array[float]":
        """The last durations, in seconds, the oldest first."""
        return self._recent[-RECENT:]

    def record(self, seconds: float, n: int = 1) -> None:
        """Count a duration, that of `n` requests."""
        self.counts[bisect_left(BOUNDS, seconds)] += n
        self.seconds += n * seconds
        recent = self._recent
        if n == 1:
            recent.append(seconds)
        else:
            recent.extend(array("f", (seconds,)) * min(n, RECENT))
        if len(recent) > _MAX_RECENT:
            del recent[:-RECENT]

    def quantiles(self, shares: Sequence[float]) -> list[float | None]:
        """Return what these shares of the last durations do not exceed, in seconds; None: there are none."""
        return quantiles(self.recent, shares)


@dataclass(frozen=True, slots=True)
class Timings:
    """One model's figures in this process, since it started or since the upload.

    By request: `predict` and `learn`, from the queue to the answer, and `wait`, from the queue to the turn.
    By batch: `compute` and `commit`. By learn: `delay`, from the prediction to its ground truth, where there
    was one before. `refused` are the refusals by code.
    """

    predict: Durations = field(default_factory=Durations)
    learn: Durations = field(default_factory=Durations)
    wait: Durations = field(default_factory=Durations)
    compute: Durations = field(default_factory=Durations)
    commit: Durations = field(default_factory=Durations)
    delay: Histogram = field(default_factory=lambda: Histogram(DELAY_BOUNDS))
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def answer(self) -> Durations:
        """Return the durations of predictions and learns together."""
        return Durations.of(self.predict, self.learn)

    def answered(self, seconds: float, n_predictions: int, n_learns: int) -> None:
        """Count requests that came together and were answered after so many seconds."""
        if n_predictions:
            self.predict.record(seconds, n_predictions)
        if n_learns:
            self.learn.record(seconds, n_learns)

    def learned(self, learns: Iterable[Learn]) -> None:
        """Count how long these ground truths were in coming."""
        self.delay.record_all(
            [learn.learned_at - learn.predicted_at for learn in learns if learn.predicted_at is not None]
        )


class TimingsByModel:
    """The timings of the models that were served, by name."""

    def __init__(self) -> None:
        self._by_name: dict[str, tuple[int, int, Timings]] = {}

    def of(self, model: ModelState) -> Timings:
        """Return a model's timings, to record to. Those of another upload under its name are forgotten."""
        timings = self.find(model.name, model.model_id, model.generation)
        if timings is None:
            timings = Timings()
            self._by_name[model.name] = (model.model_id, model.generation, timings)
            while len(self._by_name) > _MAX_MODELS:
                self._by_name.pop(next(iter(self._by_name)), None)
        return timings

    def find(self, name: str, model_id: int, generation: int) -> Timings | None:
        """Return the timings of an upload, None where there are none."""
        found = self._by_name.get(name)
        if found is None or found[0] != model_id or found[1] != generation:
            return None
        return found[2]

    def report(self) -> dict[str, Timings]:
        """Return all timings by model; they go on counting."""
        return {name: timings for name, (_, _, timings) in self._by_name.copy().items()}
