"""Forecasts: what was forecast of each observation, and how many steps before."""

import statistics
from collections.abc import Mapping, Sequence
from itertools import count, takewhile

from models_app.domain import residuals
from models_app.paradigms.base import Paradigm
from models_app.paradigms.forecasting import by_steps
from monitoring.pages.diagnoses.base import Context, Diagnosis
from monitoring.pages.numbers import short
from monitoring.pages.outcomes import Outcome

# A chart has no room for more.
_DRAWN = 200
_DRAWN_STEPS = 24

#: An observation, and what was forecast of it by steps ahead.
_Observed = tuple[float, Mapping[int, float]]


def _find(outcomes: Sequence[Outcome], _paradigm: Paradigm) -> Context:
    # What was forecast under an id is a record of its own, without a ground truth.
    observations = [
        (outcome.y_true, by_steps(outcome.y_pred))
        for outcome in outcomes
        if isinstance(outcome.y_true, int | float)
    ]
    n = sum(bool(forecasts) for _, forecasts in observations)
    rows = _rows(observations)
    return {
        "n": n,
        "n_left_out": len(observations) - n,
        "rows": rows,
        "nearest": rows[0] if rows else None,
        "farthest": rows[-1] if len(rows) > 1 else None,
        "drawn": _drawn(observations[-_DRAWN:]),
    }


def _rows(observations: Sequence[_Observed]) -> list[Context]:
    """Return by steps ahead how far off the forecasts were, and how far the observations lay above them."""
    found: dict[int, list[float]] = {}
    for y_true, forecasts in observations:
        for step, forecast in forecasts.items():
            if (residual := residuals.residual(y_true, forecast)) is not None:
                found.setdefault(step, []).append(residual)
    return [
        {
            "step": step,
            "n": len(found[step]),
            "error": short(statistics.fmean(map(abs, found[step]))),
            "bias": short(statistics.fmean(found[step])),
        }
        for step in sorted(found)
    ]


def _drawn(observations: Sequence[_Observed]) -> Context:
    known = {step for _, forecasts in observations for step in forecasts}
    steps = sorted(known)[:_DRAWN_STEPS]
    return {
        "n": [len(forecasts) for _, forecasts in observations],
        "value": [_rounded(y_true) for y_true, _ in observations],
        # Forecasts of so many steps are known as a whole.
        "whole": sum(1 for _ in takewhile(steps.__contains__, count(1))),
        "steps": {step: [_rounded(forecasts.get(step)) for _, forecasts in observations] for step in steps},
    }


def _rounded(value: float | None) -> float | None:
    # More digits than a chart has pixels would only make the page larger.
    return None if value is None else float(f"{value:.6g}")


FORECASTS = Diagnosis(
    title="Forecasts",
    about="Observations, and what was forecast of them",
    template="monitoring/diagnoses/forecasts.html",
    charts="monitoring/diagnoses/forecasts_charts.html",
    find=_find,
)
