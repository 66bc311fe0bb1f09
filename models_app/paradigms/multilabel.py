"""Multi-label classification: which of several labels fit, each by itself, from features."""

import functools
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from river import base, metrics, multioutput
from river.metrics.base import BinaryMetric, MultiClassMetric

from models_app.domain import predictions
from models_app.domain.features import Features
from models_app.domain.predictions import Prediction
from models_app.domain.scoring import GroundTruth
from models_app.paradigms import averages
from models_app.paradigms.averages import averaged
from models_app.paradigms.base import Paradigm, is_a, last_step

_Labels = dict[Any, bool]


def _normalized(value: object) -> Prediction:
    """Return probabilities by label as they are, and labels alone as true or false: some answer 1 or 0."""
    plain = predictions.tree(value)
    if not isinstance(plain, dict):
        return plain
    return {label: bool(one) if one in (0, 1) else one for label, one in plain.items()}


def _pairs(y_true: GroundTruth, y_pred: Prediction) -> Iterable[tuple[_Labels, _Labels]]:
    """Yield the labels that are known and were predicted; a model that has learned nothing predicts none."""
    if not isinstance(y_true, dict):
        return
    found = _labels(y_pred)
    common = [label for label in y_true if label in found]
    if common:
        yield {label: bool(y_true[label]) for label in common}, {label: found[label] for label in common}


def _labels(y_pred: Prediction) -> _Labels:
    """Return which labels were said to fit, by the more probable one where there are probabilities."""
    found: _Labels = {}
    for label, one in y_pred.items() if isinstance(y_pred, dict) else ():
        if isinstance(one, bool):
            found[label] = one
        elif isinstance(one, dict) and predictions.is_scorable(one):
            found[label] = bool(predictions.most_probable(one))
    return found


class MultiLabel(Paradigm):
    """Probabilities of true and false by label are predicted by `predict_proba_one`, else by `predict_one`.

    What searches the most probable combination of labels answers that, by its own `predict_one`.
    """

    name = "multilabel"
    predict_method = "predict_proba_one"
    metrics = (
        metrics.multioutput.ExactMatch,
        partial(averaged, metrics.multioutput.MicroAverage, metrics.Jaccard),
        partial(averaged, metrics.multioutput.MicroAverage, metrics.F1),
        partial(averaged, metrics.multioutput.SampleAverage, metrics.Jaccard),
    )
    fitting_metrics = (BinaryMetric, MultiClassMetric)
    averages = averages.OF_LABELS
    pairs = staticmethod(_pairs)
    normalize = staticmethod(_normalized)
    wanted = "a multi-label classifier"
    answer_in_words = "a dictionary by label: of true or false, or of the probabilities of both"
    kinds = (base.MultiLabelClassifier,)
    described = "a multi-label classifier, which predicts several labels"
    trial_truths = (lambda number: {"a": number % 2 == 0, "b": number % 3 == 0},)
    example_truth = '{"a": true, "b": false}'
    diagnosis = "levels"

    def predictor(self, model: Any) -> Callable[[Features], object]:  # noqa: D102
        searches = is_a(last_step(model), multioutput.ProbabilisticClassifierChain)
        method: Callable[[Features], object] = model.predict_one if searches else super().predictor(model)
        return method

    def check_ground_truth(self, value: object) -> str | None:  # noqa: D102
        if not isinstance(value, dict) or not value:
            return "must be an object of true or false by label, not empty"
        for label, fits in value.items():
            if not isinstance(fits, bool | int | float) or fits not in (0, 1):
                return f"must have true or false (or 1 or 0) only, not so '{label}'"
        return None

    def level(self, y_pred: Prediction) -> float | None:
        """Return how many labels were said to fit."""
        found = _labels(y_pred)
        return float(sum(found.values())) if found else None

    def fallback(self, step: object) -> str | None:
        """Return `predict_one`, for models without probabilities."""
        has_method = callable(getattr(last_step(step), "predict_one", None))
        return "predict_one" if has_method else None

    def served_by(self, predict_method: str) -> Paradigm:  # noqa: D102
        return self if predict_method in ("", self.predict_method) else self._by_label

    @functools.cached_property
    def _by_label(self) -> Paradigm:
        return _MultiLabelAlone()


class _MultiLabelAlone(MultiLabel):
    """Of models that have no probabilities."""

    predict_method = "predict_one"


MULTILABEL = MultiLabel()
