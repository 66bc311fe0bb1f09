"""Residuals: by how much the ground truth was above what was predicted."""

from collections.abc import Sequence

from models_app.domain import residuals
from models_app.paradigms.base import Paradigm
from monitoring.pages.diagnoses.base import Context, Diagnosis
from monitoring.pages.numbers import short
from monitoring.pages.outcomes import Outcome


def _find(outcomes: Sequence[Outcome], _paradigm: Paradigm) -> Context:
    found = [(outcome, residual) for outcome in outcomes if (residual := _residual(outcome)) is not None]
    values = [value for _, value in found]
    bins = residuals.histogram(values)
    return {
        "n": len(found),
        "n_left_out": len(outcomes) - len(found),
        "rows": [(limits_of(bin_), bin_.n) for bin_ in bins],
        "spread": _shown(residuals.spread(values)) if values else None,
        "drawn": {
            "n": [bin_.n for bin_ in bins],
            "limits": [bin_.highest for bin_ in bins[:-1]],
            "time": [round(outcome.at, 3) for outcome, _ in found],
            "prediction": [_rounded(outcome.y_pred) for outcome, _ in found],
            "residual": [_rounded(value) for value in values],
        },
    }


def _residual(outcome: Outcome) -> float | None:
    y_true, y_pred = outcome.y_true, outcome.y_pred
    if not isinstance(y_pred, int | float) or not isinstance(y_true, int | float):
        return None
    return residuals.residual(y_true, y_pred)


def _rounded(value: object) -> float:
    # More digits than a chart has pixels would only make the page larger.
    return float(f"{value:.6g}")


def limits_of(found: residuals.Bin) -> str:
    """Return in words between which limits a bin's values lie."""
    if found.lowest is None:
        return "all" if found.highest is None else f"below {short(found.highest)}"
    if found.highest is None:
        return f"{short(found.lowest)} and above"
    return f"{short(found.lowest)} to {short(found.highest)}"


def _shown(found: residuals.Spread) -> Context:
    return {
        "mean": short(abs(found.mean)),
        "side": "below" if found.mean < 0 else "above",
        "half": [short(limit) for limit in found.half],
        "most": [short(limit) for limit in found.most],
    }


RESIDUALS = Diagnosis(
    title="Residuals",
    about="ground truth less prediction",
    template="monitoring/diagnoses/residuals.html",
    charts="monitoring/diagnoses/residuals_charts.html",
    find=_find,
)
