"""Scoreboards of models: the metrics since the upload, and the scores of the last learns."""

from collections.abc import Sequence
from typing import Any

from models_app.domain import scoring
from models_app.domain.scoring import Kind, Metrics
from models_app.domain.windows import Window


class Scoreboard:
    """Metrics and window, kept with each snapshot of a model. Without metrics, nothing is scored.

    `course` is what else the model's paradigm keeps between learns, None where it keeps nothing.
    `label_type` is that of the first label learned, where the model's labels keep one type; None before it.
    """

    __slots__ = ("course", "label_type", "metrics", "window")

    def __init__(
        self,
        metrics: Metrics,
        window: Window | None = None,
        course: Any = None,
        label_type: type[object] | None = None,
    ) -> None:
        self.metrics = metrics
        self.window = window or Window()
        self.course = course
        self.label_type = label_type

    @classmethod
    def new(cls, kinds: Sequence[Kind]) -> "Scoreboard":
        """Return one that has seen nothing, with metrics of these kinds."""
        return cls(scoring.new_metrics(kinds))

    @classmethod
    def of(cls, loaded: "Scoreboard | Metrics") -> "Scoreboard":
        """Return what was unpickled; snapshots had the metrics alone once."""
        return loaded if isinstance(loaded, Scoreboard) else cls(loaded)

    def __reduce__(self) -> tuple[object, ...]:
        return Scoreboard, (self.metrics, self.window, self.course, self.label_type)
