"""Classification: what binary and multiclass have in common."""

import copy
import functools
import random
from collections.abc import Callable, Sequence
from typing import Any

from river import base

from models_app.domain import predictions
from models_app.domain.features import Features
from models_app.domain.predictions import Prediction, most_probable
from models_app.domain.scoring import GroundTruth, Kind, Scores
from models_app.paradigms import samplers
from models_app.paradigms.base import Paradigm, is_a, last_step


class Classification(Paradigm):
    """Probabilities are predicted by `predict_proba_one`; where a model has none, a label by `predict_one`.

    `by_label`: of models that answer labels; what is made of probabilities is no metric then.
    """

    wanted = "a classifier"
    answer_in_words = "a dictionary of labels (strings, numbers or booleans) with their probabilities"
    diagnosis = "calibration"
    options = ("explanation", "ask")
    has_labels = True
    errors_in_words = None

    def __init__(self, *, by_label: bool = False) -> None:
        self.answers_labels, self.has_probabilities = by_label, not by_label
        self.predict_method = "predict_one" if by_label else "predict_proba_one"
        self.normalize = predictions.label if by_label else predictions.probabilities
        if by_label:
            self.metrics = tuple(kind for kind in self.metrics if needs_labels_only(kind))

    def fallback(self, step: object) -> str | None:
        """Return `predict_one` where the model has it."""
        if self.answers_labels or self.asks:
            return None
        return "predict_one" if callable(getattr(last_step(step), "predict_one", None)) else None

    def unsuitable(self, step: object) -> str | None:  # noqa: D102
        is_one = bool(self.missing_methods(step)) and is_a(step, base.Regressor)
        return "a regressor, for the flavor 'regression'" if is_one else None

    def served_by(self, predict_method: str) -> Paradigm:
        """Return the paradigm of a model that answers with that method.

        >>> from models_app.paradigms.binary import BINARY
        >>> by_label = BINARY.served_by("predict_one")
        >>> by_label.normalize(True), [kind.__name__ for kind in by_label.metrics]
        (True, ['Accuracy', 'Precision', 'Recall', 'F1'])
        """
        return self if predict_method in ("", self.predict_method) else self._by_label

    @functools.cached_property
    def _by_label(self) -> Paradigm:
        return type(self)(by_label=True)

    def serving(self, model: object) -> Paradigm:
        """Return the paradigm of a model that says whether to ask for the label, where it does."""
        return self._asking() if samplers.is_sampler(model) else self

    def _asking(self) -> Paradigm:
        asking = copy.copy(self)
        asking.asks = True
        asking.passed_over = samplers.CLASSES
        return asking

    def predictor(self, model: Any) -> Callable[[Features], object]:  # noqa: D102
        if not self.asks:
            return super().predictor(model)
        return samplers.predictor(model, by_label=self.answers_labels)

    def asks_for(self, model: Any, x: Features, y_pred: Prediction, generator: random.Random) -> bool:  # noqa: D102
        return samplers.asks_for(model, x, y_pred, generator)

    def can_score(self, kind: Kind) -> bool:  # noqa: D102
        return not self.answers_labels or needs_labels_only(kind)

    def error(self, y_true: GroundTruth, y_pred: Prediction) -> float:
        """Return 1 where the label was wrong, 0 where it was right."""
        return float(y_true != (most_probable(y_pred) if isinstance(y_pred, dict) else y_pred))

    def errors(self, scores: Scores) -> Sequence[float]:  # noqa: D102
        return [float(y_true != label) for y_true, label in scores.pairs]

    def level(self, y_pred: Prediction) -> float | None:
        """Return the probability of True, else of the most probable label.

        A label alone is no number, unless it is True or False.
        """
        if isinstance(y_pred, dict):
            return float(y_pred.get(True, y_pred[most_probable(y_pred)]) or 0.0)
        return float(y_pred) if isinstance(y_pred, bool) else None


def needs_labels_only(kind: Kind) -> bool:
    """Say whether a metric of classifications can do without probabilities.

    >>> from river import metrics
    >>> needs_labels_only(metrics.F1), needs_labels_only(metrics.ROCAUC)
    (True, False)
    """
    return bool(kind().requires_labels)
