"""Calibration: how often what was said to be probable came true."""

from collections.abc import Sequence

from models_app.domain import calibration
from models_app.paradigms.base import Paradigm
from monitoring.pages.diagnoses.base import Context, Diagnosis
from monitoring.pages.outcomes import Outcome


def _find(outcomes: Sequence[Outcome], paradigm: Paradigm) -> Context:
    claims = [
        claim
        for outcome in outcomes
        if (claim := calibration.claim(outcome.y_true, outcome.y_pred, paradigm.claimed_label)) is not None
    ]
    bins = calibration.reliability(claims)
    return {
        "n": len(claims),
        "n_left_out": len(outcomes) - len(claims),
        "claimed_in_words": paradigm.claimed_in_words,
        "bins": bins,
        "expected_error": calibration.expected_error(bins),
        "drawn": {
            "n": [found.n for found in bins],
            "claimed": [found.claimed for found in bins],
            "observed": [found.observed for found in bins],
        },
    }


CALIBRATION = Diagnosis(
    title="Calibration",
    about="how often what was said to be probable came true",
    template="monitoring/diagnoses/calibration.html",
    charts="monitoring/diagnoses/calibration_charts.html",
    find=_find,
)
