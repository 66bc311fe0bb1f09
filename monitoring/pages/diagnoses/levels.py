"""The distribution of predictions, or of the numbers that stand for them."""

from collections.abc import Sequence

from models_app.domain import residuals
from models_app.paradigms.base import Paradigm
from monitoring.pages.diagnoses.base import Context, Diagnosis
from monitoring.pages.diagnoses.residuals import limits_of
from monitoring.pages.numbers import short
from monitoring.pages.outcomes import Outcome


def _predicted(outcomes: Sequence[Outcome], paradigm: Paradigm) -> Context:
    levels = (paradigm.level(outcome.y_pred) for outcome in outcomes)
    return _distributed([level for level in levels if level is not None], len(outcomes), "prediction")


def _taken(outcomes: Sequence[Outcome], _paradigm: Paradigm) -> Context:
    values = [float(outcome.y_true) for outcome in outcomes if isinstance(outcome.y_true, int | float)]
    return _distributed(values, len(outcomes), "value")


def _distributed(values: Sequence[float], n_outcomes: int, what: str) -> Context:
    bins = residuals.histogram(values)
    spread = residuals.spread(values) if values else None
    return {
        "n": len(values),
        "n_left_out": n_outcomes - len(values),
        "what": what,
        "rows": [(limits_of(bin_), bin_.n) for bin_ in bins],
        "mean": None if spread is None else short(spread.mean),
        "most": None if spread is None else [short(limit) for limit in spread.most],
        "drawn": {
            "title": what.capitalize(),
            "n": [bin_.n for bin_ in bins],
            "limits": [bin_.highest for bin_ in bins[:-1]],
        },
    }


LEVELS = Diagnosis(
    title="Predictions",
    about="How they are distributed",
    template="monitoring/diagnoses/levels.html",
    charts="monitoring/diagnoses/levels_charts.html",
    find=_predicted,
)

VALUES = Diagnosis(
    title="Values",
    about="How those are distributed that were taken",
    template="monitoring/diagnoses/levels.html",
    charts="monitoring/diagnoses/levels_charts.html",
    find=_taken,
)
