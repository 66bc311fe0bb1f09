"""Multiclass classification: one of several labels from features."""

from river import base, metrics
from river.metrics.base import MultiClassMetric

from models_app.paradigms.classification import Classification
from models_app.paradigms.numbers import overflowing


class Multiclass(Classification):
    """Ground truths are strings, numbers or booleans, each a label of its own; of one model all are alike."""

    name = "multiclass"
    metrics = (
        metrics.Accuracy,
        metrics.CrossEntropy,
        metrics.MacroPrecision,
        metrics.MacroRecall,
        metrics.MacroF1,
        metrics.MicroPrecision,
        metrics.MicroRecall,
        metrics.MicroF1,
    )
    fitting_metrics = (MultiClassMetric,)
    kinds: tuple[type[object], ...] = (base.Classifier,)
    trial_truths = (
        lambda number: "abc"[number % 3],
        lambda number: number % 2 == 0,
        lambda number: number % 3,
    )
    example_truth = '"cat"'
    keeps_label_type = True

    def is_meant_by(self, step: object) -> bool:
        """Say whether it is a classifier of any number of labels, as River's estimators declare it."""
        return super().is_meant_by(step) and getattr(step, "_multiclass", False) is True

    def check_ground_truth(self, value: object) -> str | None:  # noqa: D102
        if isinstance(value, str):
            return None
        if not isinstance(value, bool | int | float):
            return "must be a label (a string, a number or a boolean) for a multiclass classification"
        return overflowing(value)


MULTICLASS = Multiclass()
