"""Outputs: how far each of several numbers was off."""

import statistics
from collections.abc import Sequence

from models_app.domain import residuals
from models_app.paradigms.base import Paradigm
from monitoring.pages.diagnoses.base import Context, Diagnosis
from monitoring.pages.numbers import short
from monitoring.pages.outcomes import Outcome

# Those that are farthest off, so that the table stays one that can be read.
_MOST_ROWS = 50


def _find(outcomes: Sequence[Outcome], _paradigm: Paradigm) -> Context:
    found: dict[str, list[float]] = {}
    n = 0
    for outcome in outcomes:
        known = _residuals(outcome)
        n += bool(known)
        for output, residual in known.items():
            found.setdefault(output, []).append(residual)
    errors = {output: statistics.fmean(map(abs, values)) for output, values in found.items()}
    outputs = sorted(found, key=lambda output: (-errors[output], output))
    return {
        "n": n,
        "n_left_out": len(outcomes) - n,
        "n_outputs": len(outputs),
        "rows": [
            {
                "output": output,
                "n": len(found[output]),
                "error": short(errors[output]),
                "bias": short(statistics.fmean(found[output])),
            }
            for output in outputs[:_MOST_ROWS]
        ],
        "drawn": {"n": [len(found[output]) for output in outputs[:_MOST_ROWS]]},
    }


def _residuals(outcome: Outcome) -> dict[str, float]:
    """Return by output how far the ground truth lay above the prediction, where both are numbers."""
    y_true, y_pred = outcome.y_true, outcome.y_pred
    if not isinstance(y_true, dict) or not isinstance(y_pred, dict):
        return {}
    pairs = ((output, value, y_pred.get(output)) for output, value in y_true.items())
    return {
        str(output): residual
        for output, value, predicted in pairs
        if isinstance(predicted, int | float)
        and (residual := residuals.residual(value, predicted)) is not None
    }


OUTPUTS = Diagnosis(
    title="Outputs",
    about="By how much the ground truth was off what was predicted",
    template="monitoring/diagnoses/outputs.html",
    charts="monitoring/diagnoses/no_charts.html",
    find=_find,
)
