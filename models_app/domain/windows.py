"""Windows of the last scores: they show trouble that metrics since the upload have long smoothed away."""

from array import array
from collections.abc import Iterable, Sequence

from models_app.domain import scoring
from models_app.domain.predictions import Label, Prediction
from models_app.domain.scoring import GroundTruth, Kind, Pairs, Scorer, Scores

#: How many learns are looked back at.
SIZE = 1_000
# Old scores are dropped when there are that many too many: dropping moves all the others.
_SLACK = 1_000


class Window:
    """The scores of the last learns that could be scored.

    Metrics are made of them afresh when somebody asks: the values are those of `river.utils.Rolling`, less
    the rounding that its reverting of updates leaves behind, and a learn costs next to nothing.

    >>> from river import metrics
    >>> window, scorer = Window(), Scorer([metrics.MAE()])
    >>> for error in [9.0] * 50 + [1.0] * SIZE:
    ...     scorer.score(error, 0.0)
    >>> window.add(scorer.take())
    >>> window.values([metrics.MAE])
    {'MAE': 1.0}
    """

    __slots__ = ("_known", "_losses", "_others", "_pairs")

    def __init__(self) -> None:
        self._losses: list[array[float]] = []
        self._pairs: list[tuple[Label, Label]] = []
        self._others: list[tuple[GroundTruth, Prediction]] = []
        # Of equal pairs one is kept: a pair takes seven times as much memory as a reference to it.
        self._known: dict[tuple[Label, Label], tuple[Label, Label]] = {}

    def add(self, scores: Scores) -> None:
        """Take in what was scored since the last time, in its order."""
        if not self._losses:
            self._losses = [array("d") for _ in scores.losses]
        for kept, losses in zip(self._losses, scores.losses, strict=True):
            kept.extend(losses[-SIZE:])
            _trim(kept)
        self._pairs += [self._known.setdefault(pair, pair) for pair in scores.pairs[-SIZE:]]
        if _trim(self._pairs):
            self._known = {pair: pair for pair in self._pairs}
        self._others += scores.others[-SIZE:]
        _trim(self._others)

    def copy(self) -> "Window":
        """Return one of its own to who works in another thread."""
        copy = Window()
        copy._losses = [kept[-SIZE:] for kept in self._losses]
        copy._pairs = self._pairs[-SIZE:]
        copy._others = self._others[-SIZE:]
        return copy

    def values(self, kinds: Sequence[Kind], pairs: Pairs | None = None) -> dict[str, float | None]:
        """Return by name what metrics of these kinds, those that the scores were made for, are over it.

        `pairs` is that of the scorer.
        """
        fresh = scoring.new_metrics(kinds)
        if self._losses or self._pairs or self._others:
            Scorer(fresh, pairs).fold(self._scores())
        return scoring.values(fresh)

    def pairs(self) -> list[tuple[Label, Label]]:
        """Return the ground truths with the labels that were predicted; none for a regression."""
        return self._pairs[-SIZE:]

    def _scores(self) -> Scores:
        losses = [kept[-SIZE:] for kept in self._losses]
        pairs, others = self._pairs[-SIZE:], self._others[-SIZE:]
        return Scores(losses=losses, pairs=pairs, others=others)

    def __reduce__(self) -> tuple[object, ...]:
        kept = self._scores()
        return _rebuild, (kept.losses, kept.pairs, kept.others)


def _rebuild(
    losses: Sequence["array[float]"],
    pairs: Iterable[tuple[Label, Label]],
    others: Iterable[tuple[GroundTruth, Prediction]],
) -> Window:
    window = Window()
    window.add(Scores(losses=list(losses), pairs=list(pairs), others=list(others)))
    return window


def _trim(kept: "array[float] | list[tuple[Label, Label]] | list[tuple[GroundTruth, Prediction]]") -> bool:
    surplus = len(kept) - SIZE
    if surplus <= _SLACK:
        return False
    del kept[:surplus]
    return True
