"""Folds: bare River loops, the measure of everything that the server promises."""

import math
from collections.abc import Iterable
from typing import Any

from river import metrics

from models_app.domain.fingerprints import fingerprint
from models_app.domain.learns import Learn
from models_app.domain.recursion import set_recursion_limit

#: The contract's table.
METRICS: dict[str, list[str]] = {
    "regression": ["MAE", "RMSE", "SMAPE"],
    "binary": ["Accuracy", "LogLoss", "Precision", "Recall", "F1"],
    "multiclass": [
        "Accuracy",
        "CrossEntropy",
        "MacroPrecision",
        "MacroRecall",
        "MacroF1",
        "MicroPrecision",
        "MicroRecall",
        "MicroF1",
    ],
}


def state_of(model: Any) -> str:
    """Return a digest of a model's state, without the random generators that nobody has seeded."""
    return fingerprint(model, unseeded=False)


class _Sorted(metrics.ConfusionMatrix):  # type: ignore[misc]  # River has no types
    """River sums over a set of classes, whose order is another in each process; in the last bit it shows."""

    @property
    def classes(self) -> list[Any]:
        return sorted(super().classes, key=lambda label: (type(label).__name__, label))


class Scores:
    """The metrics of a flavor, by progressive validation."""

    def __init__(self, flavor: str) -> None:
        self._metrics = {name: getattr(metrics, name)() for name in METRICS[flavor]}
        for name, metric in self._metrics.items():
            if name.startswith("Macro"):
                metric.cm = _Sorted()

    def update(self, y_true: Any, y_pred: Any) -> None:
        """Score one prediction; one that is empty or null is not scored."""
        if y_pred is None or y_pred == {}:
            return
        for metric in self._metrics.values():
            wants_label = isinstance(y_pred, dict) and metric.requires_labels
            metric.update(y_true, max(y_pred, key=y_pred.get) if wants_label else y_pred)

    def values(self) -> dict[str, float | None]:
        """Return the values by name, in order."""
        values = {name: float(metric.get()) for name, metric in self._metrics.items()}
        return {name: value if math.isfinite(value) else None for name, value in values.items()}


class Fold:
    """A model and its metrics, one learn after the other."""

    def __init__(self, model: Any, flavor: str) -> None:
        # River's trees take from it how deep they may grow; it is part of their state.
        set_recursion_limit()
        self.model = model
        self.seq = 0
        self.scores = Scores(flavor)

    def learn(self, x: Any, y_true: Any, y_pred: Any) -> None:
        """Score, then learn."""
        self.scores.update(y_true, y_pred)
        self.model.learn_one(x, y_true)
        self.seq += 1

    def apply(self, journal: Iterable[Learn]) -> None:
        """Learn what a journal has."""
        for learn in journal:
            self.learn(learn.x(), learn.y_true(), learn.y_pred())
