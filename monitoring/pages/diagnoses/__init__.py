"""Diagnoses on a model's page, beyond metrics: a module a kind, chosen by the paradigm."""

from models_app.paradigms.base import Paradigm
from monitoring.pages.diagnoses import arms, calibration, forecasts, levels, outputs, places, residuals
from monitoring.pages.diagnoses.base import Diagnosis

_DIAGNOSES: dict[str, Diagnosis] = {
    "residuals": residuals.RESIDUALS,
    "calibration": calibration.CALIBRATION,
    "levels": levels.LEVELS,
    "values": levels.VALUES,
    "outputs": outputs.OUTPUTS,
    "places": places.PLACES,
    "arms": arms.ARMS,
    "forecasts": forecasts.FORECASTS,
}


def diagnosis_of(paradigm: Paradigm) -> Diagnosis | None:
    """Return what fits the paradigm; None: nothing does."""
    return _DIAGNOSES[paradigm.diagnosis] if paradigm.diagnosis else None
