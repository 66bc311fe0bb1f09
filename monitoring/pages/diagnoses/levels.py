"""The distribution of predictions, or of the numbers that stand for them."""

from collections.abc import Sequence

from models_app.domain import residuals
from models_app.paradigms.base import Paradigm
from monitoring.pages.diagnoses.base import Context, Diagnosis
from monitoring.pages.diagnoses.residuals import limits_of
from monitoring.pages.numbers import short
from monitoring.pages.outcomes import Outcome


def _find(outcomes: Sequence[Outcome], paradigm: Paradigm) -> Context:
    values = [level for outcome in outcomes if (level := paradigm.level(outcome.y_pred)) is not None]
    bins = residuals.histogram(values)
    spread = residuals.spread(values) if values else None
    return {
        "n": len(values),
        "n_left_out": len(outcomes) - len(values),
        "rows": [(limits_of(bin_), bin_.n) for bin_ in bins],
        "mean": None if spread is None else short(spread.mean),
        "most": None if spread is None else [short(limit) for limit in spread.most],
        "drawn": {"n": [bin_.n for bin_ in bins], "limits": [bin_.highest for bin_ in bins[:-1]]},
    }


LEVELS = Diagnosis(
    title="Predictions",
    about="How they are distributed",
    template="monitoring/diagnoses/levels.html",
    charts="monitoring/diagnoses/levels_charts.html",
    find=_find,
)
