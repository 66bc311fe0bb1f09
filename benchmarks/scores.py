"""The metrics of a binary classification, as every server keeps them."""

from typing import Any

from river import metrics

Scores = list[Any]


def new() -> Scores:
    """Return metrics that have seen nothing."""
    return [metrics.Accuracy(), metrics.LogLoss(), metrics.Precision(), metrics.Recall(), metrics.F1()]


def update(scores: Scores, y_true: bool, y_pred: dict[bool, float]) -> None:
    """Score one prediction; a metric that needs a label gets the most probable one."""
    if not y_pred:
        return
    label = max(y_pred, key=y_pred.__getitem__)
    for metric in scores:
        metric.update(y_true, label if metric.requires_labels else y_pred)


def values(scores: Scores) -> dict[str, float]:
    """Return the metrics by name."""
    return {type(metric).__name__: float(metric.get()) for metric in scores}
