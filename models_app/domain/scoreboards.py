"""Scoreboards of models: the metrics since the upload, and the scores of the last learns."""

from collections.abc import Sequence
from typing import Any

from models_app.domain import scoring
from models_app.domain.scoring import Metrics
from models_app.domain.windows import Window


class Scoreboard:
    """Metrics and window, kept with each snapshot of a model. Without metrics, nothing is scored."""

    __slots__ = ("metrics", "window")

    def __init__(self, metrics: Metrics, window: Window | None = None) -> None:
        self.metrics = metrics
        self.window = window or Window()

    @classmethod
    def new(cls, kinds: Sequence[type[Any]]) -> "Scoreboard":
        """Return one that has seen nothing, with metrics of these kinds."""
        return cls(scoring.new_metrics(kinds))

    @classmethod
    def of(cls, loaded: "Scoreboard | Metrics") -> "Scoreboard":
        """Return what was unpickled; snapshots had the metrics alone once."""
        return loaded if isinstance(loaded, Scoreboard) else cls(loaded)

    def __reduce__(self) -> tuple[object, ...]:
        return Scoreboard, (self.metrics, self.window)
